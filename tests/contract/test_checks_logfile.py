"""A log as a check: followed through all that happens to logs, counted exactly once."""

from __future__ import annotations

import json
import os
import random
import re
import shutil

import pytest

from agent2.checks.logfile import LogfileCheck
from agent2.core.model import Code, Outcome
from agent2.logs.following import Follower
from agent2.logs.lines import holding, needle, tally
from agent2.logs.nginx import FORMATS, Columns, LogFormat
from tests.contract.probing import ask, closed_again, descriptors

MOST = 1 << 24


def line(message, level="INFO", **context):
    entry = {"timestamp": "2026-11-21T10:00:00", "level": level, "message": message}
    return json.dumps(entry | {"context": context}) + "\n"


def add(path, *lines):
    with open(path, "ab") as file:
        file.writelines(
            one if isinstance(one, bytes) else one.encode() for one in lines
        )


def followed(path, memory=None, whole=True, now=0.0, most=MOST):
    """What a new follower reads, and what it then remembers."""
    follower = Follower(str(path), memory, whole=whole)
    return b"".join(follower.blocks(now, most, lambda: True)), follower


def more(follower, now=1.0, most=MOST):
    return b"".join(follower.blocks(now, most, lambda: True))


# --- following


def test_a_renamed_log_is_read_to_its_end_before_the_new_one(tmp_path):
    path = tmp_path / "a.log"
    add(path, "1\n")
    _, follower = followed(path)
    add(path, "2\n")
    os.rename(path, tmp_path / "a.log.1")
    add(tmp_path / "a.log.1", "3\n")
    assert more(follower) == b"2\n3\n"
    add(path, "5\n")
    add(tmp_path / "a.log.1", "4\n")  # the service was not told yet
    assert more(follower, 2.0) == b"4\n5\n"
    add(tmp_path / "a.log.1", "6\n")
    add(path, "7\n")
    assert more(follower, 3.0) == b"6\n7\n"
    assert more(follower, 4.0) == b""


@pytest.mark.parametrize("size", [3, 5000], ids=["smaller", "larger than before"])
def test_of_a_log_that_was_copied_and_cut_off_the_rest_is_read_from_the_copy(
    tmp_path, size
):
    path = tmp_path / "a.log"
    add(path, *(f"old {n}\n" for n in range(100)))
    _, follower = followed(path)
    add(path, "not yet seen\n")
    shutil.copy(path, tmp_path / "a.log.1")
    os.truncate(path, 0)
    add(path, *("new\n" for _ in range(size)))

    assert more(follower) == b"not yet seen\n" + b"new\n" * size


def test_a_log_that_is_emptied_begins_anew(tmp_path):
    path = tmp_path / "a.log"
    add(path, "one\n", "two\n")
    _, follower = followed(path)
    os.truncate(path, 0)
    assert more(follower) == b""
    add(path, "three\n")
    assert more(follower) == b"three\n"


@pytest.mark.parametrize("how", ["nothing", "rename", "copytruncate", "rename twice"])
def test_a_restart_loses_nothing_and_reads_nothing_twice(tmp_path, how):
    path = tmp_path / "a.log"
    add(path, *(f"line {n}\n" for n in range(500)))
    got, follower = followed(path)
    memory = json.loads(json.dumps(follower.memory()))
    follower.close()
    add(path, "unseen\n")
    if how.startswith("rename"):
        if how.endswith("twice"):
            add(tmp_path / "a.log.1", "another\n")
            os.rename(path, tmp_path / "a.log.2")
        else:
            os.rename(path, tmp_path / "a.log.1")
        add(path, "fresh\n")
    if how == "copytruncate":
        shutil.copy(path, tmp_path / "a.log.1")
        os.truncate(path, 0)
        add(path, "fresh\n")

    again, _ = followed(path, memory, whole=False)

    assert got.count(b"\n") == 500
    assert again == b"unseen\n" + (b"" if how == "nothing" else b"fresh\n")


