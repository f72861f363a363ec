"""The sections ``metrics`` and ``observability`` as models."""

from __future__ import annotations

from typing import Annotated

from agent2.compiler import word
from agent2.compiler.fields import Truth
from agent2.compiler.section import Section, described


class Metrics(Section):
    """What `/metrics` and `agent2 metrics` tell beside their own names."""

    compat: Annotated[str, word.choice("none", "blackbox")] = described(
        "none", "blackbox: checks under the names of blackbox_exporter too"
    )


class Observability(Section):
    """The audit of who claims what; decisions are always written down."""

    audit_log_enabled: Truth = described(
        True, "Write claims that were taken over and results that came too late"
    )
    audit_success_log_enabled: Truth = described(
        False, "Write each claim of an alert or event too"
    )
