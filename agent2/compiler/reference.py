"""Writes ``docs/configuration.md`` from the models, so that it cannot be wrong."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from pydantic_core import PydanticUndefined

from agent2 import plugins
from agent2.compiler import (
    events,
    layers,
    observability,
    plugin_models,
    schema,
    section,
    slo,
    store,
    telemetry,
)
from agent2.compiler.expectations import expected, known_keys
from agent2.compiler.scalars import told
from agent2.compiler.words import Scope
from agent2.plan import sources

_SECTIONS = (
    ("The file", schema.Root),
    ("defaults", schema.Defaults),
    ("targets[]", schema.Target),
    ("restart", schema.Restart),
    ("targets[].slo", slo.Slo),
    ("routes[]", schema.Route),
    ("restarter", schema.Restarter),
    ("web", schema.Web),
    ("log", schema.Log),
    ("events", events.Events),
    ("events.rules[]", events.Rule),
    ("events.rules[].when[]", events.Condition),
    ("events.polling[]", events.Polling),
    ("events.redlines", events.Redlines),
    ("store", store.Store),
    ("telemetry", telemetry.Telemetry),
    ("metrics", observability.Metrics),
    ("observability", observability.Observability),
    ("evidence", observability.Evidence),
)
_FAMILIES = (
    ("checks", "targets[].checks[]"),
    ("actions", "restart.actions[]"),
    ("notifiers", "notifiers[]"),
)

_HEAD = """\
# Configuration

<!-- Made by `python -m agent2.compiler.reference`; a test holds it equal. -->

One YAML file. `agent2 config check` says everything that is wrong with it at once,
each with file, line, column and a hint, and how fast an outage will be noticed;
`agent2 config show` prints what counts and where each number is from. An editor that
speaks JSON Schema finds it in `agent2/schemas/config.json` (`agent2 config schema`).
`config/agent2.yaml` is a commented example.

**Where it is sought**: `-c FILE`, `$AGENT2_CONFIG`, `~/.config/agent2/agent2.yaml`,
`agent2.yaml` in the state folder, `/etc/agent2/agent2.yaml`. Without any, the target
`webui` (`~/.agentos/webui.pid`, port 8080, `http://127.0.0.1:8080/api/health`) is
watched and nobody is told. A file without targets is refused.

**What wins**: command line > environment > file > profile > default. What a target
says of itself wins over `defaults`; a variable, or `--set`, for `defaults` wins over
both, and `--set` for the target itself over all. `agent2 config show` tells of each.

**On the command line**: `--set KEY=VALUE`, as often as you like, with every command
that reads a configuration: `--set log.level=DEBUG`, `--set
'targets[webui].interval=2s'`, `--set 'targets[webui].checks[http].slow=1s'`. The key is
that of the file; an entry of a list is meant by its name, its kind or its number; the
value is one YAML value. Lists stay in the file, and so do secrets, unless as `${NAME}`.
A watcher keeps the `--set` it was started with through every reload; `agent2 restart`
keeps it too, `agent2 restart --set …` adds to it, and `agent2 stop` and `start` begin
without.

**In the file**: `agent2 config set KEY VALUE` changes one value in place, and nothing
else; `--unset` takes a key out; `--reload` makes it count at once.

**Strict on purpose**: unknown and doubled keys, tags, merge keys, and words that YAML
readers do not agree about (`on`, `010`, `1:30`, `1e3`; put them in quotes) are
refused. Anchors are fine. Durations are `5s`, `1m30s`, `2h`, `500ms` or seconds; sizes
are `10MB`, `64KiB` or bytes. Paths begin at the folder of the file; `~` is the home
folder.

**Secrets**: `${NAME}`, `${NAME:-default}` and `${file:name}` (sought in
`$CREDENTIALS_DIRECTORY`, then beside the file; mode 0600) are put in when the value is
used. They may stand in any option of a check, action or notifier, print as `***`
everywhere, and never reach the state folder. `$$` is a dollar sign. Numbers and
choices may be `${NAME}` too; names, labels and routes may not, since all can read them.

