"""The entry of the evidence program, started by path.

python -I agent2/evidence/__main__.py --state-dir DIR --target NAME
"""

from __future__ import annotations

import os
import sys

if __name__ == "__main__":
    if not __package__:
        # Last, so that nothing beside the package can stand in for the library.
        here = os.path.abspath(__file__)
        sys.path.append(os.path.dirname(os.path.dirname(os.path.dirname(here))))
    from agent2.evidence.main import main

    sys.exit(main(sys.argv[1:]))
