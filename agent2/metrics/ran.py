"""Checks that ran and incidents there were: worked out once for each commit."""

from __future__ import annotations

from operator import add
from typing import TYPE_CHECKING

from agent2.core.model import Severity
from agent2.metrics.family import Families
from agent2.metrics.table import TABLE

if TYPE_CHECKING:
    from agent2.metrics.watch import Watch
    from agent2.store.tallies import Counted

_SEVERITIES = tuple(severity.value for severity in Severity)
_FAILURES = (
    "agent2_health_check_failures_total",
    "agent2_health_check_failures",
    "api_errors_total",
)
_RARE = ("timeout", "error")


class Places:
    """Where among the counts of checks stand those that are told of; long the same.

    Attributes:
        fine, failed: Of each row of the same of ``Watch``; the one after the last is
            nought.
        rare: The other ends of checks that are watched, with their words.
        results: Of all checks there ever were, by result.
    """

    def __init__(self, ends: list[tuple[str, str, str]], watch: Watch) -> None:
        """Look for them among *ends*."""
        self.ends, self.watch = ends, watch
        places: dict[tuple[str, ...], int] = {}
        self.rare: list[tuple[int, tuple[str, str, str]]] = []
        self.results: dict[str, list[int]] = {}
        for place, end in enumerate(ends):
            places[end] = place
            self.results.setdefault(end[2], []).append(place)
            if end[2] in _RARE and end[:2] in watch.known:
                self.rare.append((place, end))
        nought = len(ends)
        self.fine = [places.get(each, nought) for each in watch.fine.labels]
        self.failed = [places.get(each, nought) for each in watch.failed.labels]


class Ran:
    """What the counts of the store say of the targets of one *watch*.

    Attributes:
        told: All of it.
        results: How often checks ended in each way, of all targets there ever were.
        places: Kept for the next one.
    """

    def __init__(self, counted: Counted, watch: Watch, before: Ran | None) -> None:
        """Work it out."""
        self.told, self._watch = Families(TABLE), watch
        places: Places | None = before.places if before else None
        if not places or places.ends is not counted.ends or places.watch is not watch:
            places = Places(counted.ends, watch)
        self.places: Places = places
        self.results: dict[str, float] = {
            result: sum([counted.ended[place] for place in found])
            for result, found in places.results.items()
        }
        if not watch.is_too_much:
            self._runs([*counted.ended, 0])
        self._incidents(counted)

    def _runs(self, ended: list[int]) -> None:
        """Put how often each check ran, under all its names."""
        watch, to = self._watch, self.told
        sums = []
        for rows, places in (
            (watch.fine, self.places.fine),
            (watch.failed, self.places.failed),
        ):
            told = [ended[place] for place in places]
            to("agent2_check_runs_total").column(rows, told)
            sums.append(watch.sums(told))
        fine, failed = sums
        for name, bad in zip(watch.names, failed, strict=True):
            if bad:
                to("rely_server_request_total").put(bad, "check", name, "fail")
        late, wrong = self._rare(ended)
        if late:
            names = zip(watch.names, failed, strict=True)
            failed = [bad + late.get(name, 0) for name, bad in names]
        ran = list(map(add, fine, failed))
        if wrong:
            names = zip(watch.names, ran, strict=True)
            ran = [many + wrong.get(name, 0) for name, many in names]
        to("agent2_health_check_total").column(watch.targets, ran)
        for name in _FAILURES:
            to(name).column(watch.targets, failed)
        to("rely_server_request_total").column(watch.asked, fine)

    def _rare(self, ended: list[int]) -> tuple[dict[str, int], dict[str, int]]:
        """Put the other ends of checks; return timeouts and errors by target."""
        sums: dict[str, dict[str, int]] = {word: {} for word in _RARE}
        to = self.told
        for place, (name, check, result) in self.places.rare:
            to("agent2_check_runs_total").put(ended[place], name, check, result)
            sums[result][name] = sums[result].get(name, 0) + ended[place]
        for result, found in sums.items():
            for name, many in found.items():
                to("rely_server_request_total").put(many, "check", name, result)
        return sums["timeout"], sums["error"]

    def _incidents(self, counted: Counted) -> None:
        """Work out how many incidents there were of each target, and how many are."""
        found: dict[tuple[str, ...], int] = {}
        for target, severity, _, many in counted.totals.get("incident", ()):
            found[target, severity] = int(many)
        is_open = dict.fromkeys(_SEVERITIES, 0)
        for target, severity, many, unsolved in counted.incidents:
            word = severity if severity in is_open else "critical"
            found[target, word] = found.get((target, word), 0) + many
            is_open[word] += unsolved
        to, watch = self.told, self._watch
        for word, many in is_open.items():
            to("agent2_incidents_open").put(many, word)
        if watch.is_too_much:
            return
        # Nought too: increase() does not see a count that begins at one.
        told = [found.get(labels, 0) for labels in watch.critical.labels]
        to("agent2_incidents_total").column(watch.critical, told)
        known = frozenset(watch.names)
        rare = [pair for pair in found if pair[1] != "critical" and pair[0] in known]
        for target, severity in sorted(rare):
            total = found[target, severity]
            to("agent2_incidents_total").put(total, target, severity)
