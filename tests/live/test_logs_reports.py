"""Each script of the operations guide that computes a number, beside our command.

The scripts are run as they stand there, with the real grep, jq, awk, sort and uniq, on
the same fixture; where their printed form is known to be wrong ours gives the right one.
"""

from __future__ import annotations

import gzip
import json
import re
import shutil
import subprocess

import pytest

from tests.live.cli_kit import Cli

DAY, OTHER = "2026-11-21", "2026-11-20"
needs_jq = pytest.mark.skipif(not shutil.which("jq"), reason="jq is not installed")

ERRORS = """
echo "=== Error Analysis for $TODAY ==="
echo "Total errors:"
grep "ERROR" $LOG_FILE | grep $TODAY | wc -l
echo -e "\\nTop error types:"
grep "ERROR" $LOG_FILE | grep $TODAY | jq -r '.message' | sort | uniq -c | sort -nr | head -10
echo -e "\\nError timeline (hourly):"
grep "ERROR" $LOG_FILE | grep $TODAY | jq -r '.timestamp' | cut -d'T' -f2 | cut -d':' -f1 | sort | uniq -c
"""
TIMES = """
echo "=== Performance Analysis for $TODAY ==="
echo "API response times (seconds):"
grep "api.request_duration" $LOG_FILE | grep $TODAY | jq '.context.execution_time' | awk '
  {
    sum += $1
    count++
    if ($1 > max) max = $1
    if (min == 0 || $1 < min) min = $1
  }
  END {
    print "Average:", sum/count
    print "Min:", min
    print "Max:", max
  }'
echo -e "\\nSlow requests (>5s):"
grep "api.request_duration" $LOG_FILE | grep $TODAY | jq 'select(.context.execution_time > 5) | {time: .timestamp, duration: .context.execution_time, url: .context.url}' | head -10
"""
TOP = "awk '{print $1}' $LOG_FILE | sort | uniq -c | sort -nr | head -20"
SUSPECTS = """
grep "POST /api/v1" $LOG_FILE | awk '{print $1}' | sort | uniq -c | awk '$1 > 100 {print "Suspicious IP:", $2, "Requests:", $1}'
"""
REQUESTS = 'grep "Request started" $LOG_FILE | grep $TODAY | wc -l'


def script(text, path, day=DAY):
    """What the guide's *text* prints."""
    done = subprocess.run(
        ["bash", "-c", text],
        env={
            "PATH": "/usr/bin:/bin",
            "LC_ALL": "C",
            "LOG_FILE": str(path),
            "TODAY": day,
        },
        capture_output=True,
        text=True,
        timeout=30,
    )
    return done.stdout


def entry(at, message, level="INFO", **context):
    return json.dumps(
        {"timestamp": at, "level": level, "message": message, "context": context}
    )


def app_lines():
    made = [
        entry(f"{DAY}T10:00:01.5", "Model API error", "ERROR"),
        entry(f"{DAY}T10:59:59", "Database connection failed", "ERROR"),
        entry(f"{DAY}T13:00:00", "Model API error", "ERROR"),
        entry(f"{OTHER}T09:00:00", "Model API error", "ERROR"),
        entry(f"{DAY}T13:00:00", "a note about the word ERROR", "DEBUG"),
    ]
    for seconds in (0.2, 3.5, 6.5, 5.0, 1.8):
        at, url = f"{DAY}T11:00:0{seconds:.0f}", "/api/v1/agents"
        made.append(entry(at, "Request started", url=url))
        made.append(entry(at, "api.request_duration", url=url, execution_time=seconds))
    return made


@pytest.fixture(scope="module")
def cli(tmp_path_factory):
    return Cli(tmp_path_factory.mktemp("logs"))


@pytest.fixture
def app(tmp_path):
    path = tmp_path / "app.log"
    path.write_text("\n".join(app_lines()) + "\n", encoding="utf-8")
    return path


def without_empty_hours(text):
    return re.sub(r"^ +0 \d\d\n", "", text, flags=re.MULTILINE)


@needs_jq
def test_the_errors_of_a_day_are_the_scripts_and_hours_without_one_are_there(cli, app):
    answer = cli("logs", "errors", app, "--date", DAY)

    assert answer.code == 0, answer.err
    assert without_empty_hours(answer.out) == script(ERRORS, app)
    hours = answer.out.partition("(hourly):\n")[2].splitlines()
    assert [line.split()[1] for line in hours] == [f"{h:02d}" for h in range(24)]


@needs_jq
def test_the_times_of_a_day_are_the_scripts_and_percentiles_are_added(cli, app):
    answer = cli("logs", "analyze", app, "--date", DAY)

    ours = answer.out.partition("=== Performance")[2].partition("\nRequests started")
    ours = re.sub(r"^P\d\d: .*\n", "", "=== Performance" + ours[0], flags=re.MULTILINE)
    assert ours == script(TIMES, app)
    assert "P50: 3.5\nP90: 6.5\nP99: 6.5\n" in answer.out
    assert f"Requests started: {script(REQUESTS, app)}" in answer.out


