"""Checks that ran and incidents there were: worked out once for each commit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent2.core.model import Severity

if TYPE_CHECKING:
    from agent2.metrics.family import Families, Rows
    from agent2.metrics.targets import Watch
    from agent2.store.tallies import Counted

_SEVERITIES = tuple(severity.value for severity in Severity)
_FAILURES = (
    "agent2_health_check_failures_total",
    "agent2_health_check_failures",
    "api_errors_total",
)


class Ran:
    """What the counts of the store say of the targets of one *watch*.

    Attributes:
        results: How often checks ended in each way, of all targets there ever were.
    """

    def __init__(self, counted: Counted, watch: Watch) -> None:
        """Work it out."""
        self._watch = watch
        self._columns: list[tuple[str, Rows, list[float]]] = []
        self._single: list[tuple[str, float, tuple[str, ...]]] = []
        self.results: dict[str, float] = {}
        for _, _, result, many in counted.totals.get("check", ()):
            self.results[result] = self.results.get(result, 0.0) + many
        if not watch.is_too_much:
            self._runs(counted)
        self._incidents(counted)

    @classmethod
    def of(cls, counted: Counted, watch: Watch) -> Ran:
        """Return what was worked out before, if neither commit nor targets are new."""
        found = counted.made
        if not isinstance(found, cls) or found._watch is not watch:
            found = counted.made = cls(counted, watch)
        return found

    def put(self, to: Families) -> None:
        """Put all of it."""
        for name, rows, values in self._columns:
            to(name).column(rows, values)
        for name, value, labels in self._single:
            to(name).put(value, *labels)

    def _runs(self, counted: Counted) -> None:
        """Work out how often each check ran, under all its names."""
        watch, known = self._watch, frozenset(self._watch.checks.labels)
        found: dict[tuple[str, ...], float] = {}
        sums: dict[tuple[str, str], float] = {}
        for one, two, three, many in counted.totals.get("check", ()):
            if (one, two) not in known:
                continue
            found[one, two, three] = many
            sums[one, three] = sums.get((one, three), 0.0) + many
            if three in ("timeout", "error"):
                self._alone("agent2_check_runs_total", many, one, two, three)
        count, get = found.get, sums.get
        told = [count(labels, 0.0) for labels in watch.results.labels]
        self._columns.append(("agent2_check_runs_total", watch.results, told))
        names = [name for (name,) in watch.targets.labels]
        fine = [get((name, "ok"), 0.0) for name in names]
        failed = [get((n, "fail"), 0.0) + get((n, "timeout"), 0.0) for n in names]
        ran = [
            well + bad + get((name, "error"), 0.0)
            for name, well, bad in zip(names, fine, failed, strict=True)
        ]
        self._columns.append(("agent2_health_check_total", watch.targets, ran))
        self._columns += [(name, watch.targets, failed) for name in _FAILURES]
        self._columns.append(("rely_server_request_total", watch.asked, fine))
        for (target, result), many in sums.items():
            if many and result != "ok":
                self._alone("rely_server_request_total", many, "check", target, result)

    def _incidents(self, counted: Counted) -> None:
        """Work out how many incidents there were of each target, and how many are."""
        found: dict[tuple[str, ...], float] = {}
        for target, severity, _, many in counted.totals.get("incident", ()):
            found[target, severity] = many
        is_open = dict.fromkeys(_SEVERITIES, 0)
        for target, severity, many, unsolved in counted.incidents:
            word = severity if severity in is_open else "critical"
            found[target, word] = found.get((target, word), 0.0) + many
            is_open[word] += unsolved
        for word, many in is_open.items():
            self._alone("agent2_incidents_open", many, word)
        if self._watch.is_too_much:
            return
        # Nought too: increase() does not see a count that begins at one.
        rows = self._watch.critical
        told = [found.get(labels, 0.0) for labels in rows.labels]
        self._columns.append(("agent2_incidents_total", rows, told))
        known = {name for name, _ in self._watch.names}
        for (target, severity), total in sorted(found.items()):
            if severity != "critical" and target in known:
                self._alone("agent2_incidents_total", total, target, severity)

    def _alone(self, name: str, value: float, *labels: str) -> None:
        self._single.append((name, value, labels))
