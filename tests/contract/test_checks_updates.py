"""Packages that wait are counted as ``apt list --upgradable`` lists them."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from agent2.checks.updates import UpdatesCheck
from agent2.core.model import Code, Outcome
from tests.contract.probing import ask, run

LISTED = """\
Listing...
curl/noble-updates,noble-security 8.5.0-2ubuntu10.6 amd64 [upgradable from: 8.5.0-2]
libssl3t64/noble-security 3.0.13-0ubuntu3.5 amd64 [upgradable from: 3.0.13-0ubuntu3.4]
vim/noble-updates 2:9.1.0016-1ubuntu7.8 amd64 [upgradable from: 2:9.1.0016-1ubuntu7.1]
"""


@pytest.fixture
def apt(tmp_path, monkeypatch):
    """An ``apt`` that counts how often it is asked, and prints *LISTED*."""
    place = tmp_path / "apt"
    (tmp_path / "listed").write_text(LISTED)
    place.write_text(
        f'#!/bin/sh\necho "$*" >> {tmp_path}/asked\ncat {tmp_path}/listed || exit 1\n'
    )
    place.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return tmp_path


def test_all_and_those_for_security_are_counted_once_a_day_and_nothing_is_installed(
    apt,
):
    check = UpdatesCheck()
    found = ask(check)
    assert (found.outcome, found.code) == (Outcome.OK, Code.OK)
    assert found.figures == (("updates", 3.0), ("security_updates", 2.0))
    assert found.detail == "3 updates wait, 2 of them for security"
    assert run(check.probe) == found
    assert (apt / "asked").read_text() == "list --upgradable\n"
    warned = ask(UpdatesCheck(max=10, max_security=0))
    assert (warned.outcome, warned.code) == (Outcome.OK, Code.LIMIT)
    assert warned.detail.endswith("2 of them for security (max_security at most 0)")


def test_where_apt_cannot_be_asked_nobody_knows(apt):
    (apt / "listed").unlink()
    found = ask(UpdatesCheck(max_security=0))
    assert (found.outcome, found.code) == (Outcome.ERROR, Code.INTERNAL)
    (apt / "apt").write_text("#!/bin/sh\nexec sleep 60\n")
    assert "no answer in time" in ask(UpdatesCheck(), 0.5).detail


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("apt"), reason="no apt")
def test_the_number_is_that_of_the_documents_command():
    told = subprocess.run(
        ["apt", "list", "--upgradable"], capture_output=True, text=True, check=True
    ).stdout
    found = dict(ask(UpdatesCheck(), 60).figures)
    assert found["updates"] == told.count("upgradable from")


def test_limits_that_make_no_sense_are_told():
    named = [told[0] for told in UpdatesCheck(max=-2, every=1.0).problems()]
    assert named == ["max", "every"]
    assert list(UpdatesCheck().problems()) == []
