"""The import contracts of setup.cfg are kept, and each of them would notice."""

from __future__ import annotations

import configparser
import os
import re
import shutil
import subprocess
import sys

import pytest

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))


def lint_imports(folder):
    """Run the contracts of *folder*; return the exit code and what was said."""
    program = os.path.join(os.path.dirname(sys.executable), "lint-imports")
    done = subprocess.run(
        [program, "--no-cache", "--config", os.path.join(folder, "setup.cfg")],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder), "NO_COLOR": "1", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def contracts():
    parser = configparser.ConfigParser()
    parser.read(os.path.join(ROOT, "setup.cfg"), encoding="utf-8")
    prefix = "importlinter:contract:"
    return {
        name.removeprefix(prefix): parser[name]
        for name in parser.sections()
        if name.startswith(prefix)
    }


def test_every_contract_is_kept():
    code, said = lint_imports(ROOT)

    assert code == 0, said
    assert f"Contracts: {len(contracts())} kept, 0 broken." in said


# file, the line that is planted there, what must be reported, the contract it breaks
PLANTED = [
    ("core/planted_a.py", "import time", "agent2.core.planted_a -> time", "pure-core"),
    (
        "core/planted_b.py",
        "def f():\n    import random",
        "agent2.core.planted_b -> random",
        "pure-core",
    ),
    ("core/planted_c.py", "from agent2.plan import values", "agent2.core.planted_c -> agent2.plan.values", "floors"),
    ("host/planted.py", "from agent2.store import database", "agent2.host.planted -> agent2.store", "floors"),
    ("store/planted.py", "import agent2.watcher.main", "agent2.store.planted -> agent2.watcher.main", "floors"),
    ("watcher/planted.py", "import agent2.courier.main", "agent2.watcher.planted -> agent2.courier.main", "floors"),
    ("checks/planted_b.py", "from agent2.notifiers import slack", "agent2.checks.planted_b -> agent2.notifiers.slack", "floors"),
    ("watcher/planted_b.py", "def f():\n    from agent2.checks import pid", "agent2.watcher.planted_b -> agent2.checks.pid", "plugins-by-name"),
    ("wire/planted.py", "import sqlite3", "agent2.wire.planted -> sqlite3", "door-sql"),
    ("cli/planted.py", "import yaml", "agent2.cli.planted -> yaml", "door-config"),
    ("checks/planted.py", "import requests", "agent2.checks.planted -> requests", "door-strangers"),
    ("courier/planted.py", "import smtplib", "agent2.courier.planted -> smtplib", "door-strangers"),
    ("demo/planted.py", "import yaml", "agent2.demo.planted -> yaml", "door-config"),
    ("demo/planted_b.py", "import sqlite3", "agent2.demo.planted_b -> sqlite3", "door-sql"),
    ("cli/planted_b.py", "import starlette", "agent2.cli.planted_b -> starlette", "door-web"),
    ("web/planted_c.py", "import opentelemetry", "agent2.web.planted_c -> opentelemetry", "door-telemetry"),
    ("host/planted_b.py", "import click", "agent2.host.planted_b -> click", "door-terminal"),
]  # fmt: skip


def copied(folder):
    keep_out = shutil.ignore_patterns("__pycache__")
    shutil.copytree(os.path.join(ROOT, "agent2"), folder / "agent2", ignore=keep_out)
    shutil.copy(os.path.join(ROOT, "setup.cfg"), folder)
    return folder


@pytest.fixture(scope="module")
def spoiled(tmp_path_factory):
    """What the contracts say of a copy in which all of it is wrong at once."""
    folder = copied(tmp_path_factory.mktemp("spoiled"))
    for file, line, _, _ in PLANTED:
        with open(folder / "agent2" / file, "a", encoding="utf-8") as module:
            module.write(f"\n{line}\n")
    return lint_imports(folder)


@pytest.mark.parametrize(
    ("shown", "contract"), [(shown, contract) for *_, shown, contract in PLANTED]
)
def test_a_planted_import_is_found(spoiled, shown, contract):
    code, said = spoiled
    title = contracts()[contract]["name"]

    assert code == 1
    assert f"{title} BROKEN" in said
    broken = said.partition("Broken contracts")[2]
    chapters = re.split(r"\n([^\n]+)\n-{5,}\n", broken)
    chapter = chapters[chapters.index(title) + 1]
    assert shown in chapter, chapter


def test_every_contract_has_a_planted_import():
    assert contracts().keys() == {contract for *_, contract in PLANTED}


# contract -> the rooms that may go through its door; ``pure-core`` keeps the core out.
DOORS = {
    "door-sql": {"store"},
    "door-config": {"compiler"},
    "door-strangers": {"notifiers", "telemetry"},
    "door-terminal": {"cli"},
    "door-web": {"web"},
    "door-telemetry": {"telemetry"},
    "plugins-by-name": {"plugins", "checks", "actions", "notifiers", "host"},
}


@pytest.mark.parametrize("contract", DOORS)
def test_every_room_stands_before_each_door(contract):
    """The contracts list rooms by hand: a new one would be forgotten."""
    entries = os.listdir(os.path.join(ROOT, "agent2"))
    rooms = {name.removesuffix(".py") for name in entries if name.endswith(".py")}
    rooms |= {
        name for name in entries if os.path.isfile(f"{ROOT}/agent2/{name}/__init__.py")
    }
    rooms -= {"__init__", "__main__", "agent2_monitor", "core"}
    listed = contracts()[contract]["source_modules"].split()

    assert {f"agent2.{room}" for room in rooms - DOORS[contract]} == set(listed)


def test_a_new_room_must_be_given_its_floor(tmp_path):
    folder = copied(tmp_path)
    (folder / "agent2" / "attic.py").write_text('"""A."""\n', encoding="utf-8")

    code, said = lint_imports(folder)

    assert code == 1
    assert "agent2.attic" in said
