"""A target with instances is compiled to ordinary targets of one group."""

import json

from agent2.compiler import compile_text
from agent2.compiler.compile import compile_text as compile_whole
from agent2.plan.stored import from_json

TEXT = """
targets:
  - name: api
    instances: [8000, 8001]
    min_healthy: 2
    labels: {port: "{instance}"}
    checks:
      - {kind: http, url: "http://127.0.0.1:{instance}/health"}
      - {kind: tcp, port: "{instance}"}
    restart: {actions: [{kind: command, argv: [/bin/again, "api-{instance}"]}]}
  - {name: web, depends_on: [api], checks: [{kind: tcp, port: 80}], primary: true}
"""


def compiled(text):
    tree, problems = compile_text(text, "/etc/a.yaml", "/tmp/s", "", {"HOME": "/h"})
    return tree, [str(each) for each in problems]


def test_each_instance_is_a_target_of_its_own_with_its_value_in_the_holes():
    tree, problems = compiled(TEXT)
    first, second, web = from_json(json.loads(json.dumps(tree))).targets

    assert problems == []
    assert (first.name, second.name, web.name) == ("api.8000", "api.8001", "web")
    assert {first.group, second.group} == {"api"}
    assert {first.min_healthy, second.min_healthy} == {2}
    assert (web.group, web.primary, first.primary) == ("", True, False)
    assert first.checks[0].options["url"] == "http://127.0.0.1:8000/health"
    assert second.checks[1].options["port"] == 8001, "a number where one is asked for"
    assert second.actions[0].options["argv"] == ("/bin/again", "api-8001")
    assert first.labels == {"port": "8000"}
    assert web.depends_on == ("api",), "a group may be depended on by its name"


def test_of_a_primary_target_the_first_instance_is_the_primary_one():
    text = TEXT.replace("primary: true", "labels: {}").replace(
        "    min_healthy: 2", "    primary: true"
    )
    tree, problems = compiled(text)

    assert problems == []
    assert [t["primary"] for t in tree["targets"]] == [True, False, False]
    assert {t["min_healthy"] for t in tree["targets"]} == {1}


def test_unlike_targets_can_be_put_into_a_group_by_hand():
    tree, problems = compiled(
        "targets:\n"
        "  - {name: a, group: pair, checks: [{kind: tcp, port: 1}]}\n"
        "  - {name: b, group: pair, checks: [{kind: tcp, port: 2}]}\n"
    )

    assert problems == []
    assert [t["group"] for t in tree["targets"]] == ["pair", "pair"]


def test_a_slip_in_a_target_with_instances_is_told_once_and_where_it_stands():
    _, problems = compiled(
        TEXT.replace("kind: tcp, port: 80}", "kind: tcp, port: 0}").replace(
            "kind: http,", "kind: http, slow: never,"
        )
    )

    assert [each.partition(": ")[2].partition(",")[0] for each in problems] == [
        "/etc/a.yaml:8:28: targets[0].checks[0].slow: is no duration",
        "/etc/a.yaml:11:63: targets[1].checks[0].port: is too small",
    ]


def test_what_is_set_by_hand_counts_for_every_instance():
    sets = ("targets.0.interval=7s", "targets.1.interval=9s")
    found = compile_whole(TEXT, "/etc/a.yaml", "/tmp/s", "", {"HOME": "/h"}, "", sets)

    assert [t["interval"] for t in found.tree["targets"]] == [7.0, 7.0, 9.0]
    assert {t.numbers["interval"].source for t in found.settled.targets} == {"--set"}
    assert found.settled.source(("targets", 1, "group")) == "line 4"
    assert found.settled.source(("targets", 2, "group")) == "default"
