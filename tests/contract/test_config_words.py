"""A plain word means one thing or is refused: never what one YAML reader guesses."""

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from agent2.compiler import yaml_marks, yaml_tree
from agent2.compiler.problems import Guess
from agent2.compiler.scalars import resolve


@pytest.mark.parametrize(
    "text",
    [
        *("yes", "Yes", "YES", "no", "No", "on", "On", "ON", "off", "Off", "OFF"),
        *(
            "010",
            "0600",
            "0o17",
            "0x1F",
            "0b11",
            "-07",
            "9" * 30,
            "1:30",
            "1:30:00",
            "12:30.5",
            "-1:30",
        ),
        *(
            "1_000",
            "1e3",
            "1.5e3",
            "1E-3",
            "+5",
            "+1.5",
            ".5",
            "5.",
            ".inf",
            "-.INF",
            ".nan",
            "1_0.5",
        ),
        *("2026-11-20", "2026-11-20T10:00:00Z", "2026-11-20 10:00:00"),
    ],
)
def test_what_readers_disagree_about_is_a_guess(text):
    assert type(resolve(text)) is Guess


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        *(("5", 5), ("-5", -5), ("0", 0), ("1.5", 1.5), ("-0.25", -0.25)),
        *(("true", True), ("False", False), ("TRUE", True)),
        *(("", None), ("~", None), ("null", None), ("NULL", None)),
        *(
            ("5s", "5s"),
            ("1m30s", "1m30s"),
            ("10MB", "10MB"),
            ("a.b", "a.b"),
            ("127.0.0.1", "127.0.0.1"),
        ),
        *(
            ("127.0.0.1:8080", "127.0.0.1:8080"),
            ("::1", "::1"),
            ("y", "y"),
            ("None", "None"),
            ("tRue", "tRue"),
        ),
        *(
            ("http://h/", "http://h/"),
            ("-", "-"),
            ("1.2.3", "1.2.3"),
            ("0x", "0x"),
        ),
    ],
)
def test_what_readers_agree_about_is_itself(text, meant):
    found = resolve(text)
    assert (found, type(found)) == (meant, type(meant))


@settings(max_examples=2000, deadline=None)
@given(st.text("0123456789.:+-_eExobnfyYNOtruslaSETZ~ ", max_size=9).map(str.strip))
def test_where_it_differs_from_pyyaml_it_is_a_guess(text):
    """PyYAML follows YAML 1.1, whose guesses are the ones that surprise people."""
    resolver = yaml.SafeLoader("").resolve(yaml.ScalarNode, text, (True, False))
    found = resolve(text)
    if type(found) is Guess or resolver == "tag:yaml.org,2002:str":
        return
    if len(text) > 18 or resolver in {
        "tag:yaml.org,2002:merge",
        "tag:yaml.org,2002:value",
    }:
        return
    assert type(found) in (bool, int, float, type(None))
    assert found == yaml.safe_load(f"a: {text}")["a"]


def read(text):
    root, problems = yaml_marks.compose(text.encode(), "f.yaml")
    return yaml_tree.plain(root) if root is not None else None, [
        str(p) for p in problems
    ]


def test_quotes_make_a_text_of_anything():
    assert read("a: ['on', \"010\", '', '~']\n") == ({"a": ["on", "010", "", "~"]}, [])


def test_places_are_counted_in_characters_from_one():
    root, _ = yaml_marks.compose("鍵: {ключ: [値, 文字]}\n".encode(), "f.yaml")
    assert yaml_tree.locate(root, ("鍵", "ключ", 1)) == (1, 15)
    assert yaml_tree.locate(root, ("鍵", "ключ"), key=True) == (1, 5)
    assert yaml_tree.locate(root, ("鍵", "other", 3)) == (
        1,
        4,
    )  # the nearest that is there


def test_a_few_aliases_are_fine_and_a_flood_is_not():
    levels = "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
    for name, before in zip("bcdef", "abcde", strict=True):
        levels += f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n"
    assert read("a: &a [x]\nb: *a\n") == ({"a": ["x"], "b": ["x"]}, [])
    tree, problems = read(levels)
    assert tree is None
    assert "aliases that grow too large" in problems[0]
