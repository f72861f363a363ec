"""The plist: read by plistlib, and held to rules that plistlib does not know.

plistlib takes a key twice (the last wins) and ``<string>false</string>`` where a
boolean is meant; launchd does neither.
"""

from __future__ import annotations

import plistlib
from pathlib import Path
from xml.parsers import expat

import pytest

ROOT = Path(__file__).resolve().parents[2]
PLIST = ROOT / "launchd" / "com.agentos.agent2.plist"

# Key -> its type in launchd.plist(5). No other key is allowed.
TYPES = {
    "Label": str,
    "ProgramArguments": list,
    "RunAtLoad": bool,
    "KeepAlive": dict,
    "StandardOutPath": str,
    "StandardErrorPath": str,
    "ThrottleInterval": int,
}
PATHS = ("StandardOutPath", "StandardErrorPath")


def problems(content):
    """Everything that is wrong with a plist of ours, a sentence each."""
    found = [f"{key} stands twice" for key in doubled(content)]
    tree = plistlib.loads(content)
    for key, kind in TYPES.items():
        if key not in tree:
            found.append(f"{key} is missing")
        elif type(tree[key]) is not kind:
            found.append(f"{key} is no {kind.__name__}")
    found += [f"{key} is not known" for key in tree.keys() - TYPES.keys()]
    if tree.get("KeepAlive") != {"SuccessfulExit": False}:
        found.append("KeepAlive is not SuccessfulExit=false")
    paths = [tree.get(key, "") for key in PATHS] + list(
        tree.get("ProgramArguments", [])
    )
    found += [f"{path} is not absolute" for path in paths if not path.startswith("/")]
    return found


def doubled(content):
    """Keys that stand twice in one dict, as the file has them."""
    keys, twice, text = [set()], [], []
    parser = expat.ParserCreate()

    def start(name, _attributes):
        text.clear()
        if name == "dict":
            keys.append(set())

    def end(name):
        if name == "dict":
            keys.pop()
        elif name == "key":
            key = "".join(text)
            if key in keys[-1]:
                twice.append(key)
            keys[-1].add(key)

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text.append
    parser.Parse(content, True)
    return twice


def test_the_plist_has_exactly_the_documented_keys_and_types():
    content = PLIST.read_bytes()

    assert problems(content) == []
    tree = plistlib.loads(content)
    assert tree["Label"] == "com.agentos.agent2" == PLIST.stem
    assert tree["RunAtLoad"] is True
    assert tree["ThrottleInterval"] == 10
    assert len(tree["ProgramArguments"]) == 2
    assert tree["ProgramArguments"][1].endswith("/agent2_monitor.py")
    assert tree["StandardOutPath"].endswith("/.agentos/multi_agent/agent2.log")
    assert tree["StandardErrorPath"].endswith("/.agentos/multi_agent/agent2_error.log")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("<true/>", "<string>true</string>", "RunAtLoad is no bool"),
        ("<integer>10</integer>", "<real>10</real>", "ThrottleInterval is no int"),
        ("/Users/agentos", "~", "is not absolute"),
        ("<key>RunAtLoad</key>", "<key>RunAtLaod</key>", "RunAtLaod is not known"),
        (
            "<key>RunAtLoad</key>",
            "<key>Label</key><string>x</string><key>RunAtLoad</key>",
            "Label stands twice",
        ),
        ("<false/>", "<true/>", "KeepAlive is not"),
    ],
)
def test_these_rules_see_what_plistlib_does_not(old, new, expected):
    broken = PLIST.read_text().replace(old, new).encode()

    assert any(expected in problem for problem in problems(broken))


def test_the_program_starts_without_a_shell_and_does_not_fork_away():
    # launchd must see the process itself: no start script, which leaves at once.
    program = plistlib.loads(PLIST.read_bytes())["ProgramArguments"]

    assert not any(word.endswith(".sh") for word in program)
    assert (ROOT / "agent2" / "agent2_monitor.py").exists()
