"""The inbox against a model of it that fits on one page, step by step, at random."""

from __future__ import annotations

import tempfile

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from store_rows import NOW

from agent2.core.events import Event
from agent2.store import inbox
from agent2.store.database import Database
from agent2.store.inbox import Claimed

LEASE = 30


class Inbox(RuleBasedStateMachine):
    """Events of three subjects, two of which nobody has to wait for."""

    def __init__(self):
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.db = Database.open(f"{self.folder.name}/agent2.db")
        self.now = NOW
        self.rows: dict[str, dict] = {}  # in the order of their coming
        self.claims: list[Claimed] = []

    def teardown(self):
        self.db.close()
        self.folder.cleanup()

    # -- the model

    def due(self, row):
        if row["status"] == "processing":
            return row["lease"] <= self.now
        if row["status"] == "pending":
            return (row["next"] or 0) <= self.now
        return row["status"] == "failed" and (row["next"] or self.now + 1) <= self.now

    def claimable(self):
        held, found = set(), []
        for name, row in self.rows.items():
            if row["status"] == "processing" and row["lease"] > self.now:
                held.add(row["subject"])
            elif self.due(row) and row["subject"] not in held:
                found.append(name)
            elif row["status"] == "pending" and not self.due(row):
                held.add(row["subject"])  # one over which processors died
        return found

    def mine(self, claimed):
        row = self.rows[claimed.event.id]
        return (
            row
            if (row["status"], row["fence"]) == ("processing", claimed.fence)
            else None
        )

    # -- the steps

    @rule(numbers=st.lists(st.integers(0, 14), max_size=4))
    def push(self, numbers):
        events = [
            Event(f"e{n}", "eventbus", f"t{n % 3}", "X", self.now, {}) for n in numbers
        ]
        with self.db.transaction() as tx:
            new = inbox.add(tx, events, self.now)
        assert new == [
            f"e{n}" for n in dict.fromkeys(numbers) if f"e{n}" not in self.rows
        ]
        for name in new:
            self.rows[name] = {
                "status": "pending", "subject": f"t{int(name[1:]) % 3}", "fence": 0,
                "retries": 0, "lease": None, "next": None, "claims": 0,
            }  # fmt: skip

    @rule(limit=st.integers(1, 4))
    def claim(self, limit):
        expected = self.claimable()[:limit]
        for number, name in enumerate(expected):
            if self.rows[name]["claims"]:  # whose processor died is claimed alone
                expected = expected[: max(number, 1)]
                break
        found = inbox.claim(self.db, "me", self.now, limit, LEASE)
        assert [one.event.id for one in found] == expected
        for one in found:
            row = self.rows[one.event.id]
            assert one.event.retries == row["retries"]
            row |= {
                "status": "processing", "fence": row["fence"] + 1,
                "lease": self.now + LEASE, "next": None, "claims": row["claims"] + 1,
            }  # fmt: skip
            assert one.fence == row["fence"]
        self.claims += found

    @rule(
        chance=st.integers(0, 99),
        how=st.sampled_from(["finish", "release", "dead", "retry"]),
    )
    def mark(self, chance, how):
        if not self.claims:
            return
        claimed = self.claims[chance % len(self.claims)]
        row = self.mine(claimed)
        with self.db.transaction() as tx:
            if how == "finish":
                done = inbox.finish(tx, claimed, self.now)
                change = {"status": "completed"}
            elif how == "release":
                done = inbox.release(tx, claimed)
                change = {"status": "pending"}
            else:
                at = self.now + 20 if how == "retry" else None
                done = inbox.fail(tx, claimed, "boom", self.now, at)
                change = {"status": "failed", "next": at}
        assert done == (row is not None)
        if row is not None:
            more = how in ("dead", "retry")
            left = row["claims"] - 1 if how == "release" else 0
            row |= change | {"lease": None, "retries": row["retries"] + more}
            row["claims"] = left

    @rule(chance=st.integers(0, 99))
    def renew(self, chance):
        if self.claims:
            claimed = self.claims[chance % len(self.claims)]
            row = self.mine(claimed)
            with self.db.transaction() as tx:
                done = inbox.renew(tx, claimed, self.now + LEASE)
            assert done == (row is not None)
            if row is not None:
                row["lease"] = self.now + LEASE

    @rule(seconds=st.sampled_from([1, 10, 29, 30, 400]))
    def wait(self, seconds):
        self.now += seconds

    @rule()
    def recover(self):
        stuck = [
            row
            for row in self.rows.values()
            if row["status"] == "processing" and row["lease"] <= self.now
        ]
        assert inbox.recover(self.db, self.now) == len(stuck)
        for row in stuck:
            wait = {2: 1, 3: 2, 4: 4}.get(row["claims"])
            row |= {"status": "pending", "lease": None}
            row["next"] = wait and self.now + wait

    @rule(names=st.none() | st.lists(st.integers(0, 14), max_size=3))
    def retry(self, names):
        wanted = None if names is None else [f"e{n}" for n in names]
        failed = [
            row
            for name, row in self.rows.items()
            if row["status"] == "failed" and (wanted is None or name in wanted)
        ]
        assert inbox.retry(self.db, wanted) == len(failed)
        for row in failed:
            row |= {"status": "pending", "retries": 0, "next": None, "claims": 0}

    # -- what always holds

    @invariant()
    def the_numbers_are_those_of_the_model(self):
        found = inbox.counts(self.db, self.now)
        states = [row["status"] for row in self.rows.values()]
        for state in ("pending", "processing", "failed", "completed"):
            assert getattr(found, state) == states.count(state)
        assert (found.oldest_pending_s is None) == (found.pending == 0)

    @invariant()
    def every_event_stands_as_in_the_model(self):
        for row in inbox.listing(self.db, limit=99):
            wanted = self.rows[row.event.id]
            assert (row.status, row.fence) == (wanted["status"], wanted["fence"])
            assert row.lease_until == wanted["lease"]
            assert row.next_at == wanted["next"]


Inbox.TestCase.settings = settings(
    max_examples=25,
    stateful_step_count=30,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
TestInbox = pytest.mark.slow(Inbox.TestCase)
