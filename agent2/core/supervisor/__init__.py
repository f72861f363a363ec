"""The documents' ``core.supervisor``: names that lead to the supervisor's room."""

from __future__ import annotations

from agent2.core.supervisor.late import late

__getattr__ = late(
    "agent2.supervisor.documents.running",
    "agent2.supervisor.documents.inbox",
    "agent2.supervisor.documents.policies",
    "agent2.supervisor.documents.bus",
)
