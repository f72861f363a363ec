"""The section ``evidence`` as a model."""

from __future__ import annotations

from typing import Annotated

from agent2.compiler import word
from agent2.compiler.fields import Truth
from agent2.compiler.section import Section, described


class Evidence(Section):
    """What is collected of a target at its first failure; `agent2 incidents show`."""

    enabled: Truth = described(True, "Collect it")
    keep: Annotated[int, word.whole(1, 10_000, "a number from 1 to 10000")] = described(
        50, "So many packs stay in the folder `evidence`"
    )
