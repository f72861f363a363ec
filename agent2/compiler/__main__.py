"""``python -I agent2/compiler/__main__.py``: compile a configuration, then end.

    --state-dir D [--config F] [--profile P] [--set KEY=VALUE]...
    [--out D/plan.json | --check | --show [--json] | --schema | --tree
     | --change KEY [--to=TEXT] [--create]]

Exit codes: 0, 2 wrong usage, 70 a fault of ours, 73 the plan cannot be written,
74 and 77 the file cannot be changed, 78 the configuration is refused (a line per
problem on standard error).
"""

from __future__ import annotations

import gc
import os
import sys

_ABOVE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# Run by path: our folder must not be where "import schema" looks.
sys.path[:] = [_ABOVE, *(p for p in sys.path if p != os.path.dirname(__file__))]
# Searching for plugins of pydantic costs 20 ms, and none should read along.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "1")

_MEMORY = 1 << 30  # bytes of address space; a file of 1 MiB needs a fifth
_CPU = 20  # seconds
_INTERNAL = 70


def limit() -> None:
    """Bound what any file can make this process use."""
    import resource

    for sort, wanted in (
        (resource.RLIMIT_AS, _MEMORY),
        (resource.RLIMIT_CPU, _CPU),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(sort)
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        try:
            resource.setrlimit(sort, (most, hard))
        except (ValueError, OSError):  # macOS refuses RLIMIT_AS
            continue


def main() -> int:
    """Do what the command line asks; return the exit code."""
    limit()
    gc.disable()  # a tenth of a life that is over before there is rubbish
    try:
        from agent2.compiler.program import run

        return run(sys.argv[1:], os.environ)
    except MemoryError:
        sys.stderr.write("agent2: the configuration needs too much memory\n")
        return _INTERNAL
    except Exception as error:  # a traceback could show a secret
        from agent2.core.text import place

        sys.stderr.write(f"agent2: internal error {place(error)}\n")
        return _INTERNAL


if __name__ == "__main__":
    sys.exit(main())
