"""Does a test notice when the core is wrong? Plant one small fault at a time and see.

    python tests/core/mutants.py [--jobs N] [--only MODULE] [--at LEAST_PERCENT]

Comparisons are moved by one and turned round, constants go up by one, ``and`` and
``or`` change places, ``not`` falls away, ``+`` becomes ``-``, ``min`` becomes ``max``,
``True`` becomes ``False``. Prints the faults that lived and how many were killed; exit
1 below 95 %. Not part of the quick run: a minute or two.
"""

from __future__ import annotations

import argparse
import ast
import copy
import glob
import importlib.util
import os
import signal
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
CORE = os.path.join(HERE, "..", "..", "agent2", "core")
SECONDS = 60
COMPARISONS = {
    ast.Lt: (ast.LtE, ast.GtE), ast.LtE: (ast.Lt, ast.Gt), ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt), ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,), ast.IsNot: (ast.Is,), ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}  # fmt: skip
OPERATORS = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult}
NAMES = {"min": "max", "max": "min", "any": "all", "all": "any"}


def faults(node: ast.AST):
    """Yield each way to spoil *node*, as a new node."""
    match node:
        case ast.Compare(ops=[op, *rest]):
            for other in COMPARISONS.get(type(op), ()):
                yield ast.Compare(node.left, [other(), *rest], node.comparators)
            for other in COMPARISONS.get(type(rest[0]), ()) if rest else ():
                yield ast.Compare(node.left, [op, other()], node.comparators)
        case ast.BoolOp(op=op):
            yield ast.BoolOp(
                ast.Or() if isinstance(op, ast.And) else ast.And(), node.values
            )
        case ast.UnaryOp(op=ast.Not()):
            yield node.operand
        case ast.BinOp(op=op) if type(op) in OPERATORS:
            yield ast.BinOp(node.left, OPERATORS[type(op)](), node.right)
        case ast.Constant(value=bool()):
            yield ast.Constant(not node.value)
        case ast.Constant(value=int() | float()):
            yield ast.Constant(node.value + 1)
        case ast.Call(func=ast.Name(id=name)) if name in NAMES:
            yield ast.Call(ast.Name(NAMES[name], ast.Load()), node.args, node.keywords)
        case ast.IfExp():
            yield ast.IfExp(node.test, node.orelse, node.body)
        case ast.Call(func=ast.Name(id="replace"), keywords=[_, *_]):
            for lost in range(len(node.keywords)):
                kept = node.keywords[:lost] + node.keywords[lost + 1 :]
                yield ast.Call(node.func, node.args, kept)
        case ast.AugAssign(op=ast.Add()):
            yield ast.Pass()


def plant(module: str):
    """Yield ``(where, code)`` for each fault of the module's file."""
    with open(module, encoding="utf-8") as file:
        tree = ast.parse(file.read())
    for number, node in enumerate(ast.walk(tree)):
        if (
            isinstance(node, ast.Assign)
            and ast.unparse(node.targets[0]) == "TYPE_CHECKING"
        ):
            node.value.value = None  # true or false, only a type checker sees it
            continue
        for spoiled in faults(node):
            faulty = copy.deepcopy(tree)
            target = list(ast.walk(faulty))[number]
            _swap(faulty, target, spoiled)
            ast.fix_missing_locations(faulty)
            where = (
                f"{os.path.basename(module)}:{node.lineno}: {ast.unparse(node)[:60]}"
            )
            yield f"{where}  ->  {ast.unparse(spoiled)[:60]}", faulty


def _swap(tree: ast.AST, target: ast.AST, spoiled: ast.AST) -> None:
    for parent in ast.walk(tree):
        for field, held in ast.iter_fields(parent):
            if held is target:
                setattr(parent, field, spoiled)
            elif isinstance(held, list) and any(each is target for each in held):
                held[:] = [spoiled if each is target else each for each in held]


def lives(module: str, tree: ast.Module) -> bool:
    """Run the tests of this folder, in this process, against the faulty module."""
    name = "agent2.core." + os.path.basename(module).removesuffix(".py")
    code = compile(tree, module, "exec")

    class Loader:
        def find_spec(self, asked, _path=None, _target=None):
            return (
                importlib.util.spec_from_loader(name, self) if asked == name else None
            )

        def create_module(self, _spec):
            return None

        def exec_module(self, made):
            exec(code, made.__dict__)

    import pytest

    sys.meta_path.insert(0, Loader())
    # Loaded before the forks on purpose, so it cannot be rewritten: no matter.
    calm = "ignore::pytest.PytestAssertRewriteWarning"
    return pytest.main(["-x", "-q", "-W", calm, *_ordered(module)]) == 0


def _ordered(module: str) -> list[str]:
    """The tests that speak of this module first, the laws last."""
    stem = os.path.basename(module).removesuffix(".py")
    tests = sorted(glob.glob(os.path.join(HERE, "test_*.py")))
    return sorted(tests, key=lambda t: (stem not in t, "laws" in t, "reference" in t))


def tried(module: str, tree: ast.Module) -> int:
    """Start a child for one fault; it ends with 1 if the fault lives."""
    child = os.fork()
    if child:
        return child
    signal.alarm(SECONDS)  # an endless loop is a fault that was noticed
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, 1)
    os.dup2(devnull, 2)
    try:
        alive = lives(module, tree)
    except BaseException:
        alive = False
    os._exit(alive)


def main() -> int:
    """Plant every fault and count."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--only", default="")
    parser.add_argument("--at", type=float, default=95.0)
    options = parser.parse_args()
    os.environ["AGENT2_LAWS_PROFILE"] = "mutants"
    os.environ.setdefault("AGENT2_LAWS", "30")
    sys.dont_write_bytecode = True
    sys.path.insert(0, os.path.join(HERE, "..", ".."))
    import pytest  # noqa: F401  (loaded once, before the forks)

    running: dict[int, str] = {}
    total = lived = 0
    whole = os.path.join(CORE, "chance.py")
    with open(whole, encoding="utf-8") as file:
        running[tried(whole, ast.parse(file.read()))] = "nothing is wrong"
    if not _reap(running):
        sys.exit("the tests fail without any fault: mend that first")
    for module in sorted(glob.glob(os.path.join(CORE, "[a-z]*.py"))):
        if options.only not in module:
            continue
        for where, tree in plant(module):
            total += 1
            running[tried(module, tree)] = where
            if len(running) >= options.jobs:
                lived += _reap(running)
    while running:
        lived += _reap(running)
    share = 100.0 * (total - lived) / max(total, 1)
    print(f"killed {total - lived}/{total} ({share:.1f} %)")
    return share < options.at


def _reap(running: dict[int, str]) -> int:
    child, status = os.wait()
    alive = os.waitstatus_to_exitcode(status) == 1
    where = running.pop(child)
    if alive:
        print("lived:", where, flush=True)
    return alive


if __name__ == "__main__":
    sys.exit(main())
