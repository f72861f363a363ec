"""Values whose fields are the columns of a table, in the same order: rows and back."""

from __future__ import annotations

from enum import Enum

from agent2.store.codec import count, dump, maybe_number, number, plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, TypeVar

    T = TypeVar("T")


def maybe_text(found: object) -> str | None:
    """Return *found* as text, or None if it is nothing."""
    return None if found is None else str(found)


_READ: dict[str, Callable[[Any], Any]] = {
    "str": str,
    "str | None": maybe_text,
    "int": count,
    "float": number,
    "float | None": maybe_number,
    "bool": bool,
}


def reader(cls: type[T], **own: Callable[[Any], Any]) -> Callable[[Sequence[Any]], T]:
    """Return what makes a *cls* of a row; what it returns never raises.

    A cell is read by the annotation of its field, or as *own* says for its name.
    """
    kinds = cls.__annotations__.items()
    reads = [own.get(name) or _READ[kind] for name, kind in kinds]
    return lambda row: cls(*[read(cell) for read, cell in zip(reads, row, strict=True)])


def columns(cls: type) -> str:
    """Return the names of the fields of *cls*, as SQL lists columns."""
    return ", ".join(cls.__match_args__)  # type: ignore[attr-defined]


def insert(table: str, names: str, *, otherwise: str = "IGNORE") -> str:
    """Return the SQL that puts a row in; *otherwise* is for one that is there."""
    marks = ", ".join("?" * (names.count(",") + 1))
    return f"INSERT OR {otherwise} INTO {table} ({names}) VALUES ({marks})"  # noqa: S608


def cells(*fields: object) -> list[Any]:
    """Return *fields* as SQLite takes them: enums by value, mappings as JSON."""
    return [_cell(each) for each in fields]


def _cell(field: Any) -> Any:
    if isinstance(field, str):
        return plain(field)
    if isinstance(field, Enum):
        return field.value
    if field is None or isinstance(field, (int, float)):
        return field
    return dump(dict(field))
