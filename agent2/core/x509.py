"""What of a certificate a watchdog needs: whose it is, and from when to when it holds.

The few parts of DER (X.690) and X.509 (RFC 5280) that lead there; nothing is verified.
"""

from __future__ import annotations

from agent2.core import civil
from agent2.core.heartbeat import ago
from agent2.core.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_SEQUENCE, _SET, _OID = 0x30, 0x31, 0x06
_UTC, _GENERAL = 0x17, 0x18  # the two spellings of a time
_VERSION = 0xA0
_COMMON_NAME, _ORGANISATION = b"\x55\x04\x03", b"\x55\x04\x0a"
_UTF16, _LATIN = 0x1E, 0x14


class CertificateError(ValueError):
    """It is no certificate."""


@value
class Certificate:
    """Names for people and epoch seconds."""

    subject: str
    issuer: str
    begins: float
    ends: float


def read(der: bytes) -> Certificate:
    """Return what stands in *der*.

    Raises:
        CertificateError: it is none.
    """
    try:
        ((tag, whole),) = _parts(der)
        body = next(_parts(whole))[1] if tag == _SEQUENCE else b""
        parts = [part for part in _parts(body) if part[0] != _VERSION]
        _serial, _algorithm, issuer, validity, subject = (p[1] for p in parts[:5])
        begins, ends = (_time(*part) for part in _parts(validity))
        return Certificate(_name(subject), _name(issuer), begins, ends)
    except (ValueError, StopIteration):
        raise CertificateError("no certificate") from None


def stands(found: Certificate, now: float) -> str:
    """Return in one line for how long *found* holds."""
    year, month, day = civil.date(int(found.ends) // 86400)
    date, whose = f"{year:04}-{month:02}-{day:02}", f'certificate "{found.subject}"'
    if now >= found.ends:
        return f"{whose} expired {ago(now - found.ends)} ago ({date})"
    if now < found.begins:
        return f"{whose} holds only in {ago(found.begins - now)}"
    told = f"{whose} expires in {ago(found.ends - now)} ({date})"
    return told if found.subject == found.issuer else f"{told}, by {found.issuer}"


def _parts(raw: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield tag and content of each element that *raw* is made of."""
    at = 0
    while at < len(raw):
        if at + 2 > len(raw):
            raise ValueError
        tag, size, at = raw[at], raw[at + 1], at + 2
        if size & 0x80:
            many = size & 0x7F
            if not 1 <= many <= 4 or at + many > len(raw):
                raise ValueError
            size, at = int.from_bytes(raw[at : at + many], "big"), at + many
        if at + size > len(raw):
            raise ValueError
        yield tag, raw[at : at + size]
        at += size


def _name(raw: bytes) -> str:
    """Return the common name, else the organisation, else all that is said."""
    found: dict[bytes, str] = {}
    for tag, relative in _parts(raw):
        for _, pair in _parts(relative) if tag == _SET else ():
            (_, oid), (sort, text) = _parts(pair)
            coding = {_UTF16: "utf-16-be", _LATIN: "latin-1"}.get(sort, "utf-8")
            found[oid] = text.decode(coding, "replace")
    first = found.get(_COMMON_NAME) or found.get(_ORGANISATION)
    return first or ", ".join(found.values()) or "without a name"


def _time(tag: int, raw: bytes) -> float:
    text = raw.decode("ascii")
    if tag == _UTC:  # two figures: 1950 to 2049
        text = ("19" if text >= "50" else "20") + text
    elif tag != _GENERAL:
        raise ValueError
    if len(text) != 15 or not text[:14].isdecimal() or text[14] != "Z":
        raise ValueError
    year, month, day = int(text[:4]), int(text[4:6]), int(text[6:8])
    hour, minute, second = int(text[8:10]), int(text[10:12]), int(text[12:14])
    if not (1 <= month <= 12 and 1 <= day <= 31):
        raise ValueError
    days = civil.days(year, month, day)
    return float(days * 86400 + hour * 3600 + minute * 60 + second)
