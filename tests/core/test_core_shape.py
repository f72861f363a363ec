"""A value that came from a file holds what its fields say, or is refused."""

from __future__ import annotations

import pytest

from agent2.core.shape import sound
from agent2.core.value import replace, value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


@value
class Sample:
    text: str = "a"
    truth: bool = True
    count: int = 3
    number: float = 1.5
    texts: tuple[str, ...] = ("a",)
    numbers: tuple[float, ...] = (1.0, 2)
    words: dict[str, str] = {}  # noqa: RUF012  (values do not change)
    options: dict[str, Any] = {}  # noqa: RUF012
    other: object = None


def test_a_value_that_holds_what_it_says_is_given_back():
    made = Sample(words={"a": "b"}, options={"a": 1}, other=object())
    assert sound(made) is made
    assert sound(Sample(count=0, number=0, numbers=(), texts=()))
    assert sound(Sample(count=2**53, number=2.0**53))


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("text", None),
        ("text", 5),
        ("truth", 1),
        ("truth", "yes"),
        ("count", True),
        ("count", 1.0),
        ("count", -1),
        ("count", 2**53 + 1),
        ("number", True),
        ("number", "1"),
        ("number", -0.1),
        ("number", float("nan")),
        ("number", float("inf")),
        ("texts", ["a"]),
        ("texts", ("a", 1)),
        ("numbers", (1.0, "a")),
        ("numbers", [1.0]),
        ("words", {"a": 1}),
        ("words", {1: "a"}),
        ("words", ()),
        ("options", {1: "a"}),
        ("options", []),
    ],
)
def test_a_field_of_another_kind_is_named(field, wrong):
    with pytest.raises(TypeError, match=rf"^Sample\.{field} is no "):
        sound(replace(Sample(), **{field: wrong}))
