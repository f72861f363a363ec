"""Files that ``agent2 install`` wrote, known again; what is not ours is left alone.

Each carries one comment line with a checksum of all its other lines. Where it fits,
nobody has touched the file since, so that it may be replaced or removed; where it
does not, a person's work stands there.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from enum import Enum

import click

from agent2.cli.codes import CANNOT_CREATE, PERMISSION
from agent2.cli.errors import Failure
from agent2.cli.words import say
from agent2.host.files import read_small, write_atomic

_LARGEST = 1 << 16
# systemd, launchd, logrotate and newsyslog all pass a file with this end over.
_SPARE = ".bak"
_SEAL = re.compile(
    r"^(?:#|<!--) Written by `agent2 install (\w+)`.* sum ([0-9a-f]{16})(?: -->)?\n",
    re.MULTILINE,
)


class Standing(Enum):
    """What stands in the place of a file of ours."""

    NOTHING = "nothing"
    SAME = "same"
    OURS = "ours"  # written by us, for other paths or by an older Agent2
    FOREIGN = "foreign"  # edited by hand, or never ours


@dataclass(frozen=True, slots=True)
class Written:
    """A file to be there; without *text* one that shall go."""

    path: str
    text: str = ""

    @property
    def standing(self) -> Standing:
        """What is there now."""
        try:
            found = read_small(self.path, _LARGEST).decode("utf-8", "replace")
        except FileNotFoundError:
            return Standing.NOTHING
        except PermissionError:
            raise
        except OSError:
            return Standing.FOREIGN  # a link (a masked unit), a folder, too large
        if self.text and found == self.text:
            return Standing.SAME
        seal = _SEAL.search(found)
        fits = seal and seal[2] == _sum(_SEAL.sub("", found, count=1))
        return Standing.OURS if fits else Standing.FOREIGN

    def refuse_foreign(self, *, force: bool) -> None:
        """Refuse to touch what a person wrote.

        Raises:
            Failure: somebody's work stands there, and *force* was not given.
        """
        if self.standing is Standing.FOREIGN and not force:
            message = say("install.foreign", path=self.path)
            raise Failure(CANNOT_CREATE, message, say("try.install_force"))

    def put(self) -> None:
        """Write it and say so; a foreign file is kept beside it."""
        standing = self.standing
        if standing is Standing.SAME:
            click.echo(say("install.same", path=self.path))
            return
        if standing is Standing.FOREIGN:
            kept = self._free_name()
            os.rename(self.path, kept)
            click.echo(say("install.kept", path=kept))
        write_atomic(self.path, self.text.encode(), 0o644)
        click.echo(say("install.wrote", path=self.path))

    def take(self) -> None:
        """Remove it and say so; what had to make room for it comes back."""
        os.unlink(self.path)
        click.echo(say("uninstall.removed", path=self.path))
        if os.path.lexists(self.path + _SPARE):
            os.rename(self.path + _SPARE, self.path)
            click.echo(say("uninstall.restored", path=self.path))

    def _free_name(self) -> str:
        number, name = 1, self.path + _SPARE
        while os.path.lexists(name):
            number += 1
            name = f"{self.path}.{number}{_SPARE}"
        return name


def sealed(text: str, kind: str) -> str:
    """Return *text* with the line by which it is known again."""
    line = (
        f"Written by `agent2 install {kind}`, taken back by `agent2 uninstall {kind}`;"
        f" sum {_sum(text)}"
    )
    head, mark, rest = text.partition("<plist ")
    if mark:
        return f"{head}<!-- {line} -->\n{mark}{rest}"
    return f"# {line}\n{text}"


def need_folder(folder: str, hint: str) -> None:
    """Make the folder of installed files.

    Raises:
        Failure: it cannot be made or written by who asks.
    """
    try:
        os.makedirs(folder, exist_ok=True)
        may = os.access(folder, os.W_OK | os.X_OK)
    except PermissionError:
        may = False
    except OSError as error:
        message = say("error.write", path=folder, why=error.strerror or error)
        raise Failure(CANNOT_CREATE, message, hint) from None
    if not may:
        raise Failure(PERMISSION, say("error.permission", path=folder), hint)


def _sum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
