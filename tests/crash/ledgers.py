"""The offline checker: what three ledgers must prove after a campaign of kills.

The store (incidents, deliveries, journal), the receivers' log of every byte, and the
harness' own record (answers that targets gave, statuses that a reader saw). Nothing
here looks at a running process; ``check`` returns figures and what is ``wrong``.
"""

from __future__ import annotations

import base64
import email
import email.policy
import json
import math
import sqlite3
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

TARGETS = 6
SHUT = 3  # the target whose port closes
FLAPS = 4  # the target whose flapping is told instead of each incident
NOTIFIERS = ("pager", "chat", "mail")
BEGINS = {"firing", "degraded", "flapping"}
REPEAT = "possible repeat"
# Seconds before an incident in which its target must have been so; more on a machine
# on which a short sleep takes long.
EVIDENCE = 1.5


class Ledgers:
    """Everything that was written down, read once."""

    def __init__(self, folder: Path, told: Iterable[str] = NOTIFIERS) -> None:
        self.told = tuple(told)
        self.evidence = EVIDENCE
        self.answers = _lines(folder / "answers.log")
        self.pages = _lines(folder / "pages.log")
        self.receipts = _lines(folder / "receipts.log")
        store = sqlite3.connect(f"file:{folder}/state/agent2.db?mode=ro", uri=True)
        store.row_factory = sqlite3.Row
        try:
            self.integrity = store.execute("PRAGMA integrity_check").fetchone()[0]
            self.incidents = {
                row["id"]: row for row in store.execute("SELECT * FROM incidents")
            }
            self.deliveries = {
                row["id"]: row for row in store.execute("SELECT * FROM deliveries")
            }
            self.journal = [
                {**dict(row), "body": json.loads(row["body"])}
                for row in store.execute("SELECT * FROM journal ORDER BY seq")
            ]
            self.planned = store.execute(
                "SELECT count(*) FROM actions WHERE result = 'planned'"
            ).fetchone()[0]
        finally:
            store.close()
        self.received = self._received()

    def _received(self) -> list[dict]:
        """Return what receivers got, in order, each with the delivery that it is of."""
        named = {}
        for made in self.deliveries.values():
            alert = json.loads(made["alert"])
            named[made["notifier"], alert["incident"], alert["subject"]] = made["id"]
            named[made["notifier"], alert["incident"], alert["kind"]] = made["id"]
        found = []
        for got in self.receipts:
            if got["fake"] != "smtp" and not got["body"]:
                continue  # somebody's health check, whose port this was before
            notifier, incident, word, repeat = _read(got)
            found.append(
                {
                    "at": got["at"],
                    "notifier": notifier,
                    "incident": incident,
                    "delivery": named.get((notifier, incident, word)),
                    "word": word,
                    "repeat": repeat,
                    "refused": got["told"].startswith("answer"),
                    "key": _key(got),
                }
            )
        return found


def _lines(path: Path) -> list[dict]:
    if not path.exists():
        return []
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def _read(got: dict) -> tuple[str, str, str, bool]:
    """Return notifier, incident, kind or subject, and does it say that it repeats?"""
    if got["fake"] == "smtp":
        raw = base64.b64decode(got["raw"])
        mail = email.message_from_bytes(raw, policy=email.policy.default)
        text = mail.get_content()
        (incident,) = [
            line.partition(": ")[2].strip()
            for line in text.splitlines()
            if line.startswith("Incident: ")
        ]
        return "mail", incident, mail["Subject"], text.startswith(f"({REPEAT})")
    tree = json.loads(got["body"])
    if got["fake"] == "pagerduty":
        action = tree["event_action"]
        kind = tree["payload"]["custom_details"]["kind"]
        assert (action == "resolve") == (kind == "resolved"), got["body"]
        return "pager", tree["payload"]["custom_details"]["incident"], kind, False
    (shown,) = tree["attachments"]
    *mark, incident, _host = shown["footer"].split(" · ")
    return "chat", incident, shown["title"], mark == [REPEAT]


def _key(got: dict) -> str:
    return json.loads(got["body"])["dedup_key"] if got["fake"] == "pagerduty" else ""


