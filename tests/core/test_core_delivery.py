"""What follows from an attempt to deliver."""

from __future__ import annotations

from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent2.core.chance import spread
from agent2.core.delivery import (
    PERMANENT,
    Retry,
    classify_http,
    failed,
    parse_retry_after,
    supersedes,
    wait,
)
from agent2.core.message import Alert, Cause, Delivery, DeliveryState, Receipt
from agent2.core.model import AlertKind, Severity
from agent2.core.value import replace

NOW = 1_700_000_000.0
RETRY = Retry()


def delivery(kind=AlertKind.FIRING, **fields):
    alert = Alert(
        "inc/firing/0", kind, "inc", "key", "web", Severity.CRITICAL, "s", "i", "a",
        "r", "c", "d", "t", "t", None, 0.0, "h", "i", "l", (),
    )  # fmt: skip
    return replace(
        Delivery("inc/firing/0/ops", "ops", alert, created_at=NOW, next_at=NOW),
        **{"attempts": 1, "state": DeliveryState.SENDING, "fence": 3} | fields,
    )


# --- classification -----------------------------------------------------------


def test_every_http_status_has_one_meaning():
    """RFC 9110 for the classes; PagerDuty's and Slack's documents for the rest."""
    special = {
        401: Cause.AUTH,
        403: Cause.AUTH,
        404: Cause.AUTH,
        410: Cause.AUTH,
        408: Cause.SERVER,
        425: Cause.SERVER,
        429: Cause.RATE_LIMITED,
    }
    classes = {
        1: Cause.INVALID_ANSWER,
        2: None,
        3: Cause.REDIRECT,
        4: Cause.REJECTED,
        5: Cause.SERVER,
    }

    statuses = range(100, 600)
    told = {status: classify_http(status) for status in statuses}
    assert told == {n: special.get(n, classes[n // 100]) for n in statuses}


@pytest.mark.parametrize(
    ("status", "again"),
    [(0, True), (99, True), (103, True), (301, False), (400, False), (403, False),
     (404, False), (408, True), (413, False), (429, True), (500, True), (503, True),
     (600, True), (999, True)],
)  # fmt: skip
def test_only_what_can_never_succeed_is_given_up_at_once(status, again):
    assert (classify_http(status) not in PERMANENT) is again


def test_the_permanent_causes_are_these_four():
    assert {
        Cause.AUTH,
        Cause.REJECTED,
        Cause.REDIRECT,
        Cause.CONFIG,
    } == PERMANENT


# --- Retry-After --------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        (" ", None),
        ("0", 0.0),
        ("1", 1.0),
        (" 30 ", 30.0),
        ("0000000000030", 30.0),
        ("3600", 3600.0),
        ("3601", 3600.0),
        ("9" * 5000, 3600.0),
        ("-5", None),
        ("+5", None),
        ("1.5", None),
        ("1e3", None),
        ("0x10", None),
        ("٣", None),
        ("5 seconds", None),
        ("nan", None),
        ("inf", None),
        (formatdate(NOW + 90, usegmt=True), 90.0),
        (f"  {formatdate(NOW + 90, usegmt=True)}\t", 90.0),
        (formatdate(NOW, usegmt=True), 0.0),
        (formatdate(NOW - 90, usegmt=True), 0.0),
        (formatdate(NOW + 1e7, usegmt=True), 3600.0),
        (formatdate(NOW + 90), None),
    ],
)
def test_retry_after_is_whole_seconds_or_an_http_date(header, seconds):
    assert parse_retry_after(header, NOW) == seconds


@given(st.text())
def test_retry_after_is_always_none_or_bounded(header):
    seconds = parse_retry_after(header, NOW)

    assert seconds is None or 0.0 <= seconds <= 3600.0


# --- the wait -----------------------------------------------------------------


@given(
    st.integers(-3, 10_000),
    st.integers(1, 100),
    st.integers(100, 10_000),
    st.text(max_size=5),
)
def test_a_wait_lies_between_half_of_its_gap_and_the_whole(attempts, base, cap, seed):
    longest = min(base * 2.0 ** min(max(attempts - 1, 0), 20), cap)

    assert longest / 2 < wait(Retry(base, cap), attempts, seed) <= longest


def test_the_wait_is_the_same_in_every_replay_and_differs_between_deliveries():
    assert wait(RETRY, 3, "d") == 4.0 * (1 - spread("d#3") / 2)
    assert len({wait(RETRY, 3, f"d{i}") for i in range(20)}) == 20
    shares = {wait(Retry(1.0, 1.0), attempt, "d") for attempt in range(1, 21)}
    assert len(shares) == 20


def test_the_doubling_of_waits_stops_before_numbers_overflow():
    endless = Retry(1.0, 1e300)

    assert 2.0**19 < wait(endless, 21, "d") <= 2.0**20
    assert 2.0**19 < wait(endless, 100_000, "d") <= 2.0**20


# --- after a failure ----------------------------------------------------------


@pytest.mark.parametrize("cause", Cause)
def test_each_cause_leads_to_another_try_or_to_the_end(cause):
    after = failed(delivery(), RETRY, cause, "why", NOW + 5)

    assert (after.cause, after.detail) == (cause, "why")
    if cause in PERMANENT:
        assert after.state is DeliveryState.DEAD
        assert after == replace(
            delivery(), cause=cause, detail="why", state=DeliveryState.DEAD
        )
    else:
        assert after.state is DeliveryState.PENDING
        assert after.next_at == NOW + 5 + wait(RETRY, 1, "inc/firing/0/ops")


@pytest.mark.parametrize("cause", sorted(set(Cause) - PERMANENT, key=str))
def test_what_may_have_arrived_is_marked_and_stays_marked(cause):
    doubtful = {Cause.TIMEOUT, Cause.CRASHED, Cause.INVALID_ANSWER}
    once = failed(delivery(), RETRY, cause, "", NOW)

    assert once.ambiguous is (cause in doubtful)
    marked = failed(replace(once, ambiguous=True), RETRY, cause, "", NOW)
    assert marked.ambiguous


@pytest.mark.parametrize(
    ("asked", "waited"),
    [(None, None), (0.0, None), (0.1, None), (90.0, 90.0), (3600.0, 3600.0)],
)
def test_the_receivers_own_wait_is_obeyed_when_it_is_the_longer(asked, waited):
    ours = wait(RETRY, 1, "inc/firing/0/ops")

    after = failed(delivery(), RETRY, Cause.RATE_LIMITED, "429", NOW, asked)

    assert after.next_at == NOW + (ours if waited is None else waited)


@pytest.mark.parametrize(
    ("age", "longest"), [(0.0, 1.0), (1.0, 1.0), (7.0, 7.0), (100.0, 100.0)]
)
def test_no_wait_of_ours_is_longer_than_it_has_waited_already(age, longest):
    """Nine attempts that our own deaths cut off are no nine refusals."""
    before = delivery(attempts=9)
    after = failed(before, RETRY, Cause.SERVER, "503", NOW + age)

    assert after.next_at == NOW + age + longest
    told = failed(before, RETRY, Cause.RATE_LIMITED, "429", NOW + age, 900.0)
    assert told.next_at == NOW + age + 900.0


def test_a_failed_attempt_changes_neither_the_words_nor_the_count():
    before = delivery(seq=9, attempts=4)
    after = failed(before, RETRY, Cause.SERVER, "503", NOW)

    kept = (
        "id",
        "notifier",
        "alert",
        "created_at",
        "seq",
        "attempts",
        "fence",
        "receipt",
    )
    assert [getattr(after, n) for n in kept] == [getattr(before, n) for n in kept]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(sorted(set(Cause) - PERMANENT, key=str)),
            st.integers(0, 600),
            st.none() | st.integers(0, 3600),
        ),
        max_size=60,
    )
)
def test_no_delivery_dies_before_its_age_and_a_pending_one_is_always_due_later(tries):
    row, now = delivery(attempts=0), NOW
    for cause, took, asked in tries:
        now = max(now, row.next_at) + took
        row = failed(
            replace(row, attempts=row.attempts + 1), RETRY, cause, "", now, asked
        )

        old = now - NOW >= RETRY.max_age
        assert row.state is (DeliveryState.DEAD if old else DeliveryState.PENDING)
        if old:
            break
        assert now < row.next_at <= now + 3600.0


