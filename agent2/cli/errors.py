"""The one exception by which a command ends with a sentence and an exit code."""

from __future__ import annotations


class Failure(Exception):  # noqa: N818  (not every failure is an error)
    """A command cannot do what was asked.

    Args:
        code: The exit code, of ``codes``.
        message: What is wrong, one line, in the language of the user.
        hint: What to do about it: a command or a short sentence.
    """

    def __init__(self, code: int, message: str, hint: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
