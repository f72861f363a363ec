"""The rules of the house that no other tool holds, each a function of a tree.

A rule gets the folder of the project and returns its complaints, one line each; so the
tests can show it a spoiled copy and see it complain.
"""

from __future__ import annotations

import ast
import os
import re
from functools import cache

FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef
DEFINITION = FUNCTION | ast.ClassDef
HARD, SOFT, LONGEST = 300, 200, 40
# Files over the hard limit, and why they may be: none.
LONG_FILES: dict[str, str] = {}
FORBIDDEN = {
    word + end
    for word in ("manager", "handler", "helper", "util", "data", "info", "service")
    for end in ("", "s")
}
# Names that others chose: an operating system's service, a method of a base class.
FOREIGN_NAMES = {
    "agent2/host/sd_notify.py:ServiceNotify": "systemd's service",
    "agent2/notifiers/smtp.py:data": "smtplib.SMTP calls it",
    "agent2/web/protocol.py:data_received": "asyncio.Protocol calls it",
    "agent2/demo/server.py:Service": "the service that the demo watches",
    "agent2/supervisor/documents/inbox.py:InboxManager": "the user's documents",
    "agent2/supervisor/documents/running.py:SupervisorService": "the user's documents",
}
# Modules that nobody of ours imports: programs, catalogues loaded by the name of the
# language, and the names under which the user's documents import.
ENTRANCES = re.compile(
    r"agent2/(agent2_monitor|compiler/reference|(cli/words|wire)/(en|zh)"
    r"|core/events/(bus|models)|core/supervisor/.*|.*__(init|main)__)\.py"
)
CORE_MAY_IMPORT = {
    "__future__",
    "collections",
    "enum",
    "math",
    "operator",
    "re",
    "typing",
    "agent2",
}
CORE_MAY_NOT_CALL = {
    "open", "print", "input", "eval", "exec", "compile", "__import__", "import_module",
    "breakpoint", "globals", "id", "hash",
}  # fmt: skip
# value.py is what makes the other values: it hashes and compiles one method.
VALUE = "agent2/core/value.py"
# The documents look for the supervisor in the core: a name there leads out of it.
LATE = "agent2/core/supervisor/late.py"
SKIPPED = re.compile(r"\.(?!ci$|github$)|(__pycache__|.*\.egg-info|build|dist)$")
# Spelled in two halves, or this file would break its own rule.
MACHINE = re.compile(
    r"(?<![\w}])/(?:wor" r"k/|roo" r"t/|tmp/bash_" r"jobs"
    r"|hom" r"e/(?!agentos|(?:user|me|x)\b|\$|\{|<)"
    r"|User" r"s/(?!agentos|(?:you|me|x)\b|\$|\{|<))"
)  # fmt: skip
TOKEN = "响应时间"


def files(root: str, *folders: str, end: tuple[str, ...] = (".py",)):
    """Yield the paths, from *root*, of all files under *folders* with such an *end*."""
    for folder in folders or (".",):
        for place, inner, names in os.walk(os.path.join(root, folder)):
            inner[:] = sorted(name for name in inner if not SKIPPED.match(name))
            for name in sorted(names):
                if name.endswith(end):
                    yield os.path.relpath(os.path.join(place, name), root)


def read(root: str, path: str) -> str:
    """Return a file's text."""
    with open(os.path.join(root, path), encoding="utf-8") as file:
        return file.read()


def trees(root: str, *folders: str):
    """Yield ``(path, tree)`` for each Python file."""
    for path in files(root, *folders):
        yield path, parsed(read(root, path))


@cache
def parsed(text: str) -> ast.Module:
    """Return the tree of a text; most files are looked at by every rule."""
    return ast.parse(text)


@cache
def definitions(tree: ast.Module) -> list:
    """Return all classes and functions of a module."""
    return [node for node in ast.walk(tree) if isinstance(node, DEFINITION)]


def long_modules(root: str, limit: int = HARD) -> list[str]:
    """Modules of more than *limit* lines."""
    lengths = ((p, read(root, p).count("\n")) for p in files(root, "agent2"))
    return [
        f"{path}: {lines} lines, at most {limit}"
        for path, lines in lengths
        if lines > limit and path not in LONG_FILES
    ]


def long_functions(root: str) -> list[str]:
    """Functions of more than 40 lines, their docstring not counted."""
    found = []
    for path, tree in trees(root, "agent2"):
        for node in definitions(tree):
            lines = node.end_lineno - node.lineno + 1
            if ast.get_docstring(node) is not None:
                lines -= node.body[0].end_lineno - node.body[0].lineno + 1
            if lines > LONGEST and not isinstance(node, ast.ClassDef):
                found.append(f"{path}:{node.lineno}: {node.name} has {lines} lines")
    return found


