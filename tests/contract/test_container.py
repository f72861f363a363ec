"""The image and the compose file say nothing that Agent2 does not know."""

from __future__ import annotations

import json
import re

import yaml

from agent2.cli.main import LAZY
from agent2.plan import sources
from tests.live.cli_kit import ROOT

IMAGE = (ROOT / "Dockerfile").read_text(encoding="utf-8")


def test_the_image_runs_commands_that_exist_and_not_as_root():
    commands = [json.loads(one) for one in re.findall(r"CMD (\[.*\])", IMAGE)]
    assert commands == [["agent2", "healthcheck"], ["agent2", "run", "--foreground"]]
    assert {words[1] for words in commands} <= set(LAZY)
    (user,) = re.findall(r"^USER (\w+)$", IMAGE, re.MULTILINE)
    assert user != "root"
    assert IMAGE.index("USER ") < IMAGE.index("CMD [")


def test_what_the_compose_file_sets_is_known_and_lies_in_its_volume():
    tree = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    (agent,) = tree["services"].values()
    environ = agent["environment"]
    assert environ.keys() <= {*sources.OVERRIDES, sources.STORE_PATH}
    assert agent["volumes"] == [f"./data:{sources.state_dir('', environ)}"]
    assert f"VOLUME {sources.state_dir('', environ)}\n" in IMAGE
