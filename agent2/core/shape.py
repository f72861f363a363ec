"""Does a value hold what its fields say? Asked of what comes from a file."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeVar

    T = TypeVar("T")

_MOST = 2**53  # beyond it floats have gaps


def sound(made: T) -> T:
    """Return *made*, of whose fields the plain ones are of the types they name.

    Numbers are times and counts here: finite and not negative.

    Raises:
        TypeError: one is not.
    """
    for name, kind in type(made).__annotations__.items():
        fits = _FITS.get(kind)
        if fits is not None and not fits(getattr(made, name)):
            raise TypeError(f"{type(made).__name__}.{name} is no {kind}")
    return made


def _is_text(found: Any) -> bool:
    return type(found) is str


def _is_truth(found: Any) -> bool:
    return type(found) is bool


def _is_count(found: Any) -> bool:
    return type(found) is int and 0 <= found <= _MOST


def _is_number(found: Any) -> bool:
    return type(found) in (int, float) and 0.0 <= found <= _MOST


def _is_texts(found: Any) -> bool:
    return type(found) is tuple and all(map(_is_text, found))


def _is_numbers(found: Any) -> bool:
    return type(found) is tuple and all(map(_is_number, found))


def _is_words(found: Any) -> bool:
    return _is_options(found) and all(map(_is_text, found.values()))


def _is_options(found: Any) -> bool:
    return type(found) is dict and all(map(_is_text, found))


_FITS = {
    "str": _is_text,
    "bool": _is_truth,
    "int": _is_count,
    "float": _is_number,
    "tuple[str, ...]": _is_texts,
    "tuple[float, ...]": _is_numbers,
    "dict[str, str]": _is_words,
    "dict[str, Any]": _is_options,
}