**Addresses**: `http://` and `https://` only, no user names, no `0.0.0.0`, no link-local
addresses. Plain `http://` to another machine needs `allow_insecure: true` beside it.
"""


def page() -> str:
    """Return the whole page."""
    parts = [_HEAD, _variables(), _profiles()]
    parts += [_section(title, model) for title, model in _SECTIONS]
    for family, place in _FAMILIES:
        parts.append(f"## {family}\n\nIn `{place}`; `kind` says which.")
        named = " `name` is needed; routes, outbox and log use it."
        if family != "notifiers":
            named = " `name` is free; without it, it is the kind."
        parts[-1] += named
        parts += [_plugin(family, kind) for kind in plugins.TABLE[family]]
    return "\n\n".join(part.rstrip("\n") for part in parts) + "\n"


def _variables() -> str:
    rows = [(f"`{name}`", f"`{key}`") for name, key in sources.OVERRIDES.items()]
    rows.append(("`AGENT2_CONFIG`", "the file itself"))
    rows.append(("`AGENT2_STATE_DIR`, `AGENT2_HOME`", "the state folder"))
    rows.append((f"`{sources.STORE_PATH}`", "a file whose folder is the state folder"))
    text = """\
`AGENT2_` and the key, in capitals and without `defaults`. The text is the value as it
is, without quotes or references. What stands in a list (a target, a check) may refer to
any variable by `${NAME}` in the file."""
    return f"## Environment\n\n{text}\n\n" + _table(("variable", "stands for"), rows)


def _profiles() -> str:
    scope = Scope({}, "/", "/")
    rows = []
    for name in sources.PROFILES:
        found = layers.profile_defaults(name, scope)
        given = {key: getattr(found, key) for key in found.model_fields_set}
        first = ("interval", "failure_threshold", "timeout")
        more = [k for k in known_keys(schema.Defaults) if k in given and k not in first]
        shown = [f"{k} {_default(schema.Defaults, k, given[k])}" for k in more]
        more_events = events.profile_events(layers.profile_path(name), scope)
        shown += [
            f"events.{k} {_default(events.Events, k, getattr(more_events, k))}"
            for k in known_keys(events.Events)
            if k in more_events.model_fields_set
        ]
        numbers = [_default(schema.Defaults, key, given[key]) for key in first]
        rows.append((f"`{name}`", *numbers, ", ".join(shown)))
    head = ("profile", "interval", "failure_threshold", "timeout", "more")
    told_ = (
        "`profile:`, `--profile` or `AGENT2_PROFILE`; the files are `config/*.yaml`."
    )
    return f"## Profiles\n\n{told_}\n\n{_table(head, rows)}"


def _section(title: str, model: Any) -> str:
    text = f"## {title}\n\n{model.__doc__}".replace("``", "`")
    if model is schema.Defaults or model is schema.Target:
        text += " `check_interval` is taken for `interval`."
    return f"{text}\n\n{_keys(model)}"


def _plugin(family: str, kind: str) -> str:
    cls: Any = plugins.load(family, kind)
    model = plugin_models.model_of(cls)
    text = f"### {family}: {kind}\n\n{_prose(plugin_models.about(cls))}"
    example = (sys.modules[cls.__module__].__doc__ or "").partition("\n\n")[2]
    if example.startswith("    "):
        block, _, rest = example.partition("\n\n")
        lines = "\n".join(line.removeprefix("    ") for line in block.splitlines())
        text += f"\n\n```yaml\n{lines}\n```\n\n{_prose(rest)}".rstrip()
    return f"{text}\n\n{_keys(model, skip=('kind',))}"


def _prose(text: str) -> str:
    return " ".join(text.replace("``", "`").split())


def _keys(model: Any, skip: tuple[str, ...] = ()) -> str:
    rows = []
    for name, field in model.model_fields.items():
        key = field.alias or name
        if key in skip:
            continue
        default = "*needed*"
        if not field.is_required():
            default = _default(model, name, field.default)
        told_ = (field.description or "").rstrip(".").replace("``", "`")
        rows.append((f"`{key}`", expected(model, key), default, told_))
    return _table(("key", "takes", "default", "meaning"), rows)


def _default(model: Any, name: str, node: Any) -> str:
    if node in (None, "", [], {}, PydanticUndefined) or isinstance(
        node, section.Section
    ):
        return ""
    if "duration" in expected(model, model.model_fields[name].alias or name):
        many = node if isinstance(node, list) else [node]
        return f"`{', '.join(told(each) for each in many)}`"
    if isinstance(node, bool):
        return f"`{str(node).lower()}`"
    if isinstance(node, list):
        return f"`{', '.join(_entry(each) for each in node)}`"
    return f"`{node}`"


def _entry(node: Any) -> str:
    return f"kind: {node['kind']}" if isinstance(node, dict) else str(node)


def _table(head: tuple[str, ...], rows: list[Any]) -> str:
    return "\n".join(_lines(head, rows))


def _lines(head: tuple[str, ...], rows: list[Any]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"


if __name__ == "__main__":
    sys.stdout.write(page())
