"""The watcher's entry, started by path: ``ps aux | grep agent2_monitor.py`` finds it.

It needs nothing but the standard library, so it may run with ``python -I -S``.
"""

import os
import sys

# Byte code is run as we are: no folder for it may be open to the world.
os.umask(os.umask(0o002) | 0o002)
# Started by path, Python puts this folder first; the package is one floor above.
_ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:] = [_ROOT, *(p for p in sys.path if p != os.path.join(_ROOT, "agent2"))]

from agent2.watcher.main import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
