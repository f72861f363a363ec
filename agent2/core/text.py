"""Text that strangers wrote, made fit for one line of log, status and alert."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

LIMIT = 300
_SHORTEST = 4  # letters by which a secret that was cut is known
_SPACES = "\u00a0\u3000"  # not printable to Python, harmless to people


def one_line(text: str, limit: int = LIMIT) -> str:
    """Return *text* as one line of at most *limit* characters.

    Whatever could break a line, move the cursor, turn the writing direction or hide
    (control, bidi, U+2028, zero width, lone surrogates) is written as its escape.
    """
    if not text.isprintable():
        text = "".join(map(_shown, text[:limit]))
    return text if len(text) <= limit else text[: max(limit - 1, 0)] + "…"


def visible(text: str) -> str:
    """Return *text* whole, as one line that does nothing to a terminal."""
    return text if text.isprintable() else "".join(map(_shown, text))


def _shown(char: str) -> str:
    if char.isprintable():
        return char
    return " " if char in _SPACES else char.encode("unicode_escape").decode()


def place(error: BaseException) -> str:
    """Return an error's type and where it was raised: its text may hold a secret."""
    step = error.__traceback__
    while step is not None and step.tb_next is not None:
        step = step.tb_next
    name = type(error).__name__
    if step is None:
        return name
    file = step.tb_frame.f_code.co_filename.rpartition("/")[2]
    return f"{name} at {file}:{step.tb_lineno}"


def plain(text: Any) -> str:
    """Return a text option as it is to be *used*: a secret is given out.

    Raises:
        Exception: the secret's source is not there (``plan.SecretError``).
    """
    return str(text.reveal()) if hasattr(text, "reveal") else str(text)


def revealed(options: Iterable[object]) -> tuple[str, ...]:
    """Return in the clear those of *options* that are secrets, for ``scrub``."""
    return tuple(plain(option) for option in options if hasattr(option, "reveal"))


def scrub(text: str, secrets: tuple[str, ...]) -> str:
    """Return *text* with every one of *secrets* replaced by ``***``."""
    for secret in sorted(secrets, key=len, reverse=True):
        if secret:
            text = _uncut(text.replace(secret, "***"), secret)
    return text


def _uncut(text: str, secret: str) -> str:
    """Return *text* without the beginning of *secret* at which it was cut short."""
    if not text.endswith("…"):
        return text
    for size in range(len(secret) - 1, _SHORTEST - 1, -1):
        if text.endswith(secret[:size] + "…"):
            return text[: -size - 1] + "***…"
    return text
