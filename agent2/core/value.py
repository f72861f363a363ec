"""``@value`` makes a frozen, slotted class of a list of annotated fields.

Type checkers see a frozen dataclass. At run time it is not one: the standard
``dataclasses`` module imports ``inspect`` and builds each class by compiling
six methods, which costs the watcher 12 ms and 2 MB at start (measured in
``bench/start.py``); this costs a tenth and gives the same behaviour that the
house uses: keyword and positional construction, defaults, equality, hash,
repr, ``__match_args__``, ``replace`` and ``as_dict``. ``__post_init__`` is called.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeVar, dataclass_transform

    T = TypeVar("T")
else:

    def dataclass_transform(**_options):  # noqa: ANN003, ANN201  (mypy reads the other)
        """Stand in for ``typing.dataclass_transform``, which costs 1 MB."""
        return lambda decorator: decorator


_SET = object.__setattr__


class FrozenError(AttributeError):
    """Somebody tried to change a value."""


def _refuse(self: object, name: str, *_value: object) -> None:
    raise FrozenError(f"{type(self).__name__}.{name} cannot be changed: use replace()")


def _repr(self: Any) -> str:
    names = type(self).__match_args__
    inner = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
    return f"{type(self).__qualname__}({inner})"


def _eq(self: Any, other: Any) -> Any:
    if type(other) is not type(self):
        return NotImplemented
    return all(getattr(self, n) == getattr(other, n) for n in type(self).__match_args__)


def _hash(self: Any) -> int:
    return hash(tuple(getattr(self, name) for name in type(self).__match_args__))


def _reduce(self: Any) -> tuple[Any, ...]:
    return type(self), tuple(getattr(self, n) for n in type(self).__match_args__)


_CODES: dict[tuple[int, bool], Any] = {}
_Function: Any = type(_refuse)


def _init(names: tuple[str, ...], defaults: dict[str, object], *, post: bool) -> Any:
    """Return an ``__init__``: the only method that is made for each class, the hot one.

    To compile is what costs: it is done once for a number of fields, and the names put
    into what came of it.
    """
    code = _CODES.get((len(names), post)) or _code(len(names), post=post)
    own = dict(zip(code.co_varnames[1:], names, strict=True))
    consts = tuple(own.get(const, const) for const in code.co_consts)
    code = code.replace(co_varnames=("self", *names), co_consts=consts)
    return _Function(code, {"_set": _SET}, "__init__", tuple(defaults.values()))


def _code(count: int, *, post: bool) -> Any:
    """Compile what sets so many fields, under names that stand for others."""
    names = [f"_{number}" for number in range(count)]
    body = [f"    _set(self, {n!r}, {n})" for n in names] or ["    pass"]
    if post:
        body.append("    self.__post_init__()")
    scope: dict[str, Any] = {}
    source = "\n".join([f"def __init__({', '.join(['self', *names])}):", *body])
    exec(source, scope)  # noqa: S102  (nothing of it is given)
    code = _CODES[count, post] = scope["__init__"].__code__
    return code


@dataclass_transform(frozen_default=True)
def value(cls: type[T]) -> type[T]:
    """Return *cls* rebuilt as a frozen, slotted class of its annotated fields.

    Raises:
        TypeError: a field without default follows one with a default.
    """
    names = tuple(cls.__dict__.get("__annotations__", {}))  # noqa: RUF063
    given = [name in cls.__dict__ for name in names]
    if given != sorted(given):
        raise TypeError(f"{cls.__name__}: a field without default follows one with")
    space = dict(cls.__dict__)
    defaults = {name: space.pop(name) for name in names if name in space}
    space.pop("__dict__", None)
    space.pop("__weakref__", None)
    space.update(
        __slots__=names,
        __match_args__=names,
        __init__=_init(names, defaults, post="__post_init__" in space),
        __setattr__=_refuse,
        __delattr__=_refuse,
        __eq__=_eq,
        __hash__=_hash,
        __reduce__=_reduce,
        __defaults__=defaults,
    )
    space.setdefault("__repr__", _repr)
    made: type[T] = type(cls.__name__, cls.__bases__, space)
    return made


def replace(old: T, /, **changes: Any) -> T:
    """Return a copy of the value *old* with *changes*.

    Raises:
        TypeError: a name is not a field of it.
    """
    cls: Any = type(old)
    copy = _COPIES.get(cls) or _copier(cls)
    made: Any = copy(old)
    for name, changed in changes.items():
        try:
            setattr(made, name, changed)
        except AttributeError:
            raise TypeError(f"{cls.__name__} has no field {name!r}") from None
    made.__class__ = cls
    if hasattr(cls, "__post_init__"):
        made.__post_init__()
    kept: T = made
    return kept


_COPIES: dict[type, Any] = {}


def _copier(cls: Any) -> Any:
    """Compile what copies a value into a twin that can still be changed.

    The twin has the same slots and no guard, so that plain assignments (and then the
    one to ``__class__``) make the copy: a tenth of the cost of a call to ``__init__``
    with all fields by name, and a cycle of a target replaces its state four times.
    """
    names = cls.__match_args__
    twin = type(f"_{cls.__name__}", cls.__bases__, {"__slots__": names})
    lines = ["def copy(old):", "    new = _new(_twin)"]
    lines += [f"    new.{name} = old.{name}" for name in names]
    source = "\n".join([*lines, "    return new"])
    scope: dict[str, Any] = {"_new": object.__new__, "_twin": twin}
    exec(source, scope)  # noqa: S102  (our own field names)
    copy = _COPIES[cls] = scope["copy"]
    return copy


def as_dict(record: Any) -> dict[str, Any]:
    """Return the fields of a value as a dict, one level deep, in field order."""
    return {name: getattr(record, name) for name in type(record).__match_args__}
