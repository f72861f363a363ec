"""The benchmarks fit the house as it is: nothing that they name has moved."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

# In a process of its own: a benchmark takes SIGTERM when it is imported.
LOOK = """
import ast, importlib, os, pathlib, sys, types

sys.path.insert(0, "bench")


def resolve(node, names):
    if isinstance(node, ast.Attribute):
        owner = resolve(node.value, names)
        if isinstance(owner, types.ModuleType):
            if not hasattr(owner, node.attr):
                print(f"{path}:{node.lineno}: {ast.unparse(node)}")
                return None
            return getattr(owner, node.attr)
        return None
    return names.get(node.id) if isinstance(node, ast.Name) else None


for path in sorted(pathlib.Path("bench").glob("*.py")):
    module = importlib.import_module(path.stem)
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute):
            resolve(node, vars(module))
        elif isinstance(node, ast.ImportFrom) and node.module.startswith("agent2"):
            for each in node.names:
                exec(f"from {node.module} import {each.name}")

import alert, plans
from agent2.plan.stored import load

folder = sys.argv[1]
notifiers = tuple(
    plans.values.PluginPlan(kind, kind, options(1))
    for kind, options in alert.CHANNELS.items()
)
one = plans.target("webui", plans.three_checks("/x.pid", 1), primary=True)
plans.write(folder, "", [one], notifiers, web={"enabled": True}, telemetry={})
plan = load(os.path.join(folder, "plan.json"))
assert plan.targets == (one,) and len(plan.notifiers) == len(notifiers)
"""


def test_all_that_a_benchmark_names_is_there_and_its_plan_is_read(tmp_path):
    argv = [sys.executable, "-c", LOOK, str(tmp_path)]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)
