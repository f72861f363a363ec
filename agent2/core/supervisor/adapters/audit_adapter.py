"""The documents' ``core.supervisor.adapters.audit_adapter``."""

from __future__ import annotations

from agent2.core.supervisor.late import late

__getattr__ = late("agent2.supervisor.documents.adapters")
