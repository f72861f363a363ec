"""Both languages say the same things."""

from __future__ import annotations

import re
import string

import pytest

from agent2.cli.events.audit import ruled
from agent2.cli.main import LAZY
from agent2.cli.words import decide, en, en_help, say, speak, zh, zh_help
from tests.live.cli_kit import ROOT

SAID = re.compile(r"""say\(\s*f?["']([a-z0-9_.{}]+)["']""")
QUOTED = re.compile(
    r"""["']((?:demo|gate|stop|restarter|status|healthcheck|help|page|trace)\.[a-z_.]+)["']"""
)


def test_a_number_goes_with_its_word():
    assert en.WORDS["inbox.retried"].startswith("{count:")
    speak("en")
    told = [say("inbox.retried", count=count) for count in (0, 1, 2)]
    assert told[0] == "0 events are queued again"
    assert told[1:] == ["1 event is queued again", "2 events are queued again"]


def placeholders(sentence):
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def test_both_catalogues_have_the_same_sentences():
    assert en.WORDS.keys() == zh.WORDS.keys()
    assert en_help.HELP.keys() == zh_help.HELP.keys()


def test_each_sentence_has_the_same_placeholders_in_both_languages():
    ours = {key: placeholders(text) for key, text in en.WORDS.items()}
    theirs = {key: placeholders(text) for key, text in zh.WORDS.items()}
    assert {key for key in ours if ours[key] != theirs[key]} == set()


def test_every_sentence_that_the_code_says_is_there_and_no_other():
    code = "".join(p.read_text() for p in (ROOT / "agent2" / "cli").rglob("*.py"))
    said = {key for key in SAID.findall(code) if "{" not in key}
    said |= {key for key in QUOTED.findall(code) if key in en.WORDS}
    said |= {
        f"command.{name}"
        for name in (
            *LAZY,
            "target",
            "set",
            "ack",
            "unack",
            "resolve",
            "close",
            "host",
            "scheduler",
        )
    }
    said |= {f"table.{name}" for name in re.findall(r'"([a-z0-9_]+)"', code)}
    rules = "".join(
        (ROOT / "agent2/core" / f).read_text() for f in ("report.py", "slo.py")
    )
    parts = " ".join(re.findall(r'"([a-z0-9_ .]+)"', code + rules)).split()
    parts += ["burn.page", "burn.ticket"]  # made of the alarms' words
    for group in ("title", "column", "look", "alarm", "guarded", "area", "bare"):
        said |= {f"report.{group}.{one}" for one in parts} & en.WORDS.keys()

    said |= {f"order.{one}" for one in parts} & en.WORDS.keys()

    missing = {key for key in said - en.WORDS.keys() if not key.startswith("table.")}
    assert missing == set(), "cli/words/en_*.py and zh_*.py are to have them"
    assert en.WORDS.keys() - said == set(), "nobody says them"


def test_chinese_is_chinese_and_english_is_not():
    han = re.compile("[\u4e00-\u9fff]")

    assert not [key for key, text in en.WORDS.items() if han.search(text)]
    bare = {key for key, text in zh.WORDS.items() if not han.search(text)}
    assert bare == {
        key for key in bare if en.WORDS[key] == zh.WORDS[key] or key == "usage.bad"
    }


@pytest.mark.parametrize(
    ("asked", "configured", "environ", "expected"),
    [
        ("zh", "en", {"AGENT2_LANGUAGE": "en", "LANG": "en_US.UTF-8"}, "zh"),
        ("", "en", {"AGENT2_LANGUAGE": "zh", "LANG": "en_US.UTF-8"}, "zh"),
        ("", "zh", {"LANG": "en_US.UTF-8"}, "zh"),
        ("", "auto", {"LANG": "zh_CN.UTF-8"}, "zh"),
        ("auto", "", {"LC_ALL": "zh_TW.UTF-8", "LANG": "en_US.UTF-8"}, "zh"),
        ("", "", {"LANG": "C"}, "en"),
        ("", "", {}, "en"),
    ],
)
def test_language_by_option_environment_file_locale(
    tmp_path, asked, configured, environ, expected
):
    path = tmp_path / "agent2.yaml"
    path.write_text(f"version: 1\nlanguage: {configured}\n" if configured else "")

    assert decide(asked, str(path), environ) == expected


def test_a_fifo_in_the_place_of_the_configuration_does_not_hang(tmp_path):
    import os

    path = tmp_path / "agent2.yaml"
    os.mkfifo(path)

    assert decide("", str(path), {}) == "en"


def test_a_reason_that_a_policy_writes_is_read_in_both_languages():
    code = "".join(
        (ROOT / "agent2" / name).read_text()
        for name in ("core/builtin.py", "watcher/audit.py")
    )
    speak("en")
    assert all(told == text and f'"{text}"' in code for text, told in ruled().items())
    try:
        speak("zh")
        assert ruled()["no concerns"] == "没有疑虑"
        assert not {*ruled()} & {*ruled().values()}
    finally:
        speak("en")