def check(folder: Path, done: dict) -> dict:
    """Return the figures of a campaign; ``wrong`` holds what must not be."""
    ledgers = Ledgers(folder, done["notifiers"])
    ledgers.evidence += 3 * done["slowest"]
    wrong = list(done["wrong"])
    for rule in RULES:
        wrong += [f"{rule.__name__}: {what}" for what in rule(ledgers)]
    wrong += [f"files: {what}" for what in _files(folder)]
    resumed, resumes = _resumed(ledgers, done["starts"])
    wrong += [f"resumed: {what}" for what in resumed]
    by_notifier = Counter(got["notifier"] for got in ledgers.received)
    states = Counter(made["state"] for made in ledgers.deliveries.values())
    told = _told(ledgers)
    keys = {got["key"] for got in ledgers.received if got["word"] in BEGINS}
    return {
        "kills": done["kills"] | {"in all": _kills(done)},
        "seconds": done["seconds"],
        "starts": len(done["starts"]),
        "outages": done["outages"],
        "incidents": len(ledgers.incidents),
        "told": len(told),
        "pagerduty trigger keys": len(keys),
        "deliveries": dict(states),
        "ambiguous": sum(made["ambiguous"] for made in ledgers.deliveries.values()),
        "receipts": dict(by_notifier),
        "repeats": _repeats(ledgers),
        "misbehaved": dict(Counter(g["told"] for g in ledgers.receipts if g["told"])),
        "status reads": ledgers.pages[-1]["reads"] if ledgers.pages else 0,
        "status pages": len(ledgers.pages),
        "torn": sum("torn" in page for page in ledgers.pages),
        "resumed_ms": _spread([1000 * each for each in resumes]),
        "outbox list": done["listed"],
        "integrity": ledgers.integrity,
        "wrong": wrong,
    }


def _kills(done: dict) -> int:
    return sum(count for name, count in done["kills"].items() if name != "TERM")


def _told(ledgers: Ledgers) -> set[str]:
    return {
        row["incident"]
        for row in ledgers.journal
        if row["kind"] == "alert.queued" and row["body"]["kind"] in BEGINS
    }


def _repeats(ledgers: Ledgers) -> dict[str, int]:
    """Return how often a receiver got once more what it had taken."""
    taken = Counter(
        (got["notifier"], got["delivery"])
        for got in ledgers.received
        if not got["refused"]
    )
    again: Counter[str] = Counter()
    for (notifier, _), count in taken.items():
        again[notifier] += count - 1
    return dict(again)


def _spread(values: list[float]) -> dict[str, float]:
    ordered = sorted(values)
    if not ordered:
        return {"n": 0}
    ranks = {"p50": 0.5, "p99": 0.99, "max": 1.0}
    found = {
        name: round(ordered[min(int(share * len(ordered)), len(ordered) - 1)], 1)
        for name, share in ranks.items()
    }
    return {"n": len(ordered)} | found


# -- the rules: each yields what is wrong


def whole(ledgers: Ledgers):
    """The file is sound, and nothing in it is left half done."""
    if ledgers.integrity != "ok":
        yield ledgers.integrity
    if ledgers.planned:
        yield f"{ledgers.planned} actions neither done nor given up"


def nothing_lost(ledgers: Ledgers):
    """Each fact that is to be told has a row for each notifier, and each row ends."""
    for row in ledgers.journal:
        if row["kind"] != "alert.queued":
            continue
        kind = row["body"].get("told_with", row["body"]["kind"])
        alert = f"{row['incident']}/{kind}/{row['body']['count']}"
        for notifier in ledgers.told:
            if f"{alert}/{notifier}" not in ledgers.deliveries:
                yield f"{alert} was never queued for {notifier}"
    for made in ledgers.deliveries.values():
        if made["state"] == "superseded" and made["detail"]:
            continue
        if made["state"] != "delivered":
            yield f"{made['id']} ended {made['state']}: {made['cause']}"


def every_incident_is_told(ledgers: Ledgers):
    """Opened, told, resolved, its recovery told: each exactly once."""
    seen: dict[str, Counter[str]] = defaultdict(Counter)
    for row in ledgers.journal:
        word = row["body"].get("kind") if row["kind"] == "alert.queued" else row["kind"]
        if row["incident"]:
            seen[row["incident"]][str(word)] += 1
    for incident, row in ledgers.incidents.items():
        got = seen[incident]
        if got["incident.opened"] != 1:
            yield f"{incident} was opened {got['incident.opened']} times"
        if row["resolved_at"] is None or got["incident.resolved"] != 1:
            yield f"{incident} was resolved {got['incident.resolved']} times"
        if got["firing"] != 1 and row["target"] != f"t{FLAPS}":
            yield f"{incident} was told {got['firing']} times"
    for incident in _told(ledgers):
        if seen[incident]["resolved"] != 1:
            count = seen[incident]["resolved"]
            yield f"the recovery of {incident} was told {count} times"


