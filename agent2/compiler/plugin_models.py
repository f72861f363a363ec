"""Models of the plugins, made from the annotations of their classes.

A plugin writes ``port: Port = 25`` and nothing else: the type is looked up among the
words of ``fields``, the default is the class's own. ``from_`` is ``from`` in YAML.
"""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any, get_args, get_origin

from pydantic import BeforeValidator, Field, create_model

from agent2.compiler import fields, word
from agent2.compiler.section import Section
from agent2.compiler.words import Wrong
from agent2.plan import secret

_PREFIX = "x_"  # pydantic keeps names such as json and copy for itself

_WORDS: dict[str, Any] = {
    "Seconds": Annotated[float, word.SECONDS],
    "Port": Annotated[int, word.PORT],
    "Size": Annotated[int, word.SIZE],
    "Url": Annotated[object, fields.URL],
    "Path": Annotated[object, fields.PATH],
    "Secret": Annotated[object, fields.SECRET],
    "str": Annotated[object, fields.TEXT],
    "int": Annotated[int, word.WHOLE],
    "float": Annotated[float, word.NUMBER],
    "bool": Annotated[bool, word.TRUTH],
    "tuple": tuple,
    "dict": dict,
    "None": None,
}
_PLAIN = {str: "str", int: "int", float: "float", bool: "bool", secret.Secret: "Secret"}


def yaml_name(field: str) -> str:
    """Return how a plugin's *field* is written in YAML."""
    return field.removesuffix("_")


def option_names(cls: Any) -> tuple[str, ...]:
    """Return the fields of a plugin class, in order."""
    return tuple(cls.__match_args__)


def defaults(cls: Any) -> dict[str, Any]:
    """Return field -> default of a plugin class."""
    return dict(cls.__defaults__)


@cache
def model_of(cls: Any) -> Any:
    """Return the pydantic model of a plugin's options, ``kind`` and ``name``."""
    made: dict[str, Any] = {
        "x_kind": (Annotated[str, word.choice(cls.kind)], Field(alias="kind")),
        "x_name": (fields.Name, Field("", alias="name", description="Its own name")),
    }
    own = defaults(cls)
    for name in option_names(cls):
        default = _shown_default(own[name]) if name in own else ...
        field = Field(default, alias=yaml_name(name), description=meaning(cls, name))
        made[_PREFIX + name] = (_type(cls, name), field)
    return create_model(cls.__name__, __base__=Section, __doc__=about(cls), **made)


def about(cls: Any) -> str:
    """Return what the first paragraph of a plugin's docstring says."""
    first = (cls.__doc__ or "").partition("\n\n")[0]
    return " ".join(first.split())


def _shown_default(default: Any) -> Any:
    if isinstance(default, secret.Secret):
        return ""
    return list(default) if isinstance(default, tuple) else default


def options(cls: Any, entry: Any) -> dict[str, Any]:
    """Return field -> value of what the file says in *entry*, as the class takes it."""
    return {
        name: _tuples(getattr(entry, _PREFIX + name))
        for name in option_names(cls)
        if _PREFIX + name in entry.model_fields_set
    }


def word_of(cls: Any, name: str) -> Any:
    """Return the ``Word`` of a field, or None for a list or mapping."""
    for each in getattr(_type(cls, name), "__metadata__", ()):
        if isinstance(each, word.Word):
            return each
    return None


def _tuples(node: Any) -> Any:
    return tuple(node) if isinstance(node, list) else node


@cache
def _type(cls: Any, name: str) -> Any:
    known = getattr(cls, "CHOICES", {}).get(yaml_name(name))
    if known:
        return Annotated[str, word.choice(*known)]
    annotation = cls.__annotations__[name]
    if isinstance(annotation, str):
        # The class's own words, from a module that is installed: code, not input.
        annotation = eval(annotation, {"__builtins__": {}}, _WORDS)  # noqa: S307
    return _made(annotation)


def _made(annotation: Any) -> Any:
    if annotation in _PLAIN:
        return _WORDS[_PLAIN[annotation]]
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is tuple:
        inner = _made(arguments[0])
        made = list[inner]  # type: ignore[valid-type]
        numeric = word.WHOLE in getattr(inner, "__metadata__", ())
        if not numeric:
            return made
        either = made | inner
        return Annotated[made, BeforeValidator(_listed, json_schema_input_type=either)]
    if origin is dict:
        inner = _made(arguments[1])
        made_dict = dict[str, inner]  # type: ignore[valid-type]
        return Annotated[made_dict, BeforeValidator(_own_keys)]
    if type(None) in arguments:
        return _made(next(each for each in arguments if each is not type(None)))
    return annotation


def _listed(node: Any) -> Any:
    """Take ``status: 200`` for ``status: [200]``."""
    return node if isinstance(node, list | dict) or node is None else [node]


def _own_keys(node: Any) -> Any:
    """Keep the one key that the plan needs for itself."""
    if isinstance(node, dict) and "$secret" in node:
        raise Wrong("a key is not taken", expected="keys other than $secret")
    return node


def meaning(cls: Any, name: str) -> str:
    """Return what the class's ``Attributes:`` say of a field, else the usual words."""
    lines = (cls.__doc__ or "").partition("Attributes:")[2].splitlines()
    told = ""
    for line in lines:
        text = line.strip()
        if told and (not text or not line.startswith(" " * 9)):
            break
        if told:
            told += f" {text}"
        elif text.startswith(f"{name}:"):
            told = text.partition(":")[2].strip()
    return told or _USUAL.get(yaml_name(name), "")


_USUAL = {
    "timeout": "Total time of one attempt.",
    "ca_file": "Certificates that verify the other side; default: the system's.",
    "allow_insecure": "Permits what is not encrypted to another machine.",
    "host": "Name or address.",
    "port": "The port; by default the usual one.",
    "url": "Address that is written to.",
    "secret": "Signs every request, so that the receiver can trust it.",
    "webhook_url": "Address of an incoming webhook.",
    "bot_token": "Token of a bot, instead of a webhook.",
    "channel": "Id of the channel, with bot_token.",
    "routing_key": "Integration key of Events API v2.",
    "from": "Address of the sender.",
    "to": "Addresses of the receivers.",
    "tls": "none, starttls or implicit.",
    "username": "Name to log in with.",
    "password": "Password to log in with.",
}