def test_half_a_line_waits_for_its_end_and_one_without_end_is_cut(tmp_path):
    path = tmp_path / "a.log"
    add(path, "whole\nhal")
    got, follower = followed(path)
    assert got == b"whole\n"
    add(path, "f\n")
    assert more(follower) == b"half\n"
    add(path, "x" * 200_000)
    long = more(follower)
    add(path, "y" * 10, "\nnext\n")
    assert long == b"x" * 65536 + b"\n"
    assert more(follower) == b"next\n"


def test_too_much_at_once_is_left_out_at_a_line_and_told(tmp_path):
    path = tmp_path / "a.log"
    add(path, "begin\n")
    _, follower = followed(path)
    add(path, *(f"{n:09d}\n" for n in range(100_000)))
    got = more(follower, most=50_005)
    assert got.startswith(b"000095")
    assert got.endswith(b"000099999\n")
    assert len(got) + follower.skipped in range(999_990, 1_000_001)


def test_a_first_look_begins_at_the_end_and_a_log_may_come_later(tmp_path):
    path = tmp_path / "a.log"
    got, follower = followed(path, whole=False)
    assert (got, follower.missing) == (b"", True)
    add(path, "news\n")
    assert more(follower) in {b"", b"news\n"}
    add(path, "more\n")
    assert more(follower) == b"more\n"
    assert not follower.missing


def test_no_descriptor_stays_open_however_often_a_log_is_rotated(tmp_path):
    before = descriptors()
    path = tmp_path / "a.log"
    add(path, "x\n")
    _, follower = followed(path)
    for number in range(20):
        os.rename(path, tmp_path / f"a.log.{number}")
        add(path, f"{number}\n")
        assert more(follower, now=100.0 * number) == f"{number}\n".encode()
    assert len(descriptors()) - len(before) <= 2
    follower.close()
    assert closed_again(before)


@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_to_a_log_each_line_comes_once(tmp_path, seed):
    """Writes, rotations of both kinds and restarts by chance; a model keeps count."""
    chance = random.Random(seed)
    path, written, read = tmp_path / "a.log", [], b""
    add(path, "first\n")
    got, follower = followed(path)
    read += got
    for step in range(120):
        deed = chance.choice(["write"] * 5 + ["rename", "copy", "restart", "look"])
        if deed == "write":
            text = f"{step} " + "x" * chance.randrange(300) + "\n"
            written.append(text)
            add(path, text)
        elif deed == "rename":
            os.rename(path, tmp_path / f"a.log.{step}")
            add(path, b"")
        elif deed == "copy":
            read += more(follower, step)  # what is in neither is lost to anybody
            shutil.copy(path, tmp_path / f"a.log.{step}")
            os.truncate(path, 0)
        elif deed == "restart":
            memory = json.loads(json.dumps(follower.memory()))
            follower.close()
            follower = Follower(str(path), memory, whole=True)
        if deed in {"rename", "restart", "look"}:
            read += more(follower, step)
    read += more(follower, 200)
    assert read.decode() == "first\n" + "".join(written)


# --- counting


def check(path, **options):
    return LogfileCheck(file=str(path), from_start=True, **options)


def test_a_pattern_over_its_limit_warns_with_its_last_line_redacted(tmp_path):
    path = tmp_path / "app.log"
    add(
        path,
        *(line(f"Model API error {n}", "INFO", password="hunter22") for n in range(12)),
    )
    one = check(path, patterns={"model": "Model API error"}, limits={"model": 12})
    assert ask(one).code is Code.OK
    add(path, line("Model API error 99", api_key="sk-abcdefghijklmnopqrstuv"))

    finding = ask(one)

    assert (finding.outcome, finding.code) == (Outcome.OK, Code.LOG_LINES)
    assert finding.detail.startswith("model: 13 lines in 300 s, more than 12; last: ")
    assert len(one.evidence()) == 10
    assert "hunter22" not in "".join(one.evidence())
    assert "sk-" not in "".join((*one.evidence(), finding.detail))


