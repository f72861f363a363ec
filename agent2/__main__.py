"""``python -m agent2`` and ``python agent2/__main__.py``: the command line."""

from __future__ import annotations

import os
import sys

# Byte code is run as we are: no folder for it may be open to the world.
os.umask(os.umask(0o002) | 0o002)
if __package__:
    _MADE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "__pycache__")
    try:  # Python made this one before it came here
        os.chmod(_MADE, os.stat(_MADE).st_mode & 0o7775)
    except OSError:
        pass  # there is none, or it is not ours
else:
    # Started by path: the folder of the package is on the path in place of its
    # parent, and its modules would be found under wrong names.
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from agent2.cli.main import main  # noqa: E402

if __name__ == "__main__":
    main()
