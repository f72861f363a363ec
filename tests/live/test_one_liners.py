"""The guide's own command lines, letter for letter, against a live agent.

Only HOME is another one, and everything runs in a network namespace of its own, where
port 8080 is free. Who may not make one uses the machine's port, if it is free.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rig import DEMO, IS_ROOT, ROOT, Rig, wait_for

pytestmark = pytest.mark.slow

PORT = 8080


def needs(*programs: str):
    missing = [name for name in programs if shutil.which(name) is None]
    return pytest.mark.skipif(bool(missing), reason=f"not here: {missing}")


class World:
    """A home with the demo target and an agent at their documented places."""

    def __init__(self, rig: Rig, home: Path, inside: list[str]) -> None:
        self.inside = inside
        self.home = home
        self.pid_file = home / ".agentos" / "webui.pid"
        self.rig = rig
        self.env = {
            "HOME": str(home),
            "PATH": os.environ["PATH"],
            "LC_ALL": "zh_CN.UTF-8",
            "TERM": "xterm",
            "AGENT2_PYTHON": sys.executable,
        }
        self.demo("start")
        extra = {"LC_ALL": "zh_CN.UTF-8", "HOME": str(home), "AGENT2_INTERVAL": "300ms"}
        extra["AGENT2_TIMEOUT"] = "5s"
        folder = home / ".agentos" / "multi_agent"
        self.agent = rig.agent(None, start=False, folder=folder, **extra)
        self.agent.errors = home / "stderr"
        self.agent.output = home / "stdout"
        self.agent.before = inside
        self.agent.start()
        self.agent.until_word("ok")

    @property
    def target(self) -> int:
        return int(self.pid_file.read_text())

    def demo(self, *words: str) -> None:
        argv = [*self.inside, sys.executable, DEMO, *words]
        subprocess.run(argv, env=self.env, check=True, capture_output=True)

    def start(self, line: str, *, terminal: bool = False) -> subprocess.Popen:
        argv = [*self.inside, "bash", "-c", line]
        if terminal:  # watch draws on one
            argv = [*self.inside, "script", "-qfec", line, "/dev/null"]
        return self.rig.run(
            *argv,
            cwd=ROOT,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def run(self, line: str) -> str:
        """Run *line* as a person does; return what it printed. It must end with 0."""
        process = self.start(line)
        output, errors = process.communicate(timeout=60)
        assert process.returncode == 0, (line, errors.decode())
        self.errors = errors.decode()
        return output.decode()

    def shows(self, line: str, pattern: str, *, terminal: bool = False) -> str:
        """Run *line*, which never ends, until *pattern* is on the screen."""
        process = self.start(line, terminal=terminal)
        os.set_blocking(process.stdout.fileno(), False)
        screen = ""

        def there():
            nonlocal screen
            screen += (process.stdout.read() or b"").decode("utf-8", "replace")
            return re.search(pattern, screen)

        try:
            return wait_for(there, 60, lambda: f"{pattern} in {screen!r}")[0]
        finally:
            # What runs on a terminal of its own is a session of its own, and outlives it.
            ours = Path(f"/proc/{process.pid}/task/{process.pid}/children")
            for group in (*map(int, ours.read_text().split()), process.pid):
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(group, signal.SIGKILL)
            process.wait(30)

    @contextlib.contextmanager
    def crash(self):
        """Kill the target as the guide does; bring it back afterwards."""
        self.agent.until_word("ok")
        self.run("WEBUI_PID=$(cat ~/.agentos/webui.pid); kill $WEBUI_PID")
        try:
            yield
        finally:
            self.demo("start")
            self.agent.until_word("ok")
            self.agent.until_no_signal()


def is_free(port: int) -> bool:
    with socket.socket() as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            door.bind(("127.0.0.1", port))
            door.listen()
        except OSError:
            return False
        return True


@contextlib.contextmanager
def namespace():
    """Yield the words that run a command where port 8080 is ours alone.

    Without a network of our own somebody may take it while the target is dead.
    """
    ready = "ip link set lo up && echo up && exec sleep 600"
    able = IS_ROOT and shutil.which("ip") and shutil.which("nsenter")
    keeper = subprocess.Popen(
        ["unshare", "-n", "sh", "-c", ready] if able else ["true"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        if keeper.stdout.readline() == b"up\n":
            yield ["nsenter", "-t", str(keeper.pid), "-n", "--"]
        elif is_free(PORT):
            yield []
        else:
            pytest.skip("port 8080 is taken, and only root can make another one")
    finally:
        keeper.kill()
        keeper.wait(30)
        keeper.stdout.close()


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("one_liners")
    home = folder / "home"
    (home / ".agentos").mkdir(parents=True)
    (home / ".agentos").chmod(0o755)  # whatever the mask of who runs the tests
    rig = Rig(folder)
    with namespace() as inside:
        made = None
        try:
            made = World(rig, home, inside)
            yield made
        finally:
            with contextlib.suppress(FileNotFoundError, ProcessLookupError, ValueError):
                os.kill(int((home / ".agentos" / "webui.pid").read_text()), 9)
            rig.close()


@pytest.fixture(scope="module")
def repaired(world):
    """The world after two crashes and a warning: there is something to count."""
    for number in range(2):
        with world.crash():
            world.agent.until_line("修复操作: 创建重启信号", count=number + 1)
            world.agent.until_word("down")
    return world


# -- the target (L34, L37, L40, L447-453)


@needs("curl")
def test_curl(world):
    body = world.run("curl -v http://127.0.0.1:8080/api/health")
    assert "HTTP/1.1 200" in world.errors or "HTTP/1.0 200" in world.errors
    assert '"status": "ok"' in body
    page = world.agent.status()["targets"][0]["checks"][2]
    assert (page["code"], page["detail"]) == ("ok", "HTTP 200, status ok")


@needs("ps", "xargs")
def test_ps_of_the_pid_file(world):
    head, row = world.run("cat ~/.agentos/webui.pid | xargs ps -fp").splitlines()
    assert head.split()[1] == "PID"
    assert int(row.split()[1]) == world.target


@needs("lsof")
def test_lsof(world):
    rows = world.run("lsof -i :8080").splitlines()[1:]
    listening = {int(row.split()[1]) for row in rows if "LISTEN" in row}
    assert listening == {world.target}


# -- following (L19, L77, L56)


@needs("tail")
def test_tail_f_shows_a_new_line_within_an_interval(world):
    before = time.strftime("%H:%M:%S", time.localtime(time.time() + 1))
    world.shows("tail -f ~/.agentos/multi_agent/agent2.log", f"{before},.*健康检查通过")


@needs("watch", "script")
def test_watch_of_the_status_script(world):
    world.shows(
        "watch -n 10 'bash scripts/status_agent2.sh'",
        str(world.agent.pid),
        terminal=True,
    )


# -- drills (L64-80)


@needs("watch", "script")
def test_kill_and_watch_the_signal_appear(world):
    with world.crash():
        world.shows(
            "watch -n 1 'ls -l ~/.agentos/multi_agent/restart_signal'",
            r"-rw-r--r--.*multi_agent/restart_signal",
            terminal=True,
        )
        assert world.agent.until_signal()["reason"] == "process_not_alive"
        time.sleep(0.5)
        assert world.agent.signal_path.exists()  # it stays until it is consumed


def test_stop_tail_cont(world):
    world.run("WEBUI_PID=$(cat ~/.agentos/webui.pid); kill -STOP $WEBUI_PID")
    try:
        world.shows(
            "tail -f ~/.agentos/multi_agent/agent2.log",
            "已创建重启信号: health_check_failed",
        )
    finally:
        world.run("WEBUI_PID=$(cat ~/.agentos/webui.pid); kill -CONT $WEBUI_PID")
    world.agent.until_word("ok")
    world.agent.until_no_signal()


# -- signals and rotation (L122, L238, L245)


def test_kill_hup(world):
    count = len(world.agent.lines("配置未变化, 日志已重新打开"))
    line = "kill -HUP $(cat ~/.agentos/multi_agent/agent2.pid) 2>/dev/null || true"
    assert world.run(line) == ""
    world.agent.until_line("配置未变化, 日志已重新打开", count=count + 1)
    assert world.agent.status()["agent"]["pid"] == world.agent.pid
    path = world.agent.folder / "agent2.pid"
    assert path.read_text() == f"{world.agent.pid}\n"


@needs("logrotate", "unshare", "mount")
@pytest.mark.skipif(not IS_ROOT, reason="needs root: /etc in a mount namespace")
def test_logrotate_d(world, tmp_path):
    shipped = (ROOT / "systemd" / "logrotate-agent2").read_text()
    rules = shipped.replace("/home/agentos", str(world.home))
    (tmp_path / "agentos-agent2").write_text(
        re.sub(r"\bagentos agentos\b", "root root", rules)
    )
    line = "logrotate -d /etc/logrotate.d/agentos-agent2"
    argv = ["unshare", "-m", "sh", "-c", f"mount --bind {tmp_path} {MOUNT} && {line}"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "agent2.log" in done.stderr
    assert "error" not in done.stderr.lower()


MOUNT = "/etc/logrotate.d"


@pytest.mark.skipif(sys.platform != "darwin", reason="launchctl is macOS's")
def test_launchctl(world):
    world.run("launchctl list | grep agent2")


# -- the log (L421-427, L513, L523-537)


def lines_of(world, level: str) -> list[str]:
    return [row for row in world.agent.lines() if row.split(" - ")[2] == level]


@pytest.mark.parametrize("level", ["ERROR", "WARNING"])
def test_grep_of_a_level(repaired, level):
    line = f"tail -n 100 ~/.agentos/multi_agent/agent2.log | grep {level}"
    found = repaired.run(line).splitlines()
    assert found
    last = repaired.agent.lines()[-100:]
    assert set(found) <= set(repaired.agent.lines())
    assert len(found) >= len([r for r in last if r.split(" - ")[2] == level]) - 1
    assert all(row.split(" - ")[2] == level for row in found)


def test_grep_error_tail(repaired):
    line = "grep ERROR ~/.agentos/multi_agent/agent2.log | tail -n 10"
    found = repaired.run(line).splitlines()
    assert found == lines_of(repaired, "ERROR")[-10:]


def test_grep_of_the_fixes(repaired):
    found = repaired.run(
        'grep "修复操作" ~/.agentos/multi_agent/agent2.log'
    ).splitlines()
    assert len(found) == repaired.agent.status()["fixes_total"]
    assert all(re.search("修复操作: [^,]+, 结果: [a-z_]+$", row) for row in found)


@needs("du")
def test_du(repaired):
    size = repaired.run("du -h ~/.agentos/multi_agent/agent2.log").split()[0]
    facts = repaired.agent.log_path.stat()
    assert facts.st_blocks * 512 >= facts.st_size  # no hole
    assert size[-1] in "KM0"


def test_the_ranking_of_fixes(repaired):
    line = (
        "grep \"修复操作\" ~/.agentos/multi_agent/agent2.log | awk -F'修复操作: '"
        " '{print $2}' | cut -d',' -f1 | sort | uniq -c | sort -rn"
    )
    ranking = {
        row.split(None, 1)[1]: int(row.split()[0])
        for row in repaired.run(line).splitlines()
    }
    truth: dict[str, int] = {}
    for fix in repaired.agent.status()["fixes"]:
        truth[fix["action"]] = truth.get(fix["action"], 0) + 1
    assert ranking == truth
    assert ranking["创建重启信号"] >= 2


def test_the_mean_response_time(repaired):
    line = (
        "grep \"响应时间\" ~/.agentos/multi_agent/agent2.log | awk -F'响应时间: '"
        " '{print $2}' | awk '{print $1}' |"
        ' awk \'{sum+=$1; count++} END {print "平均: " sum/count "s"}\''
    )
    found = re.fullmatch(r"平均: ([0-9.e-]+)s\n", repaired.run(line))
    assert found
    rows = repaired.agent.lines("响应时间")
    times = [float(re.search(r"响应时间: ([0-9.]+)s", row)[1]) for row in rows]
    assert float(found[1]) == pytest.approx(sum(times) / len(times), abs=0.01)


# -- the status (L434-440, L516)


@needs("jq")
def test_jq(repaired):
    status = "~/.agentos/multi_agent/agent2_status.json"
    truth = repaired.agent.status()
    assert '"status": "monitoring"' in repaired.run(f"cat {status} | jq '.'")
    assert repaired.run(f"cat {status} | jq '.consecutive_failures'") == "0\n"
    five = repaired.run(f"cat {status} | jq '.fixes[-5:]'")
    assert five.count('"timestamp"') == min(5, len(truth["fixes"]))
    length = repaired.run(f"cat {status} | jq '.fixes | length'")
    assert int(length) == len(truth["fixes"])


# -- the process, the modes (L555, L470-476)


@needs("ps")
def test_ps_aux(world):
    rows = world.run("ps aux | grep agent2_monitor.py").splitlines()
    found = {int(row.split()[1]) for row in rows if "grep" not in row}
    assert world.agent.pid in found


def test_the_chmod_lines(world):
    wanted = {
        "~/.agentos": "755",
        "~/.agentos/multi_agent": "755",
        "~/.agentos/multi_agent/agent2_status.json": "644",
        "~/.agentos/multi_agent/agent2.log": "644",
        "~/.agentos/multi_agent/agent2.pid": "644",
    }
    for path, mode in wanted.items():
        assert world.run(f"stat -c %a {path}") == f"{mode}\n"  # before it was asked
        world.run(f"chmod {mode} {path}")
    seq = world.agent.status()["seq"]
    world.agent.until(lambda s: s["seq"] > seq, 60, "it goes on")
    for path, mode in wanted.items():
        assert world.run(f"stat -c %a {path}") == f"{mode}\n"


# -- once a month (L543-552); last, for they empty what the others count


def test_z_the_log_is_cut(repaired):
    repaired.run("> ~/.agentos/multi_agent/agent2.log")
    repaired.agent.until_line("健康检查通过")
    content = repaired.agent.log_path.read_bytes()
    assert content.startswith(b"20")
    assert b"\0" not in content


@needs("jq")
def test_z_the_fixes_are_emptied(repaired):
    before = repaired.agent.status()
    assert before["fixes"]
    status = "~/.agentos/multi_agent/agent2_status.json"
    repaired.run(f"cp {status} {status}.backup")
    line = f"jq '.fixes = []' {status} > {status}.tmp && mv {status}.tmp {status}"
    for _ in range(30):  # one that falls into a write does not stick
        repaired.run(line)
        time.sleep(1.2)  # it writes once a second at least
        if repaired.agent.lines("状态文件被外部修改"):
            break
    after = repaired.agent.until(lambda s: s["seq"] > before["seq"] + 1, 60, "later")
    assert after["fixes"] == []
    assert after["fixes_total"] == before["fixes_total"]
    assert repaired.run(f"stat -c %a {status}") == "644\n"
    assert repaired.run(f"cat {status} | jq '.fixes | length'") == "0\n"
