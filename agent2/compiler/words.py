"""What a type needs to know while it reads, and how it says no."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

PUBLIC = "Write it out; what comes from a reference is a secret."
TEXT_OR_REFERENCE = {"type": "string", "pattern": r"\$\{|^\{instance\}$"}


class Scope(NamedTuple):
    """Where references lead and what paths are relative to."""

    environ: Mapping[str, str]
    base: str
    home: str


class Instance(str):
    """What was put for ``{instance}``: a text, or a number where one is asked for."""

    __slots__ = ()


class Wrong(ValueError):  # noqa: N818  (a statement about a value, not a failure)
    """A value is not what its type asks for; the type says what that is.

    *hint* None is no hint, "" that of the type; *expected* overrides what the type
    would say; *hidden*: the value came from a reference or is a secret, so it is not
    shown.
    """

    def __init__(
        self,
        what: str,
        hint: str | None = "",
        *,
        expected: str = "",
        hidden: bool = False,
    ) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint
        self.expected = expected
        self.hidden = hidden
