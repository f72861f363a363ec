"""A plugin writes annotations; schema, messages and reading come of themselves."""

import sys
import textwrap

import pytest

from agent2 import plugins
from agent2.compiler import compile_text
from agent2.compiler import plugin_models as models
from agent2.core.model import Facet
from agent2.core.value import value
from agent2.plan.secret import Secret
from agent2.plan.stored import from_json
from agent2.plugins import load

HOME = {"HOME": "/home/x", "PW": "hunter2"}

MODULE = '''
from __future__ import annotations
from agent2.core.model import Facet
from agent2.core.value import value
from agent2.plan.secret import Secret

@value
class OddCheck:
    """Ask something odd.

    Attributes:
        level: How loud,
            and how long.
    """

    kind = "odd"
    facet = Facet.HEALTH
    CHOICES = {"mode": ("soft", "hard")}

    level: int
    where: Url
    from_: str = "here"
    wait: Seconds = 1.5
    door: Port | None = None
    token: Secret = Secret("")
    file: Path = ""
    mode: str = "soft"
    words: tuple[str, ...] = ()
    codes: tuple[int, ...] = ()
    limits: dict[str, float] = {}
    copy: bool = False

    def problems(self):
        if self.level > 9:
            yield "level", "is too loud", "9 is the most"
'''


@pytest.fixture
def odd(tmp_path, monkeypatch):
    """Install a package with one check of a kind that is not ours."""
    (tmp_path / "odd_plugin.py").write_text(MODULE)
    place = tmp_path / "odd_plugin-1.0.dist-info"
    place.mkdir()
    (place / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: odd-plugin\nVersion: 1.0\n"
    )
    (place / "entry_points.txt").write_text(
        textwrap.dedent("""\
        [agent2.checks]
        odd = odd_plugin:OddCheck
        gone = no_such_module:Gone
        """)
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    sys.modules.pop("odd_plugin", None)


def read(options):
    text = "targets:\n  - name: a\n    checks:\n      - {kind: odd, " + options + "}\n"
    tree, problems = compile_text(text, "/c/a.yaml", "/s", "", HOME)
    lines = [str(p) for p in problems]
    return (from_json(tree).targets[0].checks[0].options if tree else None), lines


def test_every_word_of_a_foreign_plugin_is_read(odd):
    options, lines = read(
        "level: 3, where: 'https://h/', from: there, wait: 2m, door: 25, token: '${PW}', file: x/y, "
        "mode: hard, words: [a, '${PW}'], codes: 7, limits: {cpu: 0.5, ram: 2}, copy: true"
    )
    assert lines == []
    assert options == {
        "level": 3,
        "where": "https://h/",
        "from_": "there",
        "wait": 120.0,
        "door": 25,
        "token": Secret("${PW}"),
        "file": "/c/x/y",
        "mode": "hard",
        "words": ("a", Secret("${PW}")),
        "codes": (7,),
        "limits": {"cpu": 0.5, "ram": 2.0},
        "copy": True,
    }
    assert load("checks", "odd")(**options).level == 3


@pytest.mark.parametrize(
    ("options", "key", "words"),
    [
        (
            "where: 'https://h/'",
            "level",
            "is missing, got nothing; expected a whole number",
        ),
        ("level: 3, where: x", "where", "expected an http:// or https:// URL"),
        ("level: 3, where: 'https://h/', from_: x", "from_", "unknown key"),
        ("level: 3, where: 'https://h/', door: 0", "door", "a port from 1 to 65535"),
        ("level: 3, where: 'https://h/', door: ", "door", "is empty"),
        ("level: 3, where: 'https://h/', mode: hrd", "mode", "Did you mean hard?"),
        (
            "level: 3, where: 'https://h/', limits: {cpu: much}",
            "limits.cpu",
            "is no number",
        ),
        ("level: 3, where: 'https://h/', words: [1]", "words[0]", "is no text"),
        ("level: 3, where: 'https://h/', token: 1e3", "token", "got ***"),
        ("level: 3, where: 'https://h/', copy: on", "copy", "got on"),
        (
            "level: 10, where: 'https://h/'",
            "level",
            "is too loud, got 10; expected a whole number. 9 is the most.",
        ),
    ],
)
def test_every_word_of_a_foreign_plugin_is_checked(odd, options, key, words):
    found, lines = read(options)
    assert found is None
    assert len(lines) == 1, lines
    assert f": targets[0].checks[0].{key}: " in lines[0]
    assert words in lines[0]


def test_a_kind_that_cannot_be_imported_is_one_clear_line(odd):
    text = "targets: [{name: a, checks: [{kind: gone}]}]\n"
    tree, problems = compile_text(text, "/c/a.yaml", "/s", "", HOME)
    assert tree is None
    assert "the check cannot be loaded: ModuleNotFoundError" in str(problems[0])


def test_foreign_kinds_are_among_those_that_are_known(odd):
    text = "targets: [{name: a, checks: [{kind: od}]}]\n"
    _, problems = compile_text(text, "/c/a.yaml", "/s", "", HOME)
    known = ", ".join(plugins.TABLE["checks"])
    assert f"expected one of {known}, gone, odd. Did you mean odd?" in str(problems[0])


def test_the_docstring_gives_the_meaning_of_an_option(odd):
    cls = load("checks", "odd")
    assert models.meaning(cls, "level") == "How loud, and how long."
    assert models.meaning(cls, "wait") == ""
    assert models.about(cls) == "Ask something odd."


def test_annotations_may_be_types_as_well_as_words():
    @value
    class Plain:
        kind = "plain"
        facet = Facet.PORT
        text: str
        number: int = 1
        secret: Secret = Secret("")

    Plain.__annotations__ = {"text": str, "number": int, "secret": Secret}
    assert [
        models.word_of(Plain, n).name.split(",")[0]
        for n in ("text", "number", "secret")
    ] == [
        "a text",
        "a whole number",
        "a text",
    ]
    assert models.word_of(Plain, "secret").secret


def test_a_plugin_that_breaks_while_it_is_asked_is_one_clear_line(odd):
    text = (
        "targets: [{name: a, checks: [{kind: odd, level: 1, where: 'https://h/'}]}]\n"
    )
    broken = MODULE.replace("if self.level > 9:", "if {}['hunter2']:")
    (odd / "odd_plugin.py").write_text(broken)
    tree, problems = compile_text(text, "/c/a.yaml", "/s", "", HOME)
    assert tree is None
    assert "cannot be used: KeyError" in str(problems[0])
    assert "hunter2" not in str(problems[0])
