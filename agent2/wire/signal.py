"""``restart_signal``: the file by which a restart is asked for.

The first three keys are those of the user's documents and never change; a file made
by hand may have only them. The restarter reads it, so parsing is forgiving of what is
missing and strict about what is there.
"""

from __future__ import annotations

import json

from agent2.core.text import one_line
from agent2.core.value import value

SCHEMA = "agent2.restart-signal/1"
REQUESTED_BY = "agent2"
FILE = "restart_signal"
FOLDER = "restart_signal.d"
LIMIT = 16384  # bytes; ours have some 500
_SAFE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")


class SignalError(ValueError):
    """The file is no restart signal; the text is one line that says why."""


@value
class Signal:
    """One request to restart *target*, as it stands in the file.

    Attributes:
        timestamp: RFC 3339 with offset.
        reason: ``process_not_alive``, ``port_not_listening``, ``health_check_failed``,
            or whatever a person wrote.
        target: "" in a file made by hand.
        id: Of the action that asks; "" in a file made by hand.
    """

    timestamp: str
    reason: str
    requested_by: str = REQUESTED_BY
    schema: str = SCHEMA
    target: str = ""
    incident_id: str = ""
    attempt: int = 1
    id: str = ""
    code: str = ""
    detail: str = ""


def place(state_dir: str, target: str, *, primary: bool) -> str:
    """Return the path of the signal of *target*."""
    if primary:
        return f"{state_dir}/{FILE}"
    return f"{state_dir}/{FOLDER}/{file_name(target)}"


def file_name(target: str) -> str:
    """Return *target* as a file name: never hidden, never another folder's."""
    name = "".join(
        c if c in _SAFE else "".join(f"%{b:02X}" for b in c.encode()) for c in target
    )
    return "%2E" + name[1:] if name.startswith(".") else name


_encode = json.JSONEncoder(ensure_ascii=False).encode


def render(signal: Signal) -> bytes:
    """Return the content of the file, keys in the order of the fields."""
    # As json.dumps(indent=2) writes it, which is a Python loop of 0.2 ms when cold:
    # a signal is what a crash waits for.
    names = Signal.__match_args__
    lines = [f'  "{name}": {_encode(getattr(signal, name))}' for name in names]
    text = "{\n" + ",\n".join(lines) + "\n}\n"
    return text.encode("utf-8", "backslashreplace")


def parse(content: bytes) -> Signal:
    """Read the file's content.

    Raises:
        SignalError: it is no JSON object, or lacks ``timestamp`` or ``reason``, or a
            key has another type than it must.
    """
    if not content.strip(b"\0 \t\r\n"):
        raise SignalError("is empty")
    if len(content) > LIMIT:
        raise SignalError(f"is larger than {LIMIT} bytes")
    try:
        tree = json.loads(content.decode("utf-8"))
    except UnicodeDecodeError:
        raise SignalError("is not UTF-8") from None
    except json.JSONDecodeError as error:
        why = f"is not JSON: {error.msg} at line {error.lineno}"
        raise SignalError(one_line(why)) from None
    except (ValueError, RecursionError):
        raise SignalError("is not JSON that anybody would write") from None
    if not isinstance(tree, dict):
        raise SignalError("is JSON but not an object with keys")
    return _signal(tree)


def _signal(tree: dict[str, object]) -> Signal:
    found: dict[str, object] = {}
    for name in Signal.__match_args__:
        given = tree.get(name)
        if given is None:
            if name in ("timestamp", "reason"):
                raise SignalError(f'has no "{name}"')
            continue
        number = name == "attempt"
        if not isinstance(given, int if number else str) or isinstance(given, bool):
            kind = "a whole number" if number else "a text"
            raise SignalError(f'"{name}" is not {kind}')
        found[name] = given
    if "requested_by" not in found:
        found["requested_by"] = ""  # made by hand; only our own says agent2
    return Signal(**found)  # type: ignore[arg-type]  # each was checked just above