def without_docstring(root: str) -> list[str]:
    """Modules and public classes, functions and methods that say nothing."""
    found = []

    def visit(path: str, node: ast.AST, name: str) -> None:
        if ast.get_docstring(node) is None:
            found.append(f"{path}: {name} has no docstring")
        for inner in node.body:
            named = isinstance(inner, DEFINITION) and not inner.name.startswith("_")
            if named and not isinstance(node, FUNCTION):
                visit(path, inner, inner.name)

    for path, tree in trees(root, "agent2"):
        if tree.body or not path.endswith("__init__.py"):
            visit(path, tree, "the module")
    return found


def forbidden_names(root: str) -> list[str]:
    """Names that could mean anything."""
    found = []
    for path, tree in trees(root, "agent2"):
        stem = os.path.basename(path).removesuffix(".py")
        for name in [stem, *(node.name for node in definitions(tree))]:
            words = re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", name)
            bad = FORBIDDEN & {word.lower() for word in words}
            if bad and f"{path}:{name}" not in FOREIGN_NAMES:
                found.append(f"{path}: {name} means nothing")
    return found


def impure_core(root: str) -> list[str]:
    """What the core reaches for that is no value."""
    found = []
    for path, tree in trees(root, "agent2/core"):
        if path == LATE:
            continue
        for node in ast.walk(tree):
            match node:
                case ast.Import(names=names):
                    imported = [alias.name for alias in names]
                case ast.ImportFrom(module=module):
                    imported = [module or ""]
                case ast.Call(func=ast.Name(id=name)):
                    if name in CORE_MAY_NOT_CALL and path != VALUE:
                        found.append(f"{path}:{node.lineno}: calls {name}()")
                    continue
                case ast.Global() | ast.Nonlocal():
                    found.append(f"{path}:{node.lineno}: changes what is outside")
                    continue
                case _:
                    continue
            found += [
                f"{path}:{node.lineno}: imports {name}"
                for name in imported
                if name.partition(".")[0] not in CORE_MAY_IMPORT
            ]
    return found


def plugins_that_know_others(root: str) -> list[str]:
    """Plugins that import another kind, of their own or of another family."""
    table: dict[str, str] = {}
    for node in ast.walk(parsed(read(root, "agent2/plugins.py"))):
        match node:
            case ast.Constant(value=str(text)) if re.fullmatch(
                r"agent2[\w.]+:\w+", text
            ):
                table[text.partition(":")[0]] = text
    families = ("agent2/checks", "agent2/actions", "agent2/notifiers")
    found = []
    for path, tree in trees(root, *families):
        own = path.removesuffix(".py").replace("/", ".")
        family = own.rpartition(".")[0]
        for node in ast.walk(tree):
            match node:
                case ast.ImportFrom(module=module, names=names):
                    names = [module or "", *(f"{module}.{each.name}" for each in names)]
                case ast.Import(names=names):
                    names = [each.name for each in names]
                case _:
                    continue
            others = [n for n in names if n in table and n != own]
            rooms = [f.replace("/", ".") for f in families]
            others += [
                n for n in names if any(n.startswith(r) and r != family for r in rooms)
            ]
            found += [f"{path}:{node.lineno}: knows {other}" for other in others[:1]]
    return found


def import_by_text(root: str) -> list[str]:
    """``import_module`` outside the few places whose job it is."""
    allowed = {"agent2/plugins.py", "agent2/wire/languages.py", LATE}
    found = []
    for path, tree in trees(root, "agent2"):
        lazily = path.startswith(("agent2/cli/", "agent2/compiler/"))
        for node in ast.walk(tree):
            match node:
                case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if (
                    name in {"import_module", "__import__"}
                ):
                    if path not in allowed and not lazily:
                        found.append(f"{path}:{node.lineno}: {name}()")
    return found


def modules_nobody_imports(root: str) -> list[str]:
    """Modules that no other one imports or names in a table: dead, or only tested."""
    texts = {path: read(root, path) for path in files(root, "agent2")}
    named = set()
    for text in texts.values():
        named.update(re.findall(r"agent2(?:\.\w+)+", text))
        for room, names in re.findall(
            r"from (agent2[\w.]*) import (\([^)]*\)|.*)", text
        ):
            named.update(f"{room}.{name}" for name in re.findall(r"\w+", names))
    return [
        f"{path}: nobody imports it"
        for path in texts
        if not ENTRANCES.fullmatch(path)
        and path.removesuffix(".py").replace(os.sep, ".") not in named
    ]


def keys_nobody_reads(root: str) -> list[str]:
    """Fields of the compiled configuration that no code asks for: they do nothing."""
    every = "".join(read(root, path) for path in files(root, "agent2"))
    asked = set(re.findall(r"\w\.(\w+)", every))
    return [
        f"{path}: {kind.name}.{field.target.id}: nobody reads it"
        for path, tree in trees(root, "agent2/plan")
        for kind in tree.body
        if isinstance(kind, ast.ClassDef)
        for field in kind.body
        if isinstance(field, ast.AnnAssign) and field.target.id not in asked
    ]


