"""The sections ``metrics``, ``observability`` and ``evidence`` as models."""

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


class Evidence(Section):
    """What is collected of a target at its first failure; `agent2 incidents show`."""

    enabled: Truth = described(True, "Collect it")
    keep: Annotated[int, word.whole(1, 10_000, "a number from 1 to 10000")] = described(
        50, "So many packs stay in the folder `evidence`"
    )