def delivered_is_received(ledgers: Ledgers):
    """What is marked as delivered arrived; what was put away did not."""
    taken = Counter(g["delivery"] for g in ledgers.received if not g["refused"])
    for made in ledgers.deliveries.values():
        if made["state"] == "delivered" and not taken[made["id"]]:
            yield f"{made['id']} is marked as delivered and nobody got it"
        if made["state"] == "superseded" and taken[made["id"]]:
            yield f"{made['id']} was sent and is said to be superseded"
    for made in ledgers.deliveries.values():
        if made["state"] == "superseded":
            end = f"{made['incident']}/resolved/0/{made['notifier']}"
            if end not in ledgers.deliveries:
                yield f"{made['id']} was put away without a recovery"


def nothing_invented(ledgers: Ledgers):
    """What receivers got was queued; incidents are of real outages."""
    for got in ledgers.received:
        if got["delivery"] is None:
            yield f"{got['notifier']} got {got['incident']} {got['word']!r} from nowhere"
    history: dict[int, list[tuple[float, bool]]] = defaultdict(list)
    for line in ledgers.answers:
        history[line["n"]].append((line["at"], line["good"]))
    for incident, row in ledgers.incidents.items():
        items, since = history[int(row["target"][1:])], ledgers.evidence
        if not _was(items, row["opened_at"], since, good=False):
            yield f"{incident} opened while its target was well"
        resolved = row["resolved_at"]
        if resolved is not None and not _was(items, resolved, since, good=True):
            yield f"{incident} resolved while its target was not well"


def _was(
    items: list[tuple[float, bool]], at: float, evidence: float, *, good: bool
) -> bool:
    """Was the target like that at any moment in the *evidence* seconds before *at*?"""
    since = at - evidence
    before = [was for when, was in items if when < since]
    within = [was for when, was in items if since <= when <= at]
    return good in (*before[-1:], *within)


def one_incident_for_an_outage(ledgers: Ledgers):
    """Between two good answers no target has two incidents."""
    for n in range(TARGETS):
        if n == SHUT:
            continue  # a closed port writes no answers down
        goods = [
            line["at"]
            for line in ledgers.answers
            if line["n"] == n and line["good"] and "mode" not in line
        ]
        opened = sorted(
            (row["opened_at"], incident)
            for incident, row in ledgers.incidents.items()
            if row["target"] == f"t{n}"
        )
        for (first, one), (second, two) in pairwise(opened):
            if not any(first < at < second for at in goods):
                yield f"{one} and {two} are one outage"


def no_doubled_key(ledgers: Ledgers):
    """As many PagerDuty trigger keys as conditions told, and each is one condition."""
    if "pager" not in ledgers.told:
        return
    keys = defaultdict(set)
    for got in ledgers.received:
        if got["notifier"] == "pager":
            keys[got["incident"]].add(got["key"])
    for incident, found in keys.items():
        if len(found) != 1 or not next(iter(found)).endswith(f"/{incident}"):
            yield f"{incident} has the keys {sorted(found)}"
    if len(keys) != len(_told(ledgers)):
        yield f"{len(keys)} keys for {len(_told(ledgers))} conditions told"


def repeats_are_owned_up(ledgers: Ledgers):
    """A repeat stands only where an attempt was ambiguous, and says so."""
    taken = defaultdict(list)
    refused: Counter[str] = Counter()
    for got in ledgers.received:
        if got["refused"]:
            refused[got["delivery"]] += 1
        else:
            taken[got["delivery"]].append(got)
    for name, got in taken.items():
        made = ledgers.deliveries.get(name or "")
        if made is None:
            continue
        if len(got) > 1 and not made["ambiguous"]:
            yield f"{name} came {len(got)} times and no attempt was ambiguous"
        if len(got) + refused[name] > made["attempts"]:
            yield f"{name} came {len(got)} times in {made['attempts']} attempts"
        plain = sum(not one["repeat"] for one in got)
        if made["notifier"] != "pager" and plain > 1:
            yield f"{name} came {plain} times as if for the first time"


