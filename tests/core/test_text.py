"""What strangers wrote fits one line and hides nothing."""

from __future__ import annotations

import pytest

from agent2.core.text import one_line, place, plain, revealed, scrub, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain words", "plain words"),
        ("端口 8080 未监听", "端口 8080 未监听"),
        ("two\nlines\r\n", "two\\nlines\\r\\n"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("nul\x00", "nul\\x00"),
        ("c1\x9b", "c1\\x9b"),
        ("a\u2028b\u2029c", "a\\u2028b\\u2029c"),
        ("abc\u202ecba", "abc\\u202ecba"),
        ("\u2066iso", "\\u2066iso"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("\ud800", "\\ud800"),
        ("wide\u3000space\u00a0here", "wide space here"),
        ("", ""),
    ],
)
def test_nothing_breaks_or_bends_a_line(text: str, shown: str) -> None:
    assert one_line(text) == shown
    assert one_line(text).isprintable()


@pytest.mark.parametrize("text", ["x" * 301, "\n" * 151, "\u202e" * 10_000])
def test_a_long_text_is_cut_to_the_limit_and_says_so(text: str) -> None:
    cut = one_line(text)
    assert len(cut) == 300
    assert cut.endswith("…")


def test_a_text_of_just_the_limit_is_whole() -> None:
    assert one_line("x" * 300) == "x" * 300
    assert one_line("abcd", 3) == "ab…"


def test_a_secret_option_is_given_out_only_by_plain() -> None:
    class Hidden:
        def reveal(self) -> str:
            return "open"

        def __str__(self) -> str:
            return "***"

    assert plain(Hidden()) == "open"
    assert plain("text") == "text"
    assert revealed(("text", Hidden())) == ("open",)


def test_every_secret_is_scrubbed_the_longest_first() -> None:
    assert scrub("token abcdef and abc", ("abc", "abcdef", "")) == "token *** and ***"


def test_a_text_can_be_made_visible_without_being_cut() -> None:
    assert visible("a\n" * 400) == "a\\n" * 400
    assert visible("x" * 5000) == "x" * 5000


def test_an_error_is_told_by_its_type_and_place_and_never_by_its_text() -> None:
    def deep() -> None:
        raise ValueError("secret")

    with pytest.raises(ValueError, match="secret") as caught:
        deep()
    line = deep.__code__.co_firstlineno + 1
    assert place(caught.value) == f"ValueError at test_text.py:{line}"
    assert place(KeyError("secret")) == "KeyError"


def test_a_secret_that_was_cut_short_is_scrubbed_to_the_end() -> None:
    assert scrub("key is s3cretke…", ("s3cretkey1",)) == "key is ***…"
    assert scrub("a pass…", ("passage",)) == "a ***…"
    assert scrub("it is s3cretke", ("s3cretkey1",)) == "it is s3cretke"