def test_a_line_that_two_patterns_find_is_kept_once_and_in_its_place(tmp_path):
    path = tmp_path / "app.log"
    add(path, line("Request started", "INFO"))
    add(path, *(line(f"{w} lost {n}", "ERROR") for n in "12" for w in ("db", "queue")))
    one = check(path, patterns={"queue": "queue lost", "db": "db lost"})
    found = dict(ask(one).figures)
    assert [re.search(r"\w+ lost \d", each)[0] for each in one.evidence()] == [
        "db lost 1",
        "queue lost 1",
        "db lost 2",
        "queue lost 2",
    ]
    assert (found["lines:db"], found["requests"], found["error_rate"]) == (2, 1, 400)


def test_a_critical_pattern_fails_and_speaks_first(tmp_path):
    path = tmp_path / "app.log"
    add(path, "a note\nDatabase connection lost\n")
    one = check(
        path, patterns={"note": "a note", "db": "Database connection"}, critical=("db",)
    )
    finding = ask(one)
    assert (finding.outcome, finding.code) == (Outcome.FAIL, Code.LOG_LINES)
    assert finding.detail.startswith("db: 1 line in 300 s; note: 1 line")


@pytest.mark.parametrize(
    ("errors", "requests", "outcome", "code"),
    [
        (6, 100, Outcome.FAIL, Code.ERROR_RATE),
        (5, 100, Outcome.OK, Code.ERROR_RATE),
        (1, 100, Outcome.OK, Code.OK),
        (3, 0, Outcome.OK, Code.OK),
    ],
)
@pytest.mark.parametrize("form", ["json", "nginx:combined"])
def test_the_error_rate_is_judged_only_where_there_are_requests(
    tmp_path, errors, requests, outcome, code, form
):
    path = tmp_path / "x.log"
    if form == "json":
        add(path, *[line("Request started")] * requests, *[line("x", "ERROR")] * errors)
    else:
        made = (
            '1.1.1.1 - - [21/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" %d 1 "-" "-"\n'
        )
        good, bad = max(requests - errors, 0), min(errors, requests)
        add(path, *[made % 200] * good, *[made % 503] * bad)
    finding = ask(check(path, format=form))
    assert (finding.outcome, finding.code) == (outcome, code), finding
    if code is Code.ERROR_RATE:
        assert finding.detail.startswith(f"error rate {errors}.00% ({errors} errors")


def test_one_of_three_is_no_rate_where_more_are_asked_for(tmp_path):
    path = tmp_path / "x.log"
    add(path, *[line("Request started")] * 3, line("x", "ERROR"))
    one = check(path, min_requests=4)
    assert ask(one).code is Code.OK
    add(path, line("Request started"))
    finding = ask(one)
    assert (finding.outcome, finding.code) == (Outcome.FAIL, Code.ERROR_RATE)
    assert finding.detail.startswith("error rate 25.00% (1 errors, 4 requests)")


@pytest.mark.parametrize(
    ("seconds", "options", "slow"),
    [
        ((5.1, 5.1), {}, True),
        ((5.0, 5.0), {}, False),
        ((0.1,) * 9 + (9.0,), {}, False),
        ((0.1,) * 9 + (9.0,), {"slow_percentile": 95.0}, True),
        ((9.0,), {"slow": 0.0}, False),
    ],
)
def test_slow_answers_warn_by_mean_or_percentile(tmp_path, seconds, options, slow):
    path = tmp_path / "app.log"
    add(path, *(line("api.request_duration", execution_time=s) for s in seconds))
    finding = ask(check(path, **options))
    assert finding.outcome is Outcome.OK
    assert (finding.code is Code.SLOW) is slow, finding
    assert (finding.response_s is not None) is slow


