"""Rules between the options of a ``logfile`` check, and what is made of them."""

from __future__ import annotations

import re

from agent2.core.text import plain
from agent2.logs.nginx import FormatError, needed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any


def problems(check: Any) -> Iterator[tuple[str, str, str]]:
    """Yield ``(field, what is wrong, hint)`` of the options of *check*."""
    if bool(plain(check.file)) == bool(plain(check.journal)):
        yield "file", "one of file and journal must be given", "and not both"
    for name in ("max_size", "max_age"):
        if getattr(check, name) and plain(check.journal):
            yield name, "is asked of a file", "journald rotates by itself"
    try:
        needed(plain(check.format))
    except FormatError as error:
        yield "format", str(error), "for example json or nginx:main"
    for name in ("errors", "requests"):
        yield from _expression(name, plain(getattr(check, name)))
    for name, pattern in check.patterns.items():
        yield from _expression("patterns", plain(pattern), f"{name} ")
    for field in ("limits", "windows", "daily", "critical"):
        for name in getattr(check, field):
            if name not in check.patterns:
                hint = f"one of {', '.join(check.patterns)}" if check.patterns else ""
                yield field, f"{name} is no name of a pattern", hint
    for address in check.allow:
        if not _network(plain(address)):
            yield "allow", f"{plain(address)} is no address", "10.0.0.0/8, ::1"
    if not 0.0 <= check.slow_percentile <= 100.0:
        yield "slow_percentile", "is no percentile", "0 to 100"


def _expression(
    field: str, pattern: str, name: str = ""
) -> Iterator[tuple[str, str, str]]:
    try:
        re.compile(pattern.encode())
    except re.error as error:
        yield field, f"{name}is no pattern: {error}", "write . for any character"


def _network(text: str) -> object:
    from ipaddress import ip_network  # only for who allows something

    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


def allowed(given: tuple[str, ...]) -> Callable[[str], bool]:
    """Return what tells whether an address is in the *given* ones and networks."""
    texts = [plain(each) for each in given]
    if not texts:
        return lambda _address: False
    from ipaddress import ip_address, ip_network

    networks = [ip_network(text, strict=False) for text in texts]

    def known(address: str) -> bool:
        try:
            found = ip_address(address)
        except ValueError:
            return False
        return any(found in network for network in networks)

    return known
