"""Every broken configuration is refused with its file, line, column, key and hint."""

import re

import pytest

from agent2.compiler import compile_text
from tests.contract.configs import GOOD, ROWS

SHAPE = re.compile(
    r"agent2: /etc/a\.yaml:(\d+):(\d+): (warning: )?(\S+): .+, got .+; expected .+\.( .+)?"
)
ENVIRON = {"HOME": "/home/x", "SECRET": "hunter2"}


def refuse(text, environ=ENVIRON):
    tree, problems = compile_text(text, "/etc/a.yaml", "/tmp/s", "", environ)
    assert tree is None
    return [str(problem) for problem in problems]


@pytest.mark.parametrize(
    ("text", "key", "words"), [row[1:] for row in ROWS], ids=[r[0] for r in ROWS]
)
def test_says_where_and_what_and_what_to_do(text, key, words):
    before, mark, _ = text.partition("§")
    assert mark, "the row has no §"
    place = (before.count("\n") + 1, len(before) - before.rfind("\n"))
    lines = refuse(text.replace("§", "", 1))
    found = [SHAPE.fullmatch(line) for line in lines]
    assert all(found), lines
    wanted = [
        line
        for line, match in zip(lines, found, strict=True)
        if (int(match[1]), int(match[2])) == place and match[4] == key
    ]
    assert wanted, (place, key, lines)
    assert all(word in wanted[0] for word in words.split("|")), wanted[0]


@pytest.mark.parametrize("text", [row[1] for row in ROWS], ids=[row[0] for row in ROWS])
def test_shows_no_secret_and_no_control_character(text):
    for line in refuse(text.replace("§", "", 1)):
        assert "hunter2" not in line
        assert "4715" not in line
        assert line.isprintable()
        assert len(line) <= 1000


def test_there_are_enough_rows_to_believe_in():
    assert len(ROWS) >= 60
    assert len({row[0] for row in ROWS}) == len(ROWS)


def test_all_problems_come_at_once_in_the_order_of_the_file():
    text = (
        "version: 3\nlanguage: fr\ntargets:\n"
        "  - {name: a b, interval: never, checks: [{kind: tcp, port: 0}, {kind: tpc}]}\n"
        "  - {name: b, depends_on: [z], checks: [{kind: http, url: nope}]}\n"
        "notifiers: [{name: n, kind: slack}]\nroutes: [{notifiers: [m]}]\n"
    )
    lines = refuse(text)
    keys = [SHAPE.fullmatch(line)[4] for line in lines]
    assert keys == [
        "version",
        "language",
        "targets[0].name",
        "targets[0].interval",
        "targets[0].checks[0].port",
        "targets[0].checks[1].kind",
        "targets[1].depends_on[0]",
        "targets[1].checks[0].url",
        "notifiers[0].webhook_url",
        "notifiers[0].name",  # a warning: no route uses it
        "routes[0].notifiers[0]",
    ]


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"\xef\xbb\xbf" + GOOD.encode(), "byte-order mark"),
        (b"a: \xff\n", "is not UTF-8, got the byte 0xff"),
        (GOOD.encode("utf-16"), "is not UTF-8"),
    ],
)
def test_bytes_that_are_no_plain_utf8_are_refused(raw, words):
    (line,) = refuse(raw)
    assert words in line


@pytest.mark.parametrize("text", ["port: 80\nname: [", "{", "targets: [*a]", "\u2028"])
def test_one_problem_is_enough_where_the_rest_cannot_be_read(text):
    assert len(refuse(text)) == 1


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("AGENT2_PROFILE", "prd"),
        ("AGENT2_INTERVAL", "soon"),
        ("AGENT2_TIMEOUT", "-1"),
        ("AGENT2_FAILURE_THRESHOLD", "two"),
        ("AGENT2_SUCCESS_THRESHOLD", "0"),
        ("AGENT2_LANGUAGE", "fr"),
        ("AGENT2_LOG_LEVEL", "LOUD"),
        ("AGENT2_INTERVAL", "${SECRET}"),
    ],
)
def test_a_bad_variable_is_refused_by_its_name(variable, text):
    (line,) = refuse(GOOD, ENVIRON | {variable: text})
    assert line.startswith(f"agent2: environment: {variable}: ")
    assert "hunter2" not in line


def test_a_bad_profile_of_the_command_line_is_refused():
    tree, problems = compile_text(GOOD, "/etc/a.yaml", "/tmp/s", "prd", ENVIRON)
    assert tree is None
    assert str(problems[0]).startswith("agent2: command line: --profile: ")
    assert "Did you mean prod?" in str(problems[0])