def test_a_time_without_end_in_a_log_does_not_stop_the_check(tmp_path):
    path = tmp_path / "app.log"
    add(path, *(line("api.request_duration", execution_time=s) for s in (9, -1)))
    add(path, line("api.request_duration", execution_time=9).replace("9", "1e400"))
    assert ask(check(path)).detail.startswith("mean response time 9.00 s over 1 req")


def test_an_address_over_the_limit_is_told_in_the_documents_words(tmp_path):
    path = tmp_path / "access.log"
    made = '%s - - [21/Nov/2026:10:00:00 +0000] "%s HTTP/1.1" 200 1 "-" "-"\n'
    for address, count in (("10.0.0.1", 101), ("10.0.0.2", 100), ("192.168.7.7", 500)):
        add(path, *[made % (address, "POST /api/v1/x")] * count)
    add(path, *[made % ("10.0.0.9", "GET /api/v1/x")] * 300)

    finding = ask(check(path, suspicious=100, allow=("192.168.0.0/16",)))

    assert finding.code is Code.LOG_LINES
    assert finding.detail == "Suspicious IP: 10.0.0.1 Requests: 101"


def test_failed_logins_are_counted_by_address(tmp_path):
    path = tmp_path / "auth.log"
    said = "Nov 21 10:00:00 h sshd[1]: Failed password for %s from %s port 5 ssh2\n"
    add(path, *[said % ("root", "10.0.0.1")] * 4)
    add(path, *[said % ("invalid user x", "10.0.0.2")] * 5)
    finding = ask(check(path, logins=4))
    assert finding.detail == "failed logins from 10.0.0.2: 5"


def test_calls_are_counted_by_the_day_against_a_budget(tmp_path):
    path = tmp_path / "app.log"
    add(path, *[line("Model API call")] * 7)
    counted = {"patterns": {"calls": "Model API call"}, "daily": {"calls": 0}}
    assert ask(check(path, **counted)).detail == "7 new lines; calls 7 today"
    over = ask(check(path, **counted | {"daily": {"calls": 6}}))
    assert over.detail.startswith("calls: 7 lines today, more than 6")


def test_counts_survive_a_restart_and_nothing_is_counted_twice(tmp_path):
    path = tmp_path / "app.log"
    options = {"patterns": {"bad": "bad"}, "limits": {"bad": 1000}, "daily": {"bad": 0}}
    for number in range(1, 6):
        one = check(path, **options)
        one.settle_in(str(tmp_path), keeps=True)
        add(path, "bad\n")
        assert ask(one).detail.endswith(f"bad {number} today")
        one.close()
    looks = check(path, **options)
    looks.settle_in(str(tmp_path), keeps=False)
    (place,) = (tmp_path / "logs").iterdir()
    before = place.read_bytes()
    assert ask(looks).detail == "0 new lines; bad 5 today"
    assert place.read_bytes() == before
    assert place.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("rubbish", [b"", b"{", b"[]", b'{"source": 1}', b"\xff\x00"])
def test_a_spoiled_memory_is_begun_anew(tmp_path, rubbish):
    path = tmp_path / "app.log"
    one = check(path, patterns={"bad": "bad"})
    one.settle_in(str(tmp_path), keeps=True)
    ask(one)
    (place,) = (tmp_path / "logs").iterdir()
    place.write_bytes(rubbish)
    add(path, "bad\n")
    one.settle_in(str(tmp_path), keeps=True)
    assert ask(one).code is Code.LOG_LINES


def test_bytes_that_are_no_text_disturb_nobody(tmp_path):
    path = tmp_path / "app.log"
    add(
        path,
        b"\xff\xfe\x00ERROR \x1b[2J\n" * 3,
        line("Request started"),
        os.urandom(5000),
        b"\n",
    )
    finding = ask(check(path))
    assert finding.code is Code.ERROR_RATE
    assert "\x1b" not in finding.detail


