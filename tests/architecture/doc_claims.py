"""What the pages claim: commands, options, files, keys, variables that must be there.

Each claim is a pair of where it stands (``docs/alerts.md:12``) and what it names.
"""

from __future__ import annotations

import glob
import json
import os
import re
from collections import Counter

import click
import house_rules as rules
import jsonschema
import yaml

from agent2.cli.main import _root

FENCE = re.compile(r"^ *```")
SPAN = re.compile(r"`([^`]+)`")
COMMAND = re.compile(r"(?:^|(?<!-u)[\s(\"│])(?:scripts/)?agent2 (?=[a-z-])(.*)")
# Where a command line ends: a comment, another command, prose after two blanks.
END = re.compile(r"\s+#|\s{2,}|[|;)\\>│`]|&&| - ")
WORD = re.compile(r"[a-z][a-z-]*")
OPTION = re.compile(r"--?[a-z][a-z-]*")
LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")
FOLDERS = "agent2|tests|docs|scripts|config|bench|systemd|launchd"
ROOMS = "cli|watcher|courier|supervisor|upkeep|web|restarter|compiler|demo|checks"
ROOMS += "|actions|notifiers|store|wire|host|core|plan|metrics|evidence|telemetry"
PATH = re.compile(
    rf"(?<![\w/.~-])(?:(?:{FOLDERS}|{ROOMS})/[\w./*@-]*[\w*]|[\w-]+\.(?:py|sh)\b)"
)
VARIABLE = re.compile(r"\bAGENT2_[A-Z0-9_]+\b")
KEY = re.compile(r"[a-z_]+(?:\.[a-z_]+)+")
FILES = {"web.log", "web.token"}  # of the state folder, not keys


def pages(root: str) -> list[str]:
    """Return what people read: the documentation and the two front pages."""
    docs = [f"docs/{name}" for name in sorted(os.listdir(os.path.join(root, "docs")))]
    return [*(p for p in docs if p.endswith(".md")), "README.md", "README.zh.md"]


def code(root: str) -> list[tuple[str, str]]:
    """Return every line of a fenced block and every `span` of the pages."""
    found = []
    for page in pages(root):
        fenced = False
        for number, line in enumerate(rules.read(root, page).splitlines(), 1):
            if FENCE.match(line):
                fenced = not fenced
            elif fenced:
                found.append((f"{page}:{number}", line))
            else:
                found += ((f"{page}:{number}", s) for s in SPAN.findall(line))
    return found


def commands(root: str) -> list[tuple[str, list[str]]]:
    """Return the words of each ``agent2 …`` line, its optional parts among them."""
    found = []
    for where, text in code(root):
        for rest in COMMAND.findall(text.replace("\\|", "|")):
            line = END.split(rest.replace("[", "").replace("]", ""), maxsplit=1)[0]
            found.append((where, line.split()))
    return found


def unknown_commands(root: str) -> list[str]:
    """Command lines that the command line does not know: a word or an option."""
    return [
        f"{where}: agent2 {' '.join(words)}: {why}"
        for where, words in commands(root)
        if (why := _refused(words))
    ]


def _refused(words: list[str]) -> str:
    command: click.Command = _root()
    with click.Context(command) as ctx:
        rest = list(words)
        while isinstance(command, click.Group) and rest and WORD.fullmatch(rest[0]):
            below = command.get_command(ctx, rest[0])
            if below is None:
                return f"no command {rest[0]}"
            command, rest = below, rest[1:]
        known = {o for p in command.params for o in (*p.opts, *p.secondary_opts)}
        known |= {"--help", "-h"}
        for word in rest:
            option = word.split("=")[0]
            if OPTION.fullmatch(option) and option not in known:
                return f"no option {option}"
    return ""


def missing_files(root: str) -> list[str]:
    """Files that the pages name, as links or in code, and that are not there."""
    found = []
    for page in pages(root):
        for target in LINK.findall(rules.read(root, page)):
            if ":" not in target:
                here = os.path.dirname(page)
                found.append((page, os.path.normpath(os.path.join(here, target))))
    for where, text in code(root):
        found += ((where, path) for path in PATH.findall(text))
    names = {os.path.basename(path) for path in rules.files(root, end=("",))}
    return [f"{where}: {path}" for where, path in found if not _is(root, path, names)]


def _is(root: str, path: str, names: set[str]) -> bool:
    if "/" not in path:
        return path in names
    near = (path, f"agent2/{path}", f"agent2/{path}.py")
    return any(glob.glob(one, root_dir=root) for one in near)


