"""A question for addresses, and its answer, as they stand in a datagram (RFC 1035)."""

from __future__ import annotations

from agent2.core.value import value

KINDS = {"A": 1, "AAAA": 28}
_CNAME, _IN = 5, 1
_RESPONSE, _TRUNCATED = 0x8000, 0x0200
_LENGTHS = {1: 4, 28: 16}
_JUMPS = 64
_RECORDS = 1000
_WORDS = {
    0: "",
    1: "FORMERR",
    2: "SERVFAIL",
    3: "no such name",
    4: "NOTIMP",
    5: "REFUSED",
}


class DnsError(ValueError):
    """It is no answer to our question, or not put together properly."""


@value
class Reply:
    """What a server answers.

    Attributes:
        truncated: The rest did not fit: ask again over TCP.
        trouble: Why there is no answer, "" if there is one.
        addresses: As bytes, 4 or 16 each, in their order.
    """

    truncated: bool
    trouble: str
    addresses: tuple[bytes, ...]


def is_name(host: str) -> bool:
    """Can *host* be asked for?"""
    labels = host.rstrip(".").split(".")
    sizes = [len(label) for label in labels]
    return (
        host.isascii()
        and host.isprintable()
        and " " not in host
        and (min(sizes) > 0 and max(sizes) <= 63 and sum(sizes) + len(sizes) <= 254)
    )


def question(number: int, host: str, kind: str) -> bytes:
    """Return the datagram that asks for the addresses of *host*; *kind*: A, AAAA."""
    head = number.to_bytes(2, "big") + b"\1\0\0\1\0\0\0\0\0\0"  # recursion, please
    labels = (label.encode("ascii") for label in host.rstrip(".").split("."))
    name = b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
    return head + name + KINDS[kind].to_bytes(2, "big") + _IN.to_bytes(2, "big")


def answered(raw: bytes, asked: bytes) -> Reply:
    """Return what *raw* answers to the datagram *asked*.

    Raises:
        DnsError: it answers another question, or is damaged.
    """
    if len(raw) < 12 or raw[:2] != asked[:2]:
        raise DnsError("an answer to another question")
    flags, questions, records = (_u16(raw, at) for at in (2, 4, 6))
    if not flags & _RESPONSE or questions != 1 or records > _RECORDS:
        raise DnsError("no proper answer")
    host, at = _name(raw, 12)
    if (host, raw[at : at + 4]) != (_name(asked, 12)[0], asked[-4:]):
        raise DnsError("an answer to another question")
    trouble = _WORDS.get(flags & 15, f"error {flags & 15}")
    if flags & _TRUNCATED or trouble:
        return Reply(bool(flags & _TRUNCATED), trouble, ())
    return Reply(False, "", _addresses(raw, at + 4, records, host, _u16(asked, -4)))


def _addresses(
    raw: bytes, at: int, records: int, host: bytes, kind: int
) -> tuple[bytes, ...]:
    """Return the addresses of *host*, also by way of its aliases."""
    aliases: dict[bytes, bytes] = {}
    found: list[tuple[bytes, bytes]] = []
    for _ in range(records):
        owner, at = _name(raw, at)
        sort, space, size = _u16(raw, at), _u16(raw, at + 2), _u16(raw, at + 8)
        at += 10
        if at + size > len(raw):
            raise DnsError("it is cut off")
        if space == _IN and sort == _CNAME:
            aliases[owner] = _name(raw, at)[0]
        elif space == _IN and sort == kind:
            if size != _LENGTHS[kind]:
                raise DnsError("an address of a wrong length")
            found.append((owner, raw[at : at + size]))
        at += size
    names = {host}
    while host in aliases and aliases[host] not in names:
        host = aliases[host]
        names.add(host)
    return tuple(address for owner, address in found if owner in names)


def _u16(raw: bytes, at: int) -> int:
    at += len(raw) if at < 0 else 0
    if at + 2 > len(raw):
        raise DnsError("it is cut off")
    return int.from_bytes(raw[at : at + 2], "big")


def _name(raw: bytes, at: int) -> tuple[bytes, int]:
    """Return the name at *at* in small letters, and where it ends."""
    labels: list[bytes] = []
    end = -1
    for _ in range(_JUMPS + 128):
        if at >= len(raw):
            raise DnsError("it is cut off")
        size = raw[at]
        if size >= 0xC0:  # the rest stands elsewhere
            end = at + 2 if end < 0 else end
            at = _u16(raw, at) & 0x3FFF
            continue
        if size > 63 or at + 1 + size > len(raw):
            raise DnsError("a name is damaged")
        at += 1 + size
        if size == 0:
            return b".".join(labels), at if end < 0 else end
        labels.append(raw[at - size : at].lower())
    raise DnsError("a name turns in a circle")
