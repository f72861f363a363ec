"""The documents' ``core.supervisor.subscriber``."""

from __future__ import annotations

from agent2.core.supervisor.late import late

__getattr__ = late("agent2.supervisor.documents.bus")
