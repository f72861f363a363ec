"""What measured amounts mean: limits with patience; the first that is passed speaks."""

from __future__ import annotations

from agent2.core.limits import Held, Limit, weigh
from agent2.core.model import Code
from agent2.core.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@value
class Gauge:
    """One amount.

    Attributes:
        name: Key of its series, such as ``cpu`` or ``disk:/var``.
        code: What it is called when it is too much.
        label: What people call it.
        amount: As measured; None where it could not be.
        limit: Above it is too much; 0 is no limit.
        unit: Stands after the number, with its blank.
    """

    name: str
    code: Code
    label: str
    amount: float | None
    limit: float = 0.0
    unit: str = " %"


def judge(
    gauges: Iterable[Gauge], known: Mapping[str, Held], times: int, margin: float
) -> tuple[dict[str, Held], tuple[Gauge, ...], tuple[Gauge, ...]]:
    """Return what is remembered now, the gauges too high, and those that may be.

    Of the last it is not known yet: all amounts since the beginning were too high, and
    they were too few.

    *times* amounts in a row make it so; it is well again at *margin* percent of the
    limit below it, as often in a row.
    """
    held, passed, unsure = {}, [], []
    for gauge in gauges:
        if gauge.limit <= 0.0:
            continue
        below = gauge.limit * (1.0 - margin / 100.0)
        rule = Limit(gauge.limit, below, times)
        now = held[gauge.name] = weigh(
            rule, known.get(gauge.name, Held()), gauge.amount
        )
        if now.passed:
            passed.append(gauge)
        elif not now.sure and now.against:
            unsure.append(gauge)
    return held, tuple(passed), tuple(unsure)


def told(gauge: Gauge) -> str:
    """Return what is wrong with a gauge that is passed."""
    amount = "not measured" if gauge.amount is None else shown(gauge)
    return f"{gauge.label} {amount} (limit {gauge.limit:g}{gauge.unit})"


def shown(gauge: Gauge) -> str:
    """Return the amount with its unit, whole numbers without a point."""
    amount = gauge.amount or 0.0
    number = f"{amount:.0f}" if amount == round(amount) else f"{amount:.1f}"
    return f"{number}{gauge.unit}"
