"""The documents' ``python -m … .core.supervisor.main``."""

from __future__ import annotations

from agent2.core.supervisor.late import late

__getattr__ = late("agent2.supervisor.documents.main")

if __name__ == "__main__":
    raise SystemExit(__getattr__("main")())