# --- what need not be sent any more -------------------------------------------

KINDS = {
    "F": AlertKind.FIRING,
    "D": AlertKind.DEGRADED,
    "L": AlertKind.FLAPPING,
    "m": AlertKind.REMINDER,
    "E": AlertKind.EXHAUSTED,
    "R": AlertKind.RESOLVED,
}


def group(text):
    """``F! m R``: a row of each kind in order; ``!`` was tried, ``?`` may have come."""
    return tuple(
        delivery(
            KINDS[word[0]],
            id=word,
            seq=seq,
            attempts=int("!" in word),
            ambiguous="?" in word,
        )
        for seq, word in enumerate(text.split())
    )


@pytest.mark.parametrize(
    ("rows", "without_keys", "with_keys"),
    [
        ("", "", ""),
        ("F", "", ""),
        ("F m E", "", ""),
        ("R", "", ""),
        # Nobody was told yet: one message tells both; a keeper of keys gets both.
        ("F R", "F", ""),
        ("D R", "D", ""),
        ("L R", "L", ""),
        ("F m E R", "F m E", "m"),
        # The failure may have been told: its row goes on, what repeats it does not.
        ("F! R", "", ""),
        ("F? R", "", ""),
        ("F! m E R", "m E", "m E"),
        ("F? m R", "m", "m"),
        ("D! R", "", ""),
        ("F m! R", "", ""),
        ("F m! m R", "m", "m"),
        ("D m! R", "", ""),
        ("L m? R", "m?", "m?"),
        # What was queued after the recovery is not touched.
        ("F R m", "F", ""),
        ("R F!", "", ""),
        ("F R R", "F R", ""),
    ],
)
def test_supersedes(rows, without_keys, with_keys):
    def named(deduplicates):
        return " ".join(
            d.id for d in supersedes(group(rows), deduplicates=deduplicates)
        )

    assert named(False) == without_keys
    assert named(True) == with_keys


@given(st.lists(st.sampled_from([a + b for a in KINDS for b in ("", "!", "?")])))
def test_the_last_recovery_is_always_sent(words):
    rows = group(" ".join(words))
    recoveries = [d for d in rows if d.alert.kind is AlertKind.RESOLVED]

    for deduplicates in (True, False):
        dropped = supersedes(rows, deduplicates=deduplicates)
        assert not recoveries or recoveries[-1] not in dropped
        assert recoveries or dropped == ()
        assert not any(d.attempts for d in dropped)


def test_a_delivery_begins_pending_and_untried():
    alert = delivery().alert

    assert Delivery("id", "ops", alert, 1.0, 2.0) == Delivery(
        "id",
        "ops",
        alert,
        1.0,
        2.0,
        DeliveryState.PENDING,
        0,
        0,
        0,
        False,
        None,
        "",
        "",
    )
    assert Receipt("202") == Receipt("202", "", ())
