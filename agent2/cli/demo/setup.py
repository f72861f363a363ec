"""The demo's own configuration: which port, which PID file, what the YAML says."""

from __future__ import annotations

import json
import os
import socket
from dataclasses import asdict, dataclass, replace

import click

from agent2.cli import settings as paths
from agent2.cli.life.program import WEB, find
from agent2.cli.settings import Settings
from agent2.cli.words import language, say
from agent2.demo import control
from agent2.demo.server import HOST
from agent2.host.files import ensure_dir, read_small, remove, write_atomic
from agent2.host.processes import open_process
from agent2.plan import sources

FACTS, YAML = "demo.json", "demo.yaml"
PROFILE = "dev"
_TEMPLATE = """\
# Written by `agent2 demo`; a real configuration is described in config/agent2.yaml.
version: 1
language: {language}
profile: {profile}
targets:
  - name: webui
    checks:
      - {{kind: pid, file: {pid_file}}}
      - {{kind: tcp, port: {port}}}
      - {{kind: http, url: "http://{host}:{port}/api/health"}}
    restart:
      actions: [{{kind: signal_file}}]
restarter:
  argv: {argv}
  verify: "http://{host}:{port}/api/health"
web: {{enabled: true, port: {web}}}
"""
WEB_PORT = 8642


@dataclass(frozen=True, slots=True)
class Demo:
    """What the demo uses; kept in ``demo.json`` of the state folder."""

    port: int
    pid_file: str
    web: int = 0

    @property
    def url(self) -> str:
        """The address of the health answer."""
        return f"http://{HOST}:{self.port}/api/health"


def load(settings: Settings) -> Demo | None:
    """Return what an earlier ``agent2 demo`` set up here; None if none did."""
    try:
        tree = json.loads(read_small(settings.path(FACTS), 4096))
        web = int(tree.get("web", 0))
        return Demo(int(tree["port"]), str(tree["pid_file"]), web)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def forget(settings: Settings) -> None:
    """Remove what ``prepare`` wrote."""
    for name in (FACTS, YAML):
        remove(settings.path(name))


def prepare(settings: Settings, port: int | None) -> Demo:
    """Choose port and PID file, say where they differ, write the configuration."""
    ensure_dir(settings.state_dir)
    demo = load(settings) or Demo(0, _pid_file(settings))
    process = control.find(demo.pid_file)
    if process is None:
        demo = replace(demo, port=_free(8080 if port is None else port))
    else:
        process.close()
    if not find(WEB, settings).running:
        demo = replace(demo, web=_bindable(WEB_PORT) or _bindable(0))
    write_atomic(settings.path(FACTS), json.dumps(asdict(demo)).encode(), sync=False)
    yaml = settings.path(YAML)
    write_atomic(yaml, _text(settings, demo).encode(), sync=False)
    return demo


def _text(settings: Settings, demo: Demo) -> str:
    argv = [paths.python(), control.PROGRAM, "restart"]
    argv += ["--port", str(demo.port), "--pid-file", demo.pid_file]
    return _TEMPLATE.format(
        language=language(),
        profile=settings.profile or PROFILE,
        host=HOST,
        port=demo.port,
        web=demo.web,
        # JSON is YAML: any path is safe in it.
        pid_file=json.dumps(demo.pid_file),
        argv=json.dumps(argv),
    )


def _pid_file(settings: Settings) -> str:
    """Return the documented PID file, unless a program of somebody else has it."""
    default = sources.state_dir("", {"HOME": sources.home(os.environ)})
    above = os.path.dirname(default)
    folder = above if settings.state_dir == default else settings.state_dir
    path = os.path.join(folder, "webui.pid")
    if not _foreign(path):
        return path
    other = settings.path("demo.pid")
    click.echo(say("demo.pid_taken", path=path, new=other))
    return other


def _foreign(path: str) -> bool:
    """Does the PID file name a living process that is no demo target?"""
    try:
        words = read_small(path, 64).split()
    except OSError:
        return os.path.lexists(path)
    ours = control.find(path)
    if ours is not None:
        ours.close()
        return False
    number = words[0] if words else b""
    process = open_process(int(number)) if number.isdigit() else None
    if process is None:
        return False
    process.close()
    return True


def _free(wanted: int) -> int:
    """Return *wanted* if it can be bound, else a free port."""
    found = _bindable(wanted) or _bindable(0) or wanted
    if wanted and found != wanted:
        click.echo(say("demo.busy_port", old=wanted, new=found))
    return found


def _bindable(port: int) -> int:
    """Return the port that is bound for *port* (0 is any), 0 if it cannot be."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return 0
        return int(probe.getsockname()[1])
