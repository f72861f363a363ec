"""The sentences of the command line, in English and Chinese.

``speak`` chooses once per process, before any command is loaded; ``say`` gives a
sentence. JSON keys, exit codes and the words that scripts read are never
translated.
"""

from __future__ import annotations

import os
import re
import string
from collections.abc import Mapping
from importlib import import_module

LANGUAGES = ("en", "zh")
_CONFIGURED = re.compile(rb"^language:[ \t]*[\"']?(en|zh)\b", re.MULTILINE)
_chosen: list[str] = ["en"]
_catalogues: dict[str, Mapping[str, str]] = {}


class _Sentences(string.Formatter):
    """Knows ``{count:event is|events are}``: the number, and what goes with it."""

    def format_field(self, value: object, spec: str) -> str:
        one, known, many = spec.partition("|")
        if not known:
            return str(super().format_field(value, spec))
        return f"{value} {one if str(value) == '1' else many}"


_SENTENCES = _Sentences()


def speak(language: str) -> None:
    """Use *language* (``en`` or ``zh``) from now on."""
    _chosen[0] = language if language in LANGUAGES else "en"


def language() -> str:
    """Return the language in use."""
    return _chosen[0]


def say(key: str, /, **values: object) -> str:
    """Return the sentence *key* with *values* put in.

    Raises:
        KeyError: there is no such sentence, or a value is missing.
    """
    name = _chosen[0]
    if name not in _catalogues:
        _catalogues[name] = import_module(f"agent2.cli.words.{name}").WORDS
    return _SENTENCES.vformat(_catalogues[name][key], (), values)


def decide(asked: str, config: str, environ: Mapping[str, str]) -> str:
    """Return the language: *asked*, environment, configuration, then the locale.

    *config* is the configuration file or "". Only its top-level ``language:`` line
    is looked at: the sentence that the file is broken must have a language too.
    """
    for word in (asked, environ.get("AGENT2_LANGUAGE", ""), _configured(config)):
        if word in LANGUAGES:
            return word
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if environ.get(name):
            return "zh" if environ[name].lower().startswith("zh") else "en"
    return "en"


def _configured(path: str) -> str:
    if not path:
        return ""
    try:
        # A FIFO in the place of the file must not hang us.
        number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        found = _CONFIGURED.search(os.read(number, 65536))
    except OSError:
        return ""
    finally:
        os.close(number)
    return found.group(1).decode() if found else ""