@pytest.mark.parametrize(
    ("means", "outcome"),
    [("unknown", "error"), ("ok", "ok"), ("warn", "ok"), ("fail", "fail")],
)
def test_what_a_missing_log_means_is_configured(tmp_path, means, outcome):
    finding = ask(LogfileCheck(file=str(tmp_path / "none"), missing=means))
    assert finding.outcome.value == outcome
    assert (finding.code is Code.OK) is (means == "ok")


def test_a_pipe_or_a_folder_is_no_log_and_hangs_nobody(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for place in (tmp_path / "pipe", tmp_path):
        finding = ask(LogfileCheck(file=str(place)))
        assert (finding.outcome, finding.code) == (Outcome.ERROR, Code.INTERNAL)


JOURNAL = """#!/bin/sh
# Stands in for systemd's: a cursor is the number of lines that were given out.
after=0; while [ $# -gt 0 ]; do [ "$1" = --after-cursor ] && after=$2; shift; done
tail -n +$((after + 1)) {log}
[ $(wc -l < {log}) -gt $after ] && echo "-- cursor: $(wc -l < {log})"
exit {code}
"""


def test_the_journal_is_read_by_its_cursor(tmp_path, monkeypatch):
    log, program = tmp_path / "journal", tmp_path / "journalctl"
    add(log, "old Failed password for x from 10.0.0.1 port 1\n")
    program.write_text(JOURNAL.format(log=log, code=0))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    one = LogfileCheck(journal="ssh.service", logins=1)
    one.settle_in(str(tmp_path), keeps=True)

    assert ask(one).detail == "0 new lines"
    add(log, *["new Failed password for x from 10.0.0.2 port 1\n"] * 2)
    assert ask(one).detail == "failed logins from 10.0.0.2: 2"
    assert ask(one).detail == "failed logins from 10.0.0.2: 2"
    program.write_text("#!/bin/sh\necho 'No such unit' >&2; exit 1\n")
    finding = ask(one)
    assert (finding.outcome, finding.code) == (Outcome.ERROR, Code.INTERNAL)
    assert "No such unit" in finding.detail


# --- parts


PATTERNS = ["ERROR", "a.*b", "(?i)error", "x|ERROR", "^x", "Model API error", "[ab]c", "a{2}", "b+"]  # fmt: skip


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_needle_finds_the_lines_that_its_expression_matches(pattern):
    chance = random.Random(pattern)
    words = ["ERROR", "error", "a", "aa", "b", "bc", "x", "Model API error", "\xff", ""]
    lines = [" ".join(chance.choices(words, k=4)).encode("latin-1") for _ in range(300)]
    block = b"".join(one + b"\n" for one in lines)
    wanted = [one for one in lines if re.search(pattern.encode(), one)]
    assert list(needle(pattern)(block)) == wanted
    assert tally(pattern)(block) == len(wanted)


@pytest.mark.parametrize("way", ["renamed", "cut"])
@pytest.mark.parametrize("restarted", [True, False])
def test_a_log_that_nobody_rotates_is_told_until_it_is(tmp_path, way, restarted):
    path = tmp_path / "a.log"
    add(path, "x" * 2000 + "\n")
    day, made = 86400.0, None

    def looked(at):
        nonlocal made
        if made is None or restarted:  # a watcher that was started again
            made = LogfileCheck(file=str(path), max_size=1024, max_age=7 * day)
            made.settle_in(str(tmp_path), keeps=True)
            object.__setattr__(made, "_reader", made._made())
        finding = made._judge(made._reader, made._reader.look(at, 60.0))
        if restarted:
            made.close()
        return finding

    large = looked(0.0)
    assert (large.outcome, large.code) == (Outcome.OK, Code.LIMIT)
    assert large.detail == "2.0 KiB, more than 1.0 KiB: is it rotated?"
    assert "not rotated for 7 d 1 h" in looked(7 * day + 3600.0).detail

    if way == "renamed":
        os.rename(path, tmp_path / "a.log.1")
    else:
        os.truncate(path, 0)
    add(path, "new\n")
    assert looked(8 * day).code is Code.OK
    assert looked(14.9 * day).code is Code.OK
    assert "not rotated for 7 d 2 h" in looked(15.1 * day).detail
    os.truncate(path, 0)  # there is nothing to rotate
    assert looked(40 * day).code is Code.OK
    made.close()


def test_a_line_with_a_word_twice_is_one_line():
    assert list(holding(b"x x\ny\nx\n", b"x")) == [b"x x", b"x"]


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("seed", range(3))
def test_fields_of_a_block_are_those_of_its_lines_one_by_one(name, seed):
    """Whatever stands among them: half lines, bytes that are no text, no blank at all."""
    form, chance = LogFormat(name), random.Random(seed)
    values = ["2001:db8::1", '"', "21/Nov/2026:10:00:00 +0000", "GET /a?b=c HTTP/1.1"]
    values += ["502", "12", "http://x/ y", "A \\x22b\\x22 (c; d)", "-"]
    text = FORMATS[name]
    for field, put in zip(form.names, values, strict=False):
        text = text.replace(f"${field}", put, 1)
    sound = text.encode()
    odd = [
        b"",
        b"x",
        b"\x00\xff",
        b'"',
        b"a - b [",
        sound.replace(b" ", b""),
        b"y" * 9999,
    ]
    lines = [
        chance.choice([sound[: chance.randrange(len(sound))], *odd])
        if chance.random() < 0.1 * seed
        else sound.replace(b"::1", b"::%d" % chance.randrange(5))
        for _ in range(400)
    ]
    wanted = {"time_local": 14, "remote_addr": 0, "status": b"5", "request": b"POST"}
    columns = Columns(form, wanted)
    rows = columns.rows(b"".join(line + b"\n" for line in lines), len(lines))

    begin = re.compile(rb'([^ ]*) - [^ ]* \[([^]]*)\] "([^"]*)" ([^ ]*) ')
    found = [match.groups() for match in map(begin.match, lines) if match]
    assert columns.names == ("remote_addr", "time_local", "request", "status")
    assert rows == [
        (one[0], one[1][:14], one[2][:4] * (one[2][:4] == b"POST"), one[3][:1])
        for one in found
    ]
    assert columns.broken == len(lines) - len(found)
    assert bool(columns.broken) is bool(seed)


def test_who_asks_cannot_put_another_address_into_the_words_of_the_ssh_server(tmp_path):
    path = tmp_path / "auth.log"
    add(path, "Failed password for a from 9.9.9.9 from 10.0.0.1 port 4 ssh2\n")
    counting = check(path, logins=1)
    ask(counting)
    add(path, *("Failed password for root from 10.0.0.1 port 4 ssh2\n",) * 2)
    assert ask(counting).detail == "failed logins from 10.0.0.1: 3"


def test_options_that_cannot_be_are_named():
    def wrong(**options):
        return [field for field, *_ in LogfileCheck(**options).problems()]

    assert wrong() == ["file"]
    assert wrong(file="/x", journal="y") == ["file"]
    assert wrong(file="/x", format="xml") == ["format"]
    assert wrong(file="/x", format="nginx:$a$b") == ["format"]
    assert wrong(file="/x", patterns={"a": "("}) == ["patterns"]
    assert wrong(file="/x", limits={"a": 1}, daily={"b": 1}) == ["limits", "daily"]
    assert wrong(file="/x", allow=("nobody",)) == ["allow"]
    assert wrong(file="/x", slow_percentile=101.0) == ["slow_percentile"]
    assert not wrong(file="/x", patterns={"a": "x"}, limits={"a": 1}, critical=("a",))


def test_an_expression_that_repeats_without_end_looks_at_the_begin_of_a_line_only():
    find = needle("ERROR .*timeout now")
    assert list(find(b"ERROR x timeout now" + b"y" * 60_000 + b"\n"))
    assert not list(find(b"timeout now" + b"ERROR " * 700 + b"timeout now\n"))
    assert list(needle("timeout|refused")(b"y" * 60_000 + b"refused\n"))
