"""The token that every change needs: made once, kept in a file for its user alone."""

from __future__ import annotations

import hmac
import os
import secrets

from agent2.host.files import write_atomic
from agent2.plan.secret import read_secret

SHORTEST = 16


class TokenError(Exception):
    """The token cannot be used; the text says why and what to do."""


class Token:
    """The token in the file *path*; a changed file counts at once."""

    def __init__(self, path: str, *, make: bool) -> None:
        """Read it; with *make*, one that is missing is made (0600).

        Raises:
            TokenError: it is missing, too short, or others can read it.
        """
        self._path = path
        if make and not os.path.lexists(path):
            try:
                write_atomic(path, secrets.token_urlsafe(32).encode() + b"\n", 0o600)
            except OSError as error:
                raise TokenError(f"{path}: {error.strerror}") from None
        self._seen: tuple[int, int, int] | None = None
        self._text = b""
        self.read()

    def read(self) -> None:
        """Read the file again if it is another one than before.

        Raises:
            TokenError: as above; then nothing is right any more.
        """
        path = self._path
        try:
            there = os.stat(path)
            seen = (there.st_dev, there.st_ino, there.st_mtime_ns)
            if seen == self._seen:
                return
            self._seen, self._text = None, b""
            text = read_secret(path)[0].strip()
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "is no text"
            self._seen, self._text = None, b""
            raise TokenError(f"{path}: {why}; write a token into it") from None
        if there.st_mode & 0o077:
            raise TokenError(f"{path}: others can read it; run: chmod 600 {path}")
        if len(text) < SHORTEST:
            raise TokenError(f"{path}: shorter than {SHORTEST} characters")
        self._seen, self._text = seen, text.encode()

    def is_right(self, given: bytes) -> bool:
        """Is it the token? Takes the same time for every wrong one."""
        try:
            self.read()
        except TokenError:
            return False
        return bool(self._text) and hmac.compare_digest(self._text, given)
