"""A real dockerd: its containers are restarted and proved, within the budget."""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile

import pytest
from rig import config, wait_for

from tests import machine_kit

BUSYBOX = shutil.which("busybox")
EAGER = {"backoff": 0.05, "backoff_max": 0.1}
# A well one that says itself whether it is; its restart heals it.
WEB = ("sh", "-c", "rm -f /sick; exec sleep 1000")
BAD = ("sh", "-c", "echo start; exit 3")
HEALTH = ("--health-cmd", "test ! -e /sick", "--health-interval", "1s")


class Docker:
    """The command line of the dockerd in *place*."""

    def __init__(self, place):
        self.socket = str(place / "docker.sock")

    def __call__(self, *words, **options):
        argv = ["docker", "--host", f"unix://{self.socket}", *words]
        done = subprocess.run(argv, capture_output=True, check=False, **options)
        assert done.returncode == 0, (words, done.stderr)
        return done.stdout.decode()

    def image(self):
        """Make one of busybox alone."""
        made = io.BytesIO()
        with tarfile.open(fileobj=made, mode="w") as tar:
            tar.add(BUSYBOX, "bin/busybox")
            for name in ("sh", "sleep", "rm", "test"):
                link = tarfile.TarInfo(f"bin/{name}")
                link.type, link.linkname = tarfile.SYMTYPE, "busybox"
                tar.addfile(link)
        self("import", "-", "little", input=made.getvalue())

    def start(self, name, command, *words):
        given = ("--detach", "--name", name, "--network", "none", *words)
        self("run", *given, "little", *command)


def owned(name, docker, **restart):
    at = {"kind": "docker", "container": name, "socket": docker.socket}
    actions = [at | {"grace": 0}]
    return {
        "name": name,
        "interval": 0.3,
        "timeout": 3,
        "success_threshold": 2,  # one look may find it in its first milliseconds
        "checks": [at],
        "restart": EAGER | restart | {"actions": actions},
    }


@pytest.mark.slow
@pytest.mark.skipif(BUSYBOX is None, reason="busybox is not installed")
def test_a_container_that_dies_or_is_unhealthy_is_restarted_within_its_budget(
    rig, tmp_path
):
    docker = Docker(tmp_path)
    with machine_kit.dockerd(tmp_path):
        docker.image()
        for name in ("dies", "sick"):
            docker.start(name, WEB, *HEALTH, "--health-retries", "1")
        docker.start("bad", BAD)
        agent = rig.agent(
            config(
                owned("dies", docker, settle=30, proof=60),
                owned("sick", docker, settle=30, proof=60),
                # On a busy machine its few milliseconds are those of several looks.
                owned("bad", docker, settle=0.3, proof=5, intensity=2)
                | {"success_threshold": 9},
            )
        )

        def target(name):
            found = agent.status()["targets"]
            return next(one for one in found if one["name"] == name)

        def well(name):
            def look():
                seen = target(name)
                return seen["state"] == "ok" and seen["checks"][0].get("identity")

            return wait_for(look, 60, agent.tail)

        def results(name):
            fixes = agent.status()["fixes"]
            return [one["result"] for one in fixes if one["target"] == name]

        first = {name: well(name) for name in ("dies", "sick")}
        docker("kill", "dies")
        docker("exec", "sick", "sh", "-c", ">/sick")
        for name, before in first.items():
            wait_for(lambda: results(name) == ["success"], 60, agent.tail)  # noqa: B023
            said = docker("inspect", name, "-f", "{{.State.Pid}}:{{.State.StartedAt}}")
            assert before != well(name) == said.strip()
        assert "container dies is exited: exit code 137" in agent.log()
        assert "container sick runs, its own health check fails" in agent.log()

        wait_for(lambda: target("bad")["restarts"]["exhausted"], 60, agent.tail)
        assert results("bad") == ["failed", "failed"]
        assert docker("logs", "bad") == "start\n" * 3  # its own, and two of the budget
        (check,) = target("bad")["checks"]
        assert check["detail"] == "container bad is exited: exit code 3"
