"""What people call that which a place in a model takes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, get_args

from pydantic import BaseModel

from agent2.compiler.problems import Loc
from agent2.compiler.word import Word


def expected(model: Any, key: str) -> str:
    """Return in a few words what *key* of *model* takes."""
    return told(at(model, (key,))).partition(" with the keys ")[0]


def known_keys(model: Any) -> tuple[str, ...]:
    """Return the keys of *model* as they are written."""
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        return ()
    return tuple(f.alias or name for name, f in model.model_fields.items())


def at(model: Any, loc: Loc) -> Any:
    """Return the annotation (or model, or Word) of what stands at *loc* in *model*."""
    here = model
    for part in loc:
        if isinstance(part, int):
            here = _inner(here)
            continue
        inner = _model_in(here)
        if inner is None:
            here = _inner(here)
            continue
        for name, field in inner.model_fields.items():
            if part == (field.alias or name):
                here = _word_of(field.metadata) or field.annotation
                break
    return _model_in(here) or here if not isinstance(here, Word) else here


def _model_in(annotation: Any) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return None


def _inner(annotation: Any) -> Any:
    arguments = get_args(annotation)
    if not arguments:
        return annotation
    last = arguments[-1]
    return _word_of(getattr(last, "__metadata__", ())) or last


def _word_of(metadata: Iterable[Any]) -> Word | None:
    return next((each for each in metadata if isinstance(each, Word)), None)


def told(annotation: Any) -> str:
    """Return how people name what *annotation* takes."""
    word = annotation if isinstance(annotation, Word) else None
    word = word or _word_of(getattr(annotation, "__metadata__", ()))
    if word:
        return word.name
    model = _model_in(annotation)
    if model:
        return f"a mapping with the keys {', '.join(known_keys(model))}"
    text = str(annotation)
    if text.startswith("list["):
        inner = told(_inner(annotation))
        return f"a list, each {inner}"
    return "a mapping" if "dict[" in text else "another value"
