"""``agent2 statuspage export``: what is public and nothing else, for any web server."""

from __future__ import annotations

import json
import re
import time
import xml.dom.minidom

import pytest

from agent2.store import history
from agent2.store.database import Database
from tests.live.cli_kit import Cli, until
from tests.ports import reserved

pytestmark = pytest.mark.slow
CONFIG = """
language: en
defaults: {{interval: 200ms, failure_threshold: 1}}
targets:
  - {{name: shop, checks: [{{kind: tcp, port: {port}}}], public: true}}
  - {{name: hidden-thing, checks: [{{kind: tcp, port: {port}}}]}}
  - {{name: docs, checks: [{{kind: command, argv: [/bin/true]}}], public: {docs}}}
"""
STATUS = {"operational", "degraded_performance", "partial_outage", "major_outage"}


@pytest.fixture(scope="module")
def cli(tmp_path_factory):
    made = Cli(tmp_path_factory.mktemp("page"))
    made.port = reserved()
    made.config(CONFIG.format(port=made.port, docs="true"))
    assert made("start").code == 0
    until(lambda: made.status()["incidents"]["open"])
    until(lambda: all(one["last_check"] for one in made.status()["targets"]))
    yield made
    made("stop")


def looked(cli, name, verdicts):
    """Have looked at a target a minute ago, a second between two looks."""
    db = Database.open(str(cli.state / "agent2.db"))
    at = time.time() - 60
    points = [(name, at + n, each, "ok", 0.25) for n, each in enumerate(verdicts)]
    with db.transaction() as tx:
        history.add(tx, points)
    db.close()


def exported(cli, folder, *words):
    told = cli("statuspage", "export", folder, *words)
    assert told.code == 0, told
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in folder.rglob("*.*")
    }


def test_the_page_tells_what_is_public_and_nothing_else(cli, tmp_path):
    looked(cli, "shop", ["good", "bad", "bad"])
    files = exported(cli, tmp_path / "out", "--title", "Shop & Co")

    badges = {
        f"badge/{name}/{kind}/{window}.svg"
        for name in ("shop", "docs")
        for kind in ("uptime", "response")
        for window in ("24h", "7d", "30d", "90d")
    }
    assert set(files) == badges | {
        "index.html", "style.css", "summary.json", "feed.atom",
        "badge/shop.svg", "badge/docs.svg",
    }  # fmt: skip
    everything = "".join(files.values())
    for secret in ("hidden", str(cli.port), "127.0.0.1", "refused", str(cli.state)):
        assert secret not in everything
    page = files["index.html"]
    assert "Shop &amp; Co" in page
    assert "<script" not in page
    assert not re.search(r"style=|\son\w+=", page)
    assert "Some services are down" in page
    assert page.count("<rect") == 2 * 90

    summary = json.loads(files["summary.json"])
    assert summary["status"]["indicator"] == "major"
    found = {one["name"]: one["status"] for one in summary["components"]}
    assert found == {"shop": "major_outage", "docs": "operational"}
    assert set(found.values()) <= STATUS
    (incident,) = summary["incidents"]
    assert (incident["name"], incident["resolved_at"]) == ("shop: down", None)
    assert incident["incident_updates"][0]["body"] == "shop: down"
    assert incident["page_id"] == summary["page"]["id"]
    for name in ("feed.atom", "badge/shop.svg", *badges):
        xml.dom.minidom.parseString(files[name])
    (entry,) = re.findall("<entry>(.*)</entry>", files["feed.atom"])
    # An entry without a link must have a content (RFC 4287, 4.1.2).
    assert re.search("<content>shop: down, 20.* UTC – ", entry)
    assert ">down<" in files["badge/shop.svg"]
    assert ">shop uptime 7d<" in files["badge/shop/uptime/7d.svg"]
    (share,) = re.findall(r">([0-9.]+) %<", files["badge/shop/uptime/7d.svg"])
    assert 0 < float(share) < 100
    assert re.search(r">2[0-9]{2} ms<", files["badge/shop/response/24h.svg"])


def test_the_page_never_says_well_of_what_nobody_watches(cli, tmp_path):
    out = tmp_path / "out"
    exported(cli, out)
    cli("stop")
    try:
        cli.config(CONFIG.format(port=cli.port, docs="false"))
        files = exported(cli, out, "--lang", "zh")
    finally:
        cli.config(CONFIG.format(port=cli.port, docs="true"))
        cli("start")

    assert not [name for name in files if name.startswith("badge/docs")]
    assert "部分服务状态未知" in files["index.html"]
    assert 'lang="zh"' in files["index.html"]
    assert json.loads(files["summary.json"])["status"]["indicator"] != "none"


def test_the_state_folder_is_not_made_a_page(cli):
    told = cli("statuspage", "export", cli.state)

    assert (told.code, "state folder" in told.err) == (73, True)
    assert not (cli.state / "index.html").exists()


def test_without_a_public_target_there_is_no_page(cli, tmp_path):
    path = tmp_path / "other.yaml"
    path.write_text("targets: [{name: a, checks: [{kind: tcp, port: 1}]}]\n")
    told = cli("statuspage", "export", tmp_path / "out", "-c", path)

    assert told.code == 78
    assert "public: true" in told.err
    assert not (tmp_path / "out").exists()
