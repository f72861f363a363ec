"""The text that ``nginx -T`` prints, held against an expectation."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from agent2.cli.doctor.finding import Finding
from agent2.cli.words import say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent2.cli.doctor.expected import Wanted
    from agent2.cli.doctor.finding import Case

_TOKEN = re.compile(
    r"""\#[^\n]*|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[{};]|(?:[^\s{};"'\\]|\\.)+"""
)
_FILE = re.compile(r"# configuration file (.+):$")


def compare(case: Case, text: str, wanted: dict[str, Wanted]) -> Iterator[Finding]:
    """Yield each place where a directive is not as it should be, or is nowhere."""
    known = list(directives(text))
    for name, want in wanted.items():
        stands = [(where, value) for where, each, value in known if each == name]
        case.note("nginx", **{name: [value for _, value in stands]})
        do = say("host.do_nginx", line=f"{name} {want.value};")
        if not stands:
            missing = say("host.no_directive", name=name, wanted=want)
            yield Finding("nginx", "missing", missing, do)
        for where, value in stands:
            if not want.holds(value):
                what = f"{where}: {name}"
                told = say("host.differs", name=what, has=value, wanted=want)
                yield Finding("nginx", "differs", told, do)


def directives(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield place (``file:line``), name and arguments of each directive, in order."""
    file, first, words, begun = "nginx", 1, list[str](), 1
    line, seen = 1, 0  # lines are counted once: a configuration may have a million
    for token in _TOKEN.finditer(text):
        word = token[0]
        line += text.count("\n", seen, token.start())
        seen = token.start()
        if word.startswith("#"):
            named = _FILE.fullmatch(word)
            if named:
                file, first = named[1], line + 1
        elif word in ("{", "}", ";"):
            if words and word != "}":
                yield f"{file}:{begun - first + 1}", words[0], " ".join(words[1:])
            words = []
        else:
            if not words:
                begun = line
            words.append(word[1:-1] if word[0] in "\"'" else word)
