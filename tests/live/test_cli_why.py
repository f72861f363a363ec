"""``agent2 why`` tells of one incident: believed, found, done, told, next."""

from __future__ import annotations

from datetime import datetime

import pytest
from cli_kit import Cli, until

from agent2.cli.settings import Settings
from agent2.cli.state.why_past import Past
from agent2.cli.state.why_said import sentences
from agent2.core.model import Severity
from agent2.store.incidents import Incident
from agent2.wire import snapshot
from tests.fakes.web import FakeHook
from tests.ports import reserved

CONFIG = """\
version: 1
targets:
  - name: shop
    checks: [{{kind: tcp, port: {port}}}]
    failure_threshold: 1
    interval: 1s
    restart:
      {{actions: [{{kind: command, argv: ["true"]}}], settle: 1s, proof: 2s, backoff: 90s}}
  - {{name: till, checks: [{{kind: tcp, port: {port}}}], interval: 1s, depends_on: [shop]}}
  - {{name: files, checks: [{{kind: file, path: /etc/hostname}}]}}
notifiers: [{{name: ops, kind: webhook, url: "{url}"}}]
"""


def result(cli):
    (shop,) = cli("why", "shop", "--json").json["targets"]
    return shop


@pytest.mark.slow
def test_a_target_that_is_down_is_told_of_in_plain_sentences(tmp_path):
    cli = Cli(tmp_path)
    with FakeHook() as hook:
        cli.config(CONFIG.format(port=reserved(), url=hook.url("/in")))
        try:
            assert cli("start").code == 0
            until(lambda: [a for a in result(cli)["done"] if a["result"] == "failed"])
            until(lambda: result(cli)["told"][0]["state"] == "delivered")
            shop = result(cli)
            assert shop["believed"]["state"] == "down"
            assert [one["code"] for one in shop["believed"]["checks"]] == [
                "port_refused"
            ]
            assert (shop["open"], shop["withheld"]) == (True, None)
            due = datetime.fromisoformat(shop["next"]["restart_at"])
            asked = datetime.fromisoformat(shop["done"][0]["at"])
            assert 45.0 <= (due - asked).total_seconds() <= 90.0  # the first back-off
            assert cli("status", "--validate").code == 0

            until(lambda: "till is down since" in cli("why", "till").out)
            told = cli("why", "till").out
            assert "It depends on shop: the likely cause." in told
            (till,) = cli("why", "till", "--json").json["targets"]
            assert till["believed"]["likely_cause"] == ["shop"]
            assert shop["believed"]["likely_cause"] == []

            told = cli("why").out
            assert told.startswith("shop is down since ")
            assert "Its check tcp says port_refused: " in told
            assert "(number 1, run restart command): it did not help." in told
            assert "ops was told (firing): it arrived at " in told
            assert "It is looked at again at " in told
            assert f"comes at {shop['next']['restart_at']} at the earliest (1/5" in told
            assert "files" not in told
            assert cli("why", "files").out.startswith("files is well since ")
            assert cli("why", "shop", "--lang", "zh").out.startswith("shop 自 ")
            assert cli("why", "nobody").code == 2
            assert cli("stop").code == 0
        finally:
            cli.close()
    assert "Nobody knows how shop is now" in cli("why", "shop").out
    assert result(cli)["believed"]["state"] == "unknown"


@pytest.mark.parametrize(
    ("reason", "restarts"), [("exhausted", {"exhausted": True}), ("off", {})]
)
def test_why_nothing_is_restarted_is_said_once(tmp_path, reason, restarts):
    entry = {"name": "shop", "health": "unhealthy", "restarts": restarts}
    restarts["enabled"] = reason != "off"
    one = Incident("shop@1", "shop", Severity.ERROR, 1.0, None, "port", "refused", "-")
    past = Past(one, withheld=(reason, ""))
    seen = snapshot.read(str(tmp_path))
    told = "\n".join(sentences(entry, seen, past, "", Settings()))
    assert "No restart is asked for" not in told
    assert told.count("budget of restarts is spent") == (reason == "exhausted")
    assert told.count("Restarts of it are off") == (reason == "off")