def unknown_keys(root: str) -> list[str]:
    """Keys of the configuration (``log.level``) that the schema does not have."""
    schema = json.loads(rules.read(root, "agent2/schemas/config.json"))
    sections = schema["properties"].keys()
    return [
        f"{where}: {text}"
        for where, text in code(root)
        if KEY.fullmatch(text)
        and text not in FILES
        and text.split(".")[0] in sections
        and not _has(schema, schema, text.split("."))
    ]


def missing_tests(root: str) -> list[str]:
    """Tests that the pages name and no file of the tests has; laws without one."""
    tests = "\n".join(rules.read(root, path) for path in rules.files(root, "tests"))
    known = set(re.findall(r"def (test_\w+)\(", tests))
    found = [
        f"{where}: no test {text}"
        for where, text in code(root)
        if re.fullmatch(r"test_\w+", text) and text not in known
    ]
    laws = rules.read(root, "docs/design.md").partition("\n## 3. Laws\n")[2]
    laws = laws.partition("\n## 4")[0]
    rows = set(re.findall(r"^\| (\d) \|.*`test_", laws, re.MULTILINE))
    numbers = re.findall(r"^(\d)\. ", laws, re.MULTILINE)
    return found + [
        f"docs/design.md: law {n} has no test" for n in numbers if n not in rows
    ]


def _has(schema: dict, node: dict, path: list[str]) -> bool:
    if not path:
        return True
    if "$ref" in node:
        return _has(
            schema, schema["definitions"][node["$ref"].rpartition("/")[2]], path
        )
    below = node.get("properties", {}).get(path[0])
    if below is not None and _has(schema, below, path[1:]):
        return True
    either = [*node.get("anyOf", ()), *node.get("oneOf", ()), *node.get("allOf", ())]
    return any(_has(schema, one, path) for one in either)


def wrong_examples(root: str) -> list[str]:
    """Blocks of YAML with sections that the schema of the configuration refuses."""
    schema = json.loads(rules.read(root, "agent2/schemas/config.json"))
    judge = jsonschema.Draft7Validator(schema)
    whole = {
        "version": 1,
        "targets": [{"name": "t", "checks": [{"kind": "tcp", "port": 1}]}],
    }
    found = []
    for page in pages(root):
        for block in re.findall(
            r"```yaml\n(.*?)```", rules.read(root, page), re.DOTALL
        ):
            tree = yaml.safe_load(block)
            if isinstance(tree, dict) and tree.keys() <= schema["properties"].keys():
                wrong = judge.iter_errors(whole | tree)
                found += (f"{page}: {one.json_path}: {one.message}" for one in wrong)
    return found


def pages_that_nobody_finds(root: str) -> list[str]:
    """Pages of the documentation that the front page has no link to."""
    linked = set(LINK.findall(rules.read(root, "README.md")))
    return sorted({page for page in pages(root) if page.startswith("docs/")} - linked)


def uneven_front_pages(root: str) -> list[str]:
    """Commands, links and headings that one of the two front pages has alone."""
    english, chinese = (
        _skeleton(rules.read(root, page)) for page in ("README.md", "README.zh.md")
    )
    return sorted(
        f"{part}: {english[part]} in English, {chinese[part]} in Chinese"
        for part in english | chinese
        if english[part] != chinese[part]
    )


def _skeleton(text: str) -> Counter[str]:
    """Count what must be the same in every language."""
    commands = re.findall(
        r"(?:^|`)((?:bash |scripts/|agent2 )[\w ./-]*[\w])", text, re.MULTILINE
    )
    parts = [*commands, *LINK.findall(text), *VARIABLE.findall(text)]
    parts += ["a heading"] * len(re.findall(r"^#+ ", text, re.MULTILINE))
    return Counter(p for p in parts if not p.startswith("README"))


def unknown_variables(root: str) -> list[str]:
    """Variables of the environment that neither code nor scripts ask for."""
    from agent2.plan.sources import OVERRIDES

    every = [
        rules.read(root, p) for p in rules.files(root, "agent2", "scripts", end=("",))
    ]
    asked = set(VARIABLE.findall("\n".join(every))) | OVERRIDES.keys()
    return [
        f"{page}: {name}"
        for page in pages(root)
        for name in sorted({*VARIABLE.findall(rules.read(root, page))} - asked)
    ]