def marks_of_a_machine(root: str) -> list[str]:
    """Paths of the machine where the project was written."""
    found = []
    for path in files(root, end=("",)):
        try:
            text = read(root, path)
        except (UnicodeDecodeError, OSError):
            continue
        found += [
            f"{path}:{number}: {line.strip()[:80]}"
            for number, line in enumerate(text.split("\n"), 1)
            if MACHINE.search(line)
        ]
    return found


def docstring_examples(root: str) -> list[str]:
    """``>>>`` in a docstring: nobody runs it, so it rots."""
    return [
        f"{path}: an example in a docstring"
        for path in files(root, "agent2")
        if re.search(r"^\s*>>> ", read(root, path), re.MULTILINE)
    ]


def catalogues(root: str) -> tuple[dict[str, str], dict[str, str]]:
    """Return the two catalogues, read and not imported."""
    both = []
    for language in ("en", "zh"):
        tree = parsed(read(root, f"agent2/wire/{language}.py"))
        words = next(n.value for n in tree.body if isinstance(n, ast.Assign))
        both.append(ast.literal_eval(words))
    return both[0], both[1]


def fields(sentence: str) -> list[str]:
    """Return the names of the ``{fields}`` of a sentence, sorted."""
    return sorted(re.findall(r"\{(\w+)\}", sentence))


def uneven_catalogues(root: str) -> list[str]:
    """Sentences that one language has and the other has not, or with other fields."""
    english, chinese = catalogues(root)
    found = [
        f"{name}: in one language only" for name in english.keys() ^ chinese.keys()
    ]
    for name in english.keys() & chinese.keys():
        if fields(english[name]) != fields(chinese[name]):
            found.append(f"{name}: other fields")
        found += [
            f"{name}: not one line"
            for sentence in (english[name], chinese[name])
            if "\n" in sentence or not sentence.strip()
        ]
    return sorted(found)


def misspelled_tokens(root: str) -> list[str]:
    """Log sentences that spoil what machines read: the two tokens of the log."""
    found = []
    for words in catalogues(root):
        for name, sentence in words.items():
            if name.startswith("log.") and TOKEN in sentence:
                if not re.search(TOKEN + r": \{seconds\}s(?!\w)", sentence):
                    found.append(f"{name}: {TOKEN} in another form")
                if sentence.count(TOKEN) != 1:
                    found.append(f"{name}: {TOKEN} twice")
            if name.startswith("log.") and "修复操作" in sentence:
                found.append(f"{name}: 修复操作 is written elsewhere")
            if name.startswith("action.") and re.search("[,，]", sentence):
                found.append(f"{name}: a comma in an action")
    return found


def repeated_ids(root: str) -> list[str]:
    """Ids that stand twice in one catalogue: the first is lost without a word."""
    found = []
    for language in ("en", "zh"):
        for node in ast.walk(parsed(read(root, f"agent2/wire/{language}.py"))):
            if isinstance(node, ast.Dict):
                ids = [key.value for key in node.keys]
                found += [
                    f"{language}: {i}"
                    for i in sorted({i for i in ids if ids.count(i) > 1})
                ]
    return found


def words_nobody_says(root: str) -> list[str]:
    """Sentences of the catalogues that no line of the program can say."""
    said: set[str] = set()
    for _, tree in trees(root, "agent2"):
        for node in definitions(tree):
            calls = {
                call.func.attr
                for call in ast.walk(node)
                if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)
            }
            texts = [
                each.value
                for each in ast.walk(node)
                if isinstance(each, ast.Constant) and isinstance(each.value, str)
            ]
            said.update(text for text in texts if "." in text)
            if isinstance(node, FUNCTION) and "say" in calls:
                said.update(f"log.{text}" for text in texts)
            if isinstance(node, FUNCTION) and "trouble" in calls:
                said.update(f"log.{text}_bad" for text in texts)
            if isinstance(node, ast.ClassDef) and node.name in {"AlertKind", "Code"}:
                said.update(f"subject.{text}" for text in texts)
                said.update(f"log.code.{text}" for text in texts)
            said.update(f"line.{text}" for text in texts if node.name == "_lines")
            said.update(f"subject.{text}" for text in texts if node.name == "compose")
            # reasons are told and logged
            if node.name in {"may_restart", "_spend", "barred", "in_turn"}:
                said.update(
                    f"{family}.{t}" for t in texts for family in ("action", "log")
                )
    english, chinese = catalogues(root)
    return sorted((english.keys() | chinese.keys()) - said)


def unknown_words(root: str) -> list[str]:
    """Words of the glossary in docs/design.md that the code does not know."""
    text = read(root, "docs/design.md")
    section = re.search(
        r"^## 5\. Words\n(.*?)^Each is|\. Each is", text, re.DOTALL | re.MULTILINE
    )
    words = re.findall(
        r"\b[A-Z][A-Za-z]+(?: [a-z]+)?", text[text.index("## 5. Words") : section.end()]
    )
    code = "\n".join(read(root, path) for path in files(root, "agent2")).lower()
    return [
        w for w in words if not re.search(rf"\b{w.lower()}", code.replace("_", " "))
    ]
