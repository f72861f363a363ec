"""Restarts by a command of the user's, as a live watcher gives and ends them."""

from __future__ import annotations

from rig import FAST, config, wait_for

from tests.ports import reserved

EAGER = {"settle": 0.05, "backoff": 0.05, "backoff_max": 0.1, "intensity": 100}


def down(argv: list[str], **restart) -> dict:
    """Return a target that nobody can reach, to be restarted by *argv*."""
    action = {"kind": "command", "argv": argv}
    check = {"kind": "tcp", "port": reserved()}
    given = {"actions": [action]} | EAGER | restart
    return {"name": "webui", "checks": [check], "restart": given} | FAST


def test_a_restart_that_takes_long_is_not_begun_again_while_it_runs(rig, tmp_path):
    note = tmp_path / "note"
    script = f"echo begin >> {note}; sleep 0.6; echo end >> {note}"
    agent = rig.agent(config(down(["/bin/sh", "-c", script])))

    def lines() -> list[str]:
        return note.read_text().split() if note.exists() else []

    wait_for(lambda: len(lines()) >= 6, 60, "three restarts")
    assert lines()[:6] == ["begin", "end"] * 3, agent.tail()


def test_a_command_that_fails_is_told_with_what_it_said(rig):
    agent = rig.agent(config(down(["/bin/sh", "-c", "echo no unit; exit 5"])))
    told = agent.until_line("repair failed")[0]
    assert "/bin/sh: exit code 5: no unit" in told
    first = lambda s: [fix["result"] for fix in s["fixes"][:1]]  # noqa: E731
    agent.until(lambda s: first(s) == ["failed"], 60, "its fix record")


def test_among_many_targets_each_line_of_a_repair_says_whose_it_is(rig):
    one, two = down(["/bin/true"]), down(["/bin/true"])
    agent = rig.agent(config(one, two | {"name": "shop"}))
    agent.until_line("[shop] 修复操作: run restart command, 结果: signal_created")
    for said in ("trying to repair...", "restart command was run"):
        assert agent.until_line(f"[shop] {said}")
        assert not agent.lines(f"INFO - {said}")
    status = agent.until(lambda s: len(s["fixes"]) > 1, 60, "both fixes")
    issues = {fix["target"]: fix["issue"] for fix in status["fixes"]}
    assert issues["shop"].startswith("shop: port ")


def test_the_targets_that_are_not_named_at_the_start_are_counted(rig):
    targets = [down(["/bin/true"]) | {"name": f"t{n}"} for n in range(23)]
    agent = rig.agent(config(*targets))
    assert len(agent.until_line("watching: t", count=20)) == 20
    agent.until_line("watching: 3 more")


def test_who_was_asked_before_the_restart_does_not_prove_that_it_failed(rig, tmp_path):
    old, new = (rig.run("sleep", 1000) for _ in range(2))
    (tmp_path / "web.pid").write_text(f"{old.pid}\n")
    begin = f"cd {tmp_path};"
    wait = "do sleep 0.05; done"
    look = f"{begin} test -e acting || exit 2; touch asked; until test -e well; {wait}"
    act = f"{begin} touch acting; until test -e asked; {wait};"
    act += f" echo {new.pid} > web.pid; touch well"
    pid = {"kind": "pid", "file": str(tmp_path / "web.pid")}
    target = {
        "name": "web",
        "checks": [pid, {"kind": "command", "argv": ["/bin/sh", "-c", look]}],
        "restart": {"actions": [{"kind": "command", "argv": ["/bin/sh", "-c", act]}]},
    }
    quick = {"interval": 0.2, "timeout": 30, "failure_threshold": 1}
    agent = rig.agent(config(target | quick))
    agent.until_word("ok")
    fixes = agent.until(lambda s: s["fixes"][0]["result"] != "signal_created", 60, "it")
    assert [one["result"] for one in fixes["fixes"]] == ["success"]
