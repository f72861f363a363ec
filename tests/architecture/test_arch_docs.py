"""The pages name nothing that is not there, and each rule would notice if they did."""

from __future__ import annotations

import os
import shutil

import doc_claims as claims
import pytest

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
RULES = [
    claims.unknown_commands,
    claims.missing_files,
    claims.unknown_keys,
    claims.unknown_variables,
    claims.wrong_examples,
    claims.missing_tests,
    claims.uneven_front_pages,
    claims.pages_that_nobody_finds,
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_pages_keep_the_rule(rule):
    assert rule(ROOT) == []


def test_the_pages_are_read_at_all():
    """A rule that finds no claim holds for nothing."""
    every = claims.commands(ROOT)

    assert len(every) > 80
    assert ["config", "set", "log.level", "DEBUG", "--reload"] in [w for _, w in every]
    assert len(claims.code(ROOT)) > 1000


@pytest.fixture
def project(tmp_path):
    """A project whose pages may be spoiled; all the rest of it are links."""
    for name in ("docs", "README.md", "README.zh.md"):
        source = os.path.join(ROOT, name)
        copy = shutil.copytree if os.path.isdir(source) else shutil.copy
        copy(source, tmp_path / name)
    for path in os.listdir(ROOT):
        if not (tmp_path / path).exists():
            (tmp_path / path).symlink_to(os.path.join(ROOT, path))
    return tmp_path


@pytest.mark.parametrize(
    ("rule", "line", "complaint"),
    [
        (claims.unknown_commands, "`agent2 destroy`", "no command destroy"),
        (claims.unknown_commands, "`agent2 db backup --at X`", "no option --at"),
        (
            claims.unknown_commands,
            "```\nsudo agent2 gate open a\n```",
            "no command open",
        ),
        (claims.missing_files, "see [more](more.md)", "docs/more.md"),
        (claims.missing_files, "`agent2/store/gone.py`", "agent2/store/gone.py"),
        (
            claims.missing_files,
            "```\ncommit   watcher/gone, store\n```",
            "watcher/gone",
        ),
        (claims.missing_tests, "`test_that_is_gone`", "no test test_that_is_gone"),
        (claims.unknown_keys, "`log.colour`", "log.colour"),
        (claims.unknown_variables, "`AGENT2_COLOUR`", "AGENT2_COLOUR"),
        (claims.wrong_examples, "```yaml\nlog: {colour: red}\n```", "$.log: "),
    ],
)
def test_a_claim_that_does_not_hold_is_seen(project, rule, line, complaint):
    with open(project / "docs/alerts.md", "a", encoding="utf-8") as page:
        page.write(f"\n{line}\n")

    (found,) = (one for one in rule(project) if one.startswith("docs/alerts.md"))
    assert complaint in found


def test_what_one_front_page_has_alone_is_seen(project):
    before = (project / "README.md").read_text(encoding="utf-8")
    more = f"{before}\n## More\n\nTry `agent2 web token`.\n"
    (project / "README.md").write_text(more, encoding="utf-8")

    heading, command = claims.uneven_front_pages(project)
    assert heading.startswith("a heading: ")
    assert command == "agent2 web token: 1 in English, 0 in Chinese"


def test_a_page_that_the_front_page_does_not_name_is_seen(project):
    (project / "docs/attic.md").write_text("# Attic\n", encoding="utf-8")

    assert "docs/attic.md" in claims.pages_that_nobody_finds(project)
