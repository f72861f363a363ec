"""The rules of the house hold, and each would notice its breach."""

from __future__ import annotations

import os
import shutil

import house_rules as rules
import pytest

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
RULES = [
    rules.long_modules,
    rules.long_functions,
    rules.without_docstring,
    rules.forbidden_names,
    rules.impure_core,
    rules.plugins_that_know_others,
    rules.import_by_text,
    rules.modules_nobody_imports,
    rules.keys_nobody_reads,
    rules.marks_of_a_machine,
    rules.docstring_examples,
    rules.uneven_catalogues,
    rules.misspelled_tokens,
    rules.repeated_ids,
    rules.words_nobody_says,
    rules.unknown_words,
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_project_keeps_the_rule(rule):
    assert rule(ROOT) == []


def test_most_modules_are_short():
    """Over 200 lines a module wants a second look; a few may have had it."""
    every = list(rules.files(ROOT, "agent2"))
    over = rules.long_modules(ROOT, rules.SOFT)

    assert len(over) <= len(every) * 0.1, "\n".join(over)


def test_no_exception_outlives_its_reason():
    for path in rules.LONG_FILES:
        assert rules.read(ROOT, path).count("\n") > rules.HARD, path
    for named in rules.FOREIGN_NAMES:
        path, _, name = named.partition(":")
        found = [
            d.name for d in rules.definitions(rules.parsed(rules.read(ROOT, path)))
        ]
        assert name in found, named


# --- each rule, shown a breach ------------------------------------------------


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A copy of the project that may be spoiled."""
    copy = tmp_path_factory.mktemp("house")
    for folder in ("agent2", "docs"):
        shutil.copytree(
            os.path.join(ROOT, folder),
            copy / folder,
            ignore=shutil.ignore_patterns("__pycache__"),
        )
    return copy


HERE = "/wor" + "k/here"
LONG_FUNCTION = '"""M."""\n\n\ndef walk():\n    """W."""\n' + "    x = 1\n" * 40


@pytest.mark.parametrize(
    ("rule", "file", "text", "complaint"),
    [
        (
            rules.long_modules,
            "agent2/x.py",
            '"""M."""\n' + "x = 1\n" * 300,
            "301 lines",
        ),
        (rules.long_functions, "agent2/x.py", LONG_FUNCTION, "walk has 41 lines"),
        (rules.without_docstring, "agent2/x.py", "x = 1\n", "the module has no"),
        (
            rules.without_docstring,
            "agent2/x.py",
            '"""M."""\nclass Deed:\n    """D."""\n    def run(self): ...\n',
            "run has no",
        ),
        (rules.forbidden_names, "agent2/utils.py", '"""M."""\n', "utils means nothing"),
        (
            rules.forbidden_names,
            "agent2/x.py",
            '"""M."""\nclass CheckManager: ...\n',
            "CheckManager means",
        ),
        (
            rules.forbidden_names,
            "agent2/x.py",
            '"""M."""\nasync def get_data(): ...\n',
            "get_data means",
        ),
        (rules.impure_core, "agent2/core/x.py", "def f():\n    open('x')\n", "open()"),
        (rules.impure_core, "agent2/core/x.py", "print(1)\n", "print()"),
        (
            rules.impure_core,
            "agent2/core/x.py",
            "from importlib import import_module\n",
            "imports importlib",
        ),
        (rules.impure_core, "agent2/core/x.py", "import time as t\n", "imports time"),
        (
            rules.impure_core,
            "agent2/core/x.py",
            "def f():\n    global seen\n    seen = 1\n",
            "outside",
        ),
        (
            rules.plugins_that_know_others,
            "agent2/checks/x.py",
            "from agent2.checks import pid\n",
            "knows agent2.checks.pid",
        ),
        (
            rules.plugins_that_know_others,
            "agent2/actions/x.py",
            "def f():\n    import agent2.notifiers.slack\n",
            "knows agent2.notifiers.slack",
        ),
        (
            rules.import_by_text,
            "agent2/watcher/x.py",
            "import importlib\nimportlib.import_module('requests')\n",
            "import_module()",
        ),
        (
            rules.modules_nobody_imports,
            "agent2/store/attic.py",
            '"""Rows that nobody asks for."""\n',
            "nobody imports it",
        ),
        (
            rules.keys_nobody_reads,
            "agent2/plan/x.py",
            '"""M."""\nclass OddPlan:\n    nobody_asks: int = 0\n',
            "OddPlan.nobody_asks",
        ),
        (rules.marks_of_a_machine, "docs/x.md", f"see {HERE}\n", "docs/x.md:1"),
        (
            rules.docstring_examples,
            "agent2/x.py",
            '"""M.\n\n    >>> 1 + 1\n"""\n',
            "example",
        ),
    ],
)
def test_a_breach_is_seen(project, rule, file, text, complaint):
    path = project / file
    path.write_text(text, encoding="utf-8")
    try:
        found = [line for line in rule(str(project)) if line.startswith(file)]
    finally:
        path.unlink()

    assert len(found) == 1, found
    assert complaint in found[0]


@pytest.mark.parametrize(
    ("rule", "old", "new", "complaint"),
    [
        (
            rules.uneven_catalogues,
            '"action.none"',
            '"action.nothing"',
            "action.nothing",
        ),
        (rules.uneven_catalogues, "{name} 进程不存在", "进程不存在", "issue.process"),
        (
            rules.uneven_catalogues,
            '"无需操作"',
            '"无需\\n操作"',
            "action.none: not one",
        ),
        (
            rules.misspelled_tokens,
            "响应时间: {seconds}s)",
            "响应时间 {seconds}s)",
            "log.good",
        ),
        (rules.misspelled_tokens, "健康检查警告", "响应时间", "log.degraded"),
        (rules.misspelled_tokens, '"无需操作"', '"无需，操作"', "action.none"),
        (rules.misspelled_tokens, '"无需操作"', '"无需, 操作"', "action.none"),
        (rules.misspelled_tokens, "开始尝试修复", "修复操作", "log.repair"),
        (rules.repeated_ids, '"action.none"', '"action.off"', "zh: action.off"),
        (rules.words_nobody_says, '"log.begin"', '"log.never"', "log.never"),
    ],
)
def test_a_breach_in_a_catalogue_is_seen(project, rule, old, new, complaint):
    path = project / "agent2/wire/zh.py"
    whole = path.read_text(encoding="utf-8")
    assert old in whole
    path.write_text(whole.replace(old, new, 1), encoding="utf-8")
    try:
        found = rule(str(project))
    finally:
        path.write_text(whole, encoding="utf-8")

    assert any(complaint in line for line in found), found


def test_a_word_of_the_docs_that_no_code_knows_is_seen(project):
    path = project / "docs/design.md"
    whole = path.read_text(encoding="utf-8")
    path.write_text(
        whole.replace("Outbox,", "Outbox, Pigeonhole,", 1), encoding="utf-8"
    )
    try:
        assert rules.unknown_words(str(project)) == ["Pigeonhole"]
    finally:
        path.write_text(whole, encoding="utf-8")