def in_order(ledgers: Ledgers):
    """To each receiver: no recovery before the failure, no failure after it."""
    groups = defaultdict(list)
    for got in ledgers.received:
        if not got["refused"] and got["delivery"]:
            kind = got["delivery"].split("/")[-3]
            groups[got["notifier"], got["incident"]].append(kind)
    for (notifier, incident), kinds in groups.items():
        end = kinds.index("resolved") if "resolved" in kinds else len(kinds)
        if end == len(kinds):
            yield f"{notifier} never heard that {incident} is over"
        late = [kind for kind in kinds[end:] if kind != "resolved"]
        if late:
            yield f"{notifier} got {late} of {incident} after its recovery"
        if notifier == "pager" and kinds[0] not in BEGINS:
            yield f"pager got {kinds[0]} of {incident} first"


def never_torn(ledgers: Ledgers):
    """Each status that a reader got was whole, and newer than the one before."""
    last: dict[tuple[int, str], int] = {}
    for page in ledgers.pages:
        if "torn" in page:
            yield f"torn status of {page['size']} bytes: {page['torn'][:60]!r}"
            continue
        run = (page["pid"], page["run"])
        if page["seq"] <= last.get(run, 0):
            yield f"status {page['seq']} of {run} after {last[run]}"
        last[run] = page["seq"]


def shown_is_committed(ledgers: Ledgers):
    """What the status once showed is in the store, whoever died then."""
    for incident in {one for page in ledgers.pages for one in page.get("open", ())}:
        if incident not in ledgers.incidents:
            yield f"{incident} was shown and is not there"


RULES = (
    whole,
    nothing_lost,
    every_incident_is_told,
    delivered_is_received,
    nothing_invented,
    one_incident_for_an_outage,
    no_doubled_key,
    repeats_are_owned_up,
    in_order,
    never_torn,
    shown_is_committed,
)


def _resumed(ledgers: Ledgers, starts: list[dict]) -> tuple[list[str], list[float]]:
    """Did each run begin with what the last one knew? And after how many seconds?

    Whoever opened or resolved an incident before a start is dead by then; the first
    look of the new run may have resolved or opened some before its first status.
    """
    pages = [page for page in ledgers.pages if "torn" not in page]
    wrong, times = [], []
    begins = [start["at"] for start in starts]
    for start, end in zip(starts, [*begins[1:], math.inf], strict=True):
        began, pid = start["at"], start["pid"]
        # By its time too: in a long campaign a PID comes back.
        between = slice(*(bisect_left(pages, at, key=_at) for at in (began, end)))
        page = next((one for one in pages[between] if one["pid"] == pid), None)
        if page is None or page["seq"] != 1:
            continue  # killed before it could say anything, or its first word missed
        shown, at = set(page["open"]), page["at"]
        known = _open_at(ledgers, began)
        lost = (known & _open_at(ledgers, at)) - shown
        if lost or not shown <= known | _open_at(ledgers, at):
            text = f"run {pid} shows {sorted(shown)}, the store has {sorted(known)}"
            wrong.append(text)
        if known & shown:
            times.append(at - began)
    return wrong, times


def _at(page: dict) -> float:
    return page["at"]


def _open_at(ledgers: Ledgers, at: float) -> set[str]:
    return {
        incident
        for incident, row in ledgers.incidents.items()
        if row["opened_at"] < at
        and (row["resolved_at"] is None or row["resolved_at"] >= at)
    }


def _files(folder: Path) -> list[str]:
    """Return what must not lie or stand in the files that are left."""
    found = []
    state = folder / "state"
    for path in (folder / "watcher.err", *state.glob("*.log")):
        text = path.read_text(encoding="utf-8", errors="replace")
        if "Traceback" in text:
            found.append(f"a traceback in {path.name}: ...{text[-600:]}")
        lines = text.splitlines()
        found += [f"{path.name}: {line}" for line in lines if "internal error" in line]
    left = [*state.glob(".*.tmp"), state / "restart_signal"]
    left += (state / "restart_signal.d").glob("*")
    found += [f"{path.name} is left" for path in left if path.exists()]
    return found
