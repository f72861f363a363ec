"""The JSON Schema of the configuration, for editors and for other tools.

Draft-07, since that is what the YAML language server reads.
"""

from __future__ import annotations

import json
from typing import Any

from agent2 import plugins
from agent2.compiler.plugin_models import model_of
from agent2.compiler.schema import Root

_REF = "#/definitions/{model}"
# Which key of which section holds plugins of which family.
_LISTS = (
    ("Target", "checks", "checks"),
    ("Restart", "actions", "actions"),
    ("", "notifiers", "notifiers"),
)


def config_schema() -> str:
    """Return the schema as the text of ``schemas/config.json``."""
    return json.dumps(_tree(), ensure_ascii=False, indent=2) + "\n"


def _tree() -> dict[str, Any]:
    root = Root.model_json_schema(ref_template=_REF)
    sections = root.pop("$defs")
    sections[""] = root
    for section, key, family in _LISTS:
        names = []
        for kind in plugins.TABLE[family]:
            name = f"{family}.{kind}"
            sections[name] = _plugin(family, kind)
            names.append({"$ref": _REF.format(model=name)})
        sections[section]["properties"][key]["items"] = {"anyOf": names}
    del sections[""]
    for section in (root, *sections.values()):
        _tidy(section)
    _old_names(sections)
    head = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Agent2 configuration",
        "description": "The whole of agent2.yaml. Made from the program's own models.",
    }
    rest = {key: node for key, node in root.items() if key not in head}
    return head | rest | {"definitions": dict(sorted(sections.items()))}


def _plugin(family: str, kind: str) -> dict[str, Any]:
    cls: Any = plugins.load(family, kind)
    made: dict[str, Any] = model_of(cls).model_json_schema()
    needed = ["kind", *made.get("required", [])]
    if family == "notifiers":
        needed.append("name")
    made["required"] = list(dict.fromkeys(needed))  # JSON Schema: each only once
    return made


def _tidy(section: dict[str, Any]) -> None:
    """Drop titles, defaults that say nothing, and wrappers that draft-07 ignores."""
    section.pop("title", None)
    for field in section.get("properties", {}).values():
        field.pop("title", None)
        if field.get("default", "") in (None, "", [], {}) or "$ref" in str(field):
            field.pop("default", None)
        # Beside a $ref, draft-07 reads nothing else.
        if "$ref" in field and len(field) > 1:
            field["allOf"] = [{"$ref": field.pop("$ref")}]


def _old_names(sections: dict[str, Any]) -> None:
    for name in ("Defaults", "Target"):
        properties = sections[name]["properties"]
        properties["check_interval"] = properties["interval"] | {
            "description": "The old name of interval"
        }
