"""What is installed is pinned, with hashes, and is what setup.cfg asks for."""

from __future__ import annotations

import configparser
import os
import re

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))


def text(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def pins(lock):
    """``name -> (version, hashes)`` of a lock file; anything else is an error."""
    joined = re.sub(r"\\\n\s*", "", lock)
    lines = [n for n in joined.split("\n") if n and not n.lstrip().startswith("#")]
    found = {}
    for line in lines:
        match = re.fullmatch(
            r"([A-Za-z0-9._-]+)==([^\s;]+)(?:\s*;[^-]*)?((?:\s*--hash=sha256:[0-9a-f]{64})+)\s*",
            line,
        )
        assert match, f"not pinned with hashes: {line[:80]}"
        name = canonicalize_name(match[1])
        assert name not in found, f"pinned twice: {name}"
        found[name] = (match[2], match[3].split())
    return found


def requirements(path):
    if path == "setup.cfg":
        parser = configparser.ConfigParser()
        parser.read_string(text(path))
        lines = parser["options"]["install_requires"].split("\n")
    else:
        lines = text(path).split("\n")
    return {
        canonicalize_name(Requirement(line).name): Requirement(line)
        for line in map(str.strip, lines)
        if line and not line.startswith(("#", "-r"))
    }


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_everything_in_a_lock_file_has_a_version_and_hashes(lock):
    for name, (version, hashes) in pins(text(lock)).items():
        assert re.fullmatch(r"[0-9][0-9a-z.+!-]*", version), name
        assert len(set(hashes)) == len(hashes) > 0, name


@pytest.mark.parametrize(
    ("wanted", "lock"),
    [
        ("setup.cfg", "requirements.lock"),
        ("setup.cfg", "requirements-dev.lock"),
        ("requirements/runtime.in", "requirements.lock"),
        ("requirements/dev.in", "requirements-dev.lock"),
    ],
)
def test_every_requirement_is_pinned_to_a_version_that_it_allows(wanted, lock):
    pinned = pins(text(lock))

    for name, requirement in requirements(wanted).items():
        assert name in pinned, f"{wanted} wants {name}, {lock} has it not"
        version = pinned[name][0]
        assert requirement.specifier.contains(version), f"{requirement}, {version}"


def test_what_runs_is_what_is_tested():
    runtime, dev = pins(text("requirements.lock")), pins(text("requirements-dev.lock"))

    assert {name: dev.get(name) for name in runtime} == runtime


def test_what_is_locked_is_asked_for_from_the_same_list():
    wanted, listed = requirements("setup.cfg"), requirements("requirements/runtime.in")

    assert wanted.keys() <= listed.keys()


@pytest.mark.parametrize(
    "lock",
    [
        "requests>=2\n",
        "requests==2.34.2\n",
        "requests==2.34.2 \\\n    --hash=md5:00\n",
        "-e .\n",
        "git+https://example.com/x.git\n",
    ],
)
def test_a_loose_requirement_would_be_seen(lock):
    with pytest.raises(AssertionError, match="not pinned"):
        pins(lock)
