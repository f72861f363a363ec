"""What an address may be. Refused here, it can never be asked for by accident."""

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import urlsplit

_ANY = "0.0.0.0 means every address of a machine; ask 127.0.0.1 or its name."
_METADATA = "There the keys of cloud machines are handed out; nothing asks there."


def fault(url: str) -> tuple[str, str] | None:
    """Return what is wrong with *url* and what to do, or None."""
    if not url.isascii() or not url.isprintable() or " " in url:
        return "holds characters that a URL cannot hold", "Percent-encode them."
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "is no URL", "For example https://example.com/path."
    if parts.scheme not in {"http", "https"}:
        return "is of no scheme that is asked", "Begin it with http:// or https://."
    if "@" in parts.netloc:
        hint = "Send it by headers, with the secret in ${NAME} or ${file:name}."
        return "holds a user name or password", hint
    if not host:
        return "has no host", "For example http://127.0.0.1:8080/."
    if port == 0:
        return "has port 0", "Ports are 1 to 65535."
    return host_fault(host)


def host_fault(host: str) -> tuple[str, str] | None:
    """Return what is wrong with asking *host*, and what to do, or None."""
    try:
        address = ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        # What inet_aton takes for an address and people do not: 0, 0x7f.1, 017.1.
        if re.fullmatch(
            r"(?:0x[0-9a-f]+|[0-9]+)(?:\.(?:0x[0-9a-f]+|[0-9]+)){0,3}", host
        ):
            return "is an odd spelling of an address", "Write four plain numbers."
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    address = mapped or address
    if address.is_unspecified:
        return "is no address that can be asked", _ANY
    if address.is_link_local:
        return "is a link-local address", _METADATA
    return None


def is_readable(url: str) -> bool:
    """Does *url* go to another machine as plain text?"""
    parts = urlsplit(url)
    return parts.scheme == "http" and not is_near(parts.hostname or "")


def is_near(host: str) -> bool:
    """Is *host* this machine, without asking a name server?"""
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def is_private(url: str) -> bool:
    """May *url* hold something that a screen should not show?"""
    return "@" in url or "?" in url or "#" in url
