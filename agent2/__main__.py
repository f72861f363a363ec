"""``python -m agent2`` and ``python agent2/__main__.py``: the command line."""

from __future__ import annotations

import os
import sys

if not __package__:
    # Started by path: the folder of the package is on the path in place of its
    # parent, and its modules would be found under wrong names.
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from agent2.cli.main import main

if __name__ == "__main__":
    main()
