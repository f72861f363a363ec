"""The two lock files: complete, pinned, hashed, and of one mind."""

from __future__ import annotations

import configparser
import re

import pytest

from tests.live.cli_kit import ROOT

NAMES = ("requirements.lock", "requirements-dev.lock")
PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)(?: ; (.*?))? \\$", re.MULTILINE)


def plain(name):
    """PEP 503: one spelling for each name."""
    return re.sub(r"[-_.]+", "-", re.match(r"[A-Za-z0-9._-]+", name)[0]).lower()


def pins(name):
    found = PIN.findall((ROOT / name).read_text())
    return {plain(package): version for package, version, _ in found}


def wanted(name):
    lines = (ROOT / "requirements" / name).read_text().splitlines()
    return {plain(line) for line in lines if line and line[0] not in "#-"}


def test_everything_that_is_asked_for_is_pinned():
    assert wanted("runtime.in") - pins("requirements.lock").keys() == set()
    assert wanted("dev.in") - pins("requirements-dev.lock").keys() == set()


def test_the_packages_metadata_asks_for_the_same_and_the_pins_are_in_range():
    from packaging.requirements import Requirement

    found = configparser.ConfigParser(interpolation=None)
    found.read(ROOT / "setup.cfg")
    lines = found["options"]["install_requires"].split("\n")
    asked = [Requirement(line) for line in lines if line]

    pinned = pins("requirements.lock")
    assert {plain(one.name) for one in asked} == wanted("runtime.in") - {"setuptools"}
    for one in asked:
        assert one.specifier.contains(pinned[plain(one.name)]), one


def test_tests_run_with_what_users_run():
    runtime, development = pins(NAMES[0]), pins(NAMES[1])

    assert {name: development[name] for name in runtime} == runtime


@pytest.mark.parametrize("name", NAMES)
def test_every_pin_has_a_hash_and_no_registry_is_named(name):
    text = (ROOT / name).read_text()
    entries = re.split(r"\n(?=\S)", text.strip())

    assert "://" not in text
    assert "index-url" not in text
    for entry in entries:
        if not entry.startswith("#"):
            assert "--hash=sha256:" in entry, entry
