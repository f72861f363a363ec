"""The entry of the upkeep, started by path without ``site``.

python -I -S agent2/upkeep/__main__.py --state-dir DIR
"""

from __future__ import annotations

import os
import sys

if __name__ == "__main__":
    if not __package__:
        # Last, so that nothing beside the package can stand in for the library.
        here = os.path.abspath(__file__)
        sys.path.append(os.path.dirname(os.path.dirname(os.path.dirname(here))))
    from agent2.upkeep.main import main

    sys.exit(main(sys.argv[1:]))
