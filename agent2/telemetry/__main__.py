"""Start the telemetry program by path: ``agent2/telemetry/__main__.py --state-dir D``.

The watcher starts it without ``site``; installed packages are looked for later.
"""

from __future__ import annotations

import os
import sys

if __name__ == "__main__":
    if not __package__:
        # Last, so that nothing beside the package can stand in for the library.
        here = os.path.abspath(__file__)
        sys.path[:] = [p for p in sys.path if p != os.path.dirname(here)]
        sys.path.append(os.path.dirname(os.path.dirname(os.path.dirname(here))))
    if sys.flags.no_site:
        import site

        site.main()
    from agent2.telemetry.main import main

    sys.exit(main(sys.argv[1:]))
