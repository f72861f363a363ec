"""What of one target is not to be told now, as the judge needs it.

Whose word it is stands in ``silences.py``, which few days need: it is not loaded here.
"""

from __future__ import annotations

from agent2.core.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent2.core.model import Severity


@value
class Quiet:
    """What of one target is not to be told now.

    Attributes:
        silenced: Severities under a silence: no alert of them at all.
        acked: Somebody has acknowledged its open incident: no reminders.
    """

    silenced: frozenset[Severity] = frozenset()
    acked: bool = False


LOUD = Quiet()