@needs_jq
def test_where_the_scripts_are_wrong_the_right_number_is_given(cli, app):
    lines = app_lines()
    more = [
        "not JSON at all: ERROR " + DAY,
        entry(f"{DAY}T12:00:00", "api.request_duration"),  # no time: the awk counts 0
        entry(f"{DAY}T12:00:00", "api.request_duration", execution_time=0),
        entry(f"{DAY}T14:00:00", "Timeout of request 17 after 30 s", "ERROR"),
        entry(f"{DAY}T14:00:00", "Timeout of request 18 after 31 s", "ERROR"),
        entry(
            f"{DAY}T14:00:00",
            'api.request_duration "execution_time": 9',
            execution_time=1,
        ),
    ]
    app.write_bytes(
        "\n".join(lines[:2] + more + lines[2:]).encode() + b"\n\xff\xfe ERROR"
    )

    found = cli("logs", "analyze", app, "--date", DAY, "--json").json

    assert found["errors"]["total"] == int(
        script('grep -a "ERROR" $LOG_FILE | grep -a $TODAY | wc -l', app)
    )
    assert found["errors"]["types"][0]["count"] == 2
    assert {"message": "Timeout of request <n> after <n> s", "count": 2} in found[
        "errors"
    ]["types"]
    assert found["unparsed"] == 1
    assert found["times"]["count"] == 7
    assert found["times"]["min"] == 0.0
    assert found["times"]["max"] == 6.5
    assert found["times"]["mean"] == pytest.approx((17.0 + 1.0) / 7)


@pytest.mark.parametrize(
    ("line", "seconds"),
    [
        ("{day} 10:00:00,1 - svc - INFO - GET /x - 200 (0.123s)", 0.123),
        ("{day} 10:00:00,1 - Agent2 - INFO - 健康 响应时间: 0.06s", 0.06),
        (
            '{{"message": "x: api.request_duration = 0.25 seconds (x)", "context": {{}}}}',
            0.25,
        ),
    ],
)
def test_all_forms_in_which_a_service_tells_a_time_are_read(
    cli, tmp_path, line, seconds
):
    path = tmp_path / "app.log"
    path.write_text(line.format(day=DAY) + "\n", encoding="utf-8")

    found = cli("logs", "analyze", path, "--json").json

    assert found["times"]["mean"] == pytest.approx(seconds)
    assert found["times"]["count"] == 1


def access_lines():
    made = []
    for address, count in (("10.0.0.1", 101), ("10.0.0.2", 100), ("2001:db8::1", 7)):
        for number in range(count):
            status = 502 if number == 5 else 200
            made.append(
                f"{address} - - [21/Nov/2026:1{number % 3}:00:00 +0000] "
                f'"POST /api/v1/chat HTTP/1.1" {status} 12 "-" "Mo \\x22zilla\\x22"'
            )
    made += [
        '10.0.0.3 - bob [22/Nov/2026:00:00:00 +0000] "GET / HTTP/1.1" 304 0 "-" "-"'
    ] * 200
    return made


@pytest.mark.parametrize("tail", ["", ' "203.0.113.9"'])
def test_who_asks_most_and_too_often_are_the_pipelines(cli, tmp_path, tail):
    path = tmp_path / "access.log"
    path.write_text("".join(f"{line}{tail}\n" for line in access_lines()))

    answer = cli("logs", "access", path, "--top", 20)

    assert answer.code == 0, answer.err
    assert answer.out == script(TOP, path) + script(SUSPECTS, path)
    assert "Suspicious IP: 10.0.0.1 Requests: 101\n" in answer.out
    assert "10.0.0.2 Requests" not in answer.out


def test_broken_lines_are_counted_apart_and_spoil_no_number(cli, tmp_path):
    sound = access_lines()
    broken = ["", "\x00\x01", 'half "GET / HT', "nospace", '1.2.3.4 - - [x] "a" "b']
    mixed = []
    for number, line in enumerate(sound):
        mixed += [line, broken[number % len(broken)]] if number % 40 == 0 else [line]
    plain, spoiled = tmp_path / "a.log", tmp_path / "b.log.gz"
    plain.write_text("\n".join(sound) + "\n")
    spoiled.write_bytes(gzip.compress("\n".join(mixed).encode() + b"\n"))

    one = cli("logs", "analyze", plain, "--json").json
    other = cli("logs", "analyze", spoiled, "--json", "--format", "nginx:combined").json

    assert other["unparsed"] == len(mixed) - len(sound) > 0
    assert other | {"unparsed": 0} == one
    assert one["statuses"] == {"200": 205, "304": 200, "502": 3}
    assert one["hours"]["22/Nov/2026:00"] == 200


def test_a_log_format_of_ones_own_and_a_day_are_taken(cli, tmp_path):
    form = "nginx:[$time_iso8601] $status $request_time ${remote_addr} '$request'"
    lines = [
        f"[{day}T0{hour}:00:00+00:00] 200 0.{hour}50 10.0.0.{hour} 'GET /x HTTP/1.1'"
        for day in (DAY, OTHER)
        for hour in (1, 2)
    ]
    path = tmp_path / "x.log"
    path.write_text("\n".join(lines) + "\n")

    found = cli("logs", "analyze", path, "--format", form, "--date", DAY, "--json").json

    assert found["hours"] == {f"{DAY}T01": 1, f"{DAY}T02": 1}
    assert found["times"]["mean"] == pytest.approx(0.2)
    assert [a["address"] for a in found["addresses"]] == ["10.0.0.2", "10.0.0.1"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("errors", "/no/such.log"), 74, "/no/such.log cannot be read"),
        (("analyze",), 2, "no file was named"),
        (("analyze", __file__, "--format", "xml"), 2, "no form of a log"),
        (("access", __file__, "--format", "json"), 2, "no access log"),
        (("errors", __file__, "--format", "nginx:main"), 2, "an access log"),
    ],
)
def test_what_cannot_be_read_is_said_in_a_line(cli, words, code, said):
    answer = cli("logs", *words)

    assert (answer.code, answer.out) == (code, "")
    assert said in answer.err


def test_a_log_without_line_ends_does_not_fill_the_memory(cli, tmp_path):
    path = tmp_path / "one.log"
    path.write_bytes(b"x" * 3_000_000 + b" ERROR\n2026-11-21 01:00:00 ERROR\n")

    assert cli("logs", "analyze", path, "--json").json["errors"]["total"] in {1, 2}
