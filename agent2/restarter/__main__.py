"""Start the restarter by path: ``agent2/restarter/__main__.py --state-dir D``."""

from __future__ import annotations

import os
import sys

if __name__ == "__main__":
    if not __package__:  # started by path: the package stands two folders above
        above = os.path.dirname(os.path.dirname(os.path.dirname(__file__)))
        sys.path[0] = os.path.abspath(above)
    from agent2.restarter.main import main

    sys.exit(main(sys.argv[1:]))
