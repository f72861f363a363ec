"""The catalogue of a language: id -> sentence. JSON keys and log tokens are in none.

Plain dicts and not gettext: a catalogue is compiled Python, it needs no build step,
and the watcher loads only the one it speaks.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

LANGUAGES = ("en", "zh")


def words(language: str) -> Mapping[str, str]:
    """Return the catalogue of *language* (``en`` for one that is not known)."""
    name = language if language in LANGUAGES else "en"
    module = __import__(f"agent2.wire.{name}", fromlist=["WORDS"])  # not importlib
    catalogue: Mapping[str, str] = module.WORDS
    return catalogue
