"""Lines that hold a text are those, and no other, that a plain look would find."""

from __future__ import annotations

import random

import pytest

from agent2.logs.lines import holding, needle, tally

TEXTS = ("ERROR", "aba", "Ea", "a:", "zz", "响应")


def blocks():
    chance = random.Random(4)
    for _ in range(200):
        words = [chance.choice(["a", "b", "E", ":", "z", "\n", "响", *TEXTS])]
        words += chance.choices(["a", "b", "E", ":", "z", "\n", "响", *TEXTS], k=60)
        yield "".join(words).encode() + b"\n"


@pytest.mark.parametrize("text", TEXTS)
def test_the_lines_that_hold_a_text_are_found_whatever_else_holds_its_letters(text):
    for block in blocks():
        wanted = [line for line in block.split(b"\n") if text.encode() in line]

        assert list(holding(block, text.encode())) == wanted
        assert list(needle(text)(block)) == wanted
        assert tally(text)(block) == len(wanted)


def test_a_text_at_both_ends_of_a_block_is_found_once_each():
    assert list(holding(b"ERROR a\nERRO\nb ERROR", b"ERROR")) == [
        b"ERROR a",
        b"b ERROR",
    ]
    assert list(holding(b"", b"ERROR")) == []
    assert list(holding(b"E" * 50 + b"RROR", b"ERROR")) == [b"E" * 50 + b"RROR"]
