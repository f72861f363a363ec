"""The shipped examples, started and broken: real supervisord, nginx and PostgreSQL."""

from __future__ import annotations

import gzip
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from examples_kit import (
    EXAMPLES,
    Container,
    Example,
    ask,
    needs_postgresql,
    postgresql,
    service,
    until_listening,
)
from nginx_kit import needs_nginx, nginx
from rig import wait_for

from tests.fakes.smtp import FakeSmtp
from tests.fakes.web import FakeSlack
from tests.ports import reserved
from tests.supervisord_kit import supervisord

SOON = "restart:\n      backoff: 0.1s\n      backoff_max: 0.1s"
PROGRAMS = """
[program:multi-agent-service]
autorestart=false
command={service}
startsecs=0
stopwaitsecs=1
[program:nginx]
autorestart=false
command={nginx}
startsecs=0
"""
HOUR = 3600.0


def of(relay):
    """Return the lines of all mails that came to *relay*."""
    return lambda: [f"{one['Subject']}\n{one.get_content()}" for one in relay.mails()]


def mailing(relay):
    """Return the changes that let mail go to *relay*."""
    return {"host: localhost": "host: 127.0.0.1", "port: 25": f"port: {relay.port}"}


@pytest.mark.slow
@needs_nginx
def test_the_service_under_supervisord_behind_nginx_is_restarted_and_its_logs_told(
    rig, tmp_path
):
    port, front, sock = reserved(), reserved(), tmp_path / "s.sock"
    programs = PROGRAMS.format(
        service=" ".join(service(port, tmp_path)),
        nginx=" ".join(nginx(tmp_path, front, port)),
    )
    at_nginx = f"{{kind: supervisord, program: nginx, socket: {sock}}}"
    changes = {
        "{interval: 10s, timeout: 10s, failure_threshold: 3}": (
            "{interval: 0.2s, timeout: 3s, failure_threshold: 2}"
        ),
        "interval: 30s": "interval: 2s",
        "interval: 1m": "interval: 1s",
        "restart:\n      intensity": f"{SOON}\n      intensity",
        "restart:\n      actions:": f"{SOON}\n      actions:",
        "/run/supervisor.sock": str(sock),
        "{kind: systemd, unit: nginx}": at_nginx,
        "/run/nginx.pid": f"{tmp_path}/nginx.pid",
        "/var/log/nginx/multi-agent-service.": f"{tmp_path}/",
        "/var/log/multi-agent-service": str(tmp_path),
        "/var/backups/multi-agent-service": str(tmp_path),
        "uvicorn .*src.multi_agent_service.main": f"example_service.py {port}",
        "127.0.0.1:8000/": f"127.0.0.1:{port}/",
        "port: 8000": f"port: {port}",
        "127.0.0.1:80/": f"127.0.0.1:{front}/",
        "slow: 5s": "slow: 0.8s",
    }
    (tmp_path / "app.log").touch()
    api, mood = "multi-agent-service", tmp_path / "mood"
    with FakeSmtp() as relay, supervisord(tmp_path, programs, login=""):
        wait_for(sock.exists, 60, "supervisord listens")
        until_listening(port, front)
        name = "fastapi_supervisord_nginx"
        watch = Example(rig, name, changes | mailing(relay), of(relay))

        def pid(*old):
            def look():
                said = watch.state(api)["checks"][0]["detail"]
                found = re.search(r"pid (\d+)", said)
                return found and int(found[1]) not in old and int(found[1])

            return wait_for(look, 60, f"another process than {old}")

        logs = ("access-log", "nginx-error-log", "app-log")
        watch.well(api, "nginx", "service-resources", *logs)
        watch.finds("database-backup", "stale_heartbeat", "there is no such file")
        ask(front, "/api/v1/slow", 2)
        watch.tells("Response Time Alert - ", "ALERT: High response time on ")

        for word, code in (
            ("degraded", "status_value"),  # and answers 200
            ("no database", "component"),
            ("idle", "limit"),
        ):
            mood.write_text(word)
            watch.finds(api, code, state="warn")
        mood.unlink()
        watch.well(api)
        assert watch.repairs(api) == []

        first = pid()
        os.kill(first, signal.SIGKILL)
        watch.restarted(api, 1)
        second = pid(first)
        os.kill(second, signal.SIGSTOP)  # RUNNING, as supervisord says
        watch.restarted(api, 2)
        watch.tells(f"ALERT: {api} service is down on ", "(deadline)")
        assert pid(first, second)
        watch.tells("Service Alert - ", "(pid_dead)")
        watch.tells(f"RESOLVED: {api} service is down on ")

        os.kill(int((tmp_path / "nginx.pid").read_text()), signal.SIGTERM)
        watch.restarted("nginx", 1)
        ask(front, "/api/v1/chat", 5)
        ask(front, "/api/v1/fail", 5)
        watch.finds("access-log", "error_rate", "(5 errors, 12 requests)")
        watch.tells("Error Rate Alert - ", "ALERT: High error rate on ")
        ask(port, "/api/v1/log", 1, "Database connection failed: no route")
        watch.finds("app-log", "log_lines", "database: 1 line in 300 s")
        assert [r for log in logs for r in watch.repairs(log)] == []


@pytest.mark.slow
@needs_nginx
def test_the_container_behind_a_gateway_is_restarted_and_the_access_log_is_told(
    rig, tmp_path
):
    port, front = reserved(), reserved()
    log, ours = tmp_path / "console-backend.log", str(tmp_path)
    changes = {
        "{interval: 5s, timeout: 5s": "{interval: 0.2s, timeout: 3s",
        "restart:\n      actions:": f"{SOON}\n      actions:",
        "/var/run/docker.sock": f"{ours}/d.sock",
        "127.0.0.1:8080/health": f"127.0.0.1:{port}/health",
        "healthy: [ok]": "healthy: [healthy]",
        "127.0.0.1:80/": f"127.0.0.1:{front}/",
        "/var/log/astron/nginx": ours,
        "/var/log/astron": ours,
        "slow: 2s": "slow: 0.8s",
    }
    api = "console-backend"
    log.touch()
    rig.run(*nginx(tmp_path, front, port, " $request_time"))

    def run():
        return rig.run(*service(port, tmp_path))

    with FakeSlack() as slack, Container(tmp_path / "d.sock", api, run) as docker:

        def told():
            return [str(got.json) for got in slack.received]

        until_listening(port, front)
        secret = {"SLACK_WEBHOOK_URL": slack.webhook}
        watch = Example(rig, "access_logs", changes, told, **secret)
        watch.well(api, "gateway", "access-log", "console-log")

        ask(front, "/console-api/slow", 2)
        watch.finds("access-log", "slow", "P90 response time", state="warn")
        ask(front, "/console-api/chat", 101, "{}")
        words = "Suspicious IP: 127.0.0.1 Requests: 101"
        watch.finds("access-log", "log_lines", words, state="warn")
        ask(front, "/console-api/fail", 10)
        watch.finds("access-log", "error_rate", "(10 errors, 113 requests)")
        watch.tells("access-log: the error rate is too high", "(error_rate)")
        log.write_text("ERROR Timeout of the model\n" * 21)
        watch.finds("console-log", "log_lines", "errors: 21 lines", state="warn")

        docker.process.kill()
        watch.restarted(api, 1)
        docker.process.send_signal(signal.SIGSTOP)
        watch.restarted(api, 2)
        watch.tells(api, "(deadline)")
        assert watch.repairs("access-log") == watch.repairs("console-log") == []


class Job:
    """The shipped job, run as cron does, with the agent that it reports to."""

    def __init__(self, watch, folder, **env):
        self._folder = folder
        self._env = env | {
            "AGENT2": str(Path(sys.executable).with_name("agent2")),
            "AGENT2_HOME": str(watch.agent.folder),
            "AGENT2_CONFIG": str(watch.agent.yaml),
            "HOME": str(folder),
        }

    def run(self):
        """Return its exit code."""
        job = [EXAMPLES / "backup_database.sh", "multi_agent", self._folder]
        return subprocess.run(job, env=self._env, timeout=120, check=False).returncode

    def dumps(self):
        """Return what it left, all of it an hour old."""
        found = sorted(self._folder.glob("*backup*"))
        for one in found:
            aged(one, 1)
        return found


def aged(path, hours):
    at = time.time() - hours * HOUR
    os.utime(path, (at, at))


def tools(folder, **programs):
    """Write *programs* of the shell into *folder*; return the PATH that has them."""
    for name, text in programs.items():
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


# Large enough, packed, for a file of its size never to be called too small.
AGENTS = "CREATE TABLE agents AS SELECT md5(n::text) FROM generate_series(1, 999) n"
BACKUPS = {"interval: 1m, failure_threshold": "interval: 0.2s, failure_threshold"}


@pytest.mark.slow
def test_a_backup_that_fails_is_missing_cut_or_shrunk_is_told(rig, tmp_path):
    dump = "test ! -e broken && seq 100000"
    programs = {"pg_dump": f'cd "$HOME"; {dump}', "pg_isready": "exit 0"}
    env = {"PATH": tools(tmp_path, **programs)}
    folder = tmp_path / "dumps"
    folder.mkdir()
    changes = BACKUPS | {"/var/backups/db": str(folder)}
    name = "database-backup"
    with FakeSmtp() as relay:
        changes |= mailing(relay)
        watch = Example(rig, "backups", changes, of(relay), **env)
        job = Job(watch, folder, **env)
        watch.finds(name, "stale_heartbeat", "there is no such file")
        watch.tells(f"{name}: a job or its file is late", "there is no such file")
        assert job.run() == 0
        watch.well(name, "database")
        (good,) = job.dumps()
        watch.finds(name, "ok", "1 h old", state="ok")

        (folder / "broken").touch()
        assert job.run() == 1
        watch.finds(name, "stale_heartbeat", "backup of multi_agent failed")
        assert job.dumps() == [good]  # and no half one
        (folder / "broken").unlink()
        good = good.rename(folder / "backup_1.sql.gz")
        aged(good, 25)
        assert job.run() == 0
        watch.well(name)

        newest = job.dumps()[-1]
        aged(good, 50)
        whole = newest.read_bytes()
        newest.write_bytes(whole[:-20])
        aged(newest, 1)
        watch.finds(name, "shape", newest.name)
        newest.write_bytes(gzip.compress(b"only one table\n" * 100))
        aged(newest, 1)
        watch.finds(name, "status_value", newest.name)
        newest.write_bytes(whole)
        aged(newest, 28)
        watch.finds(name, "stale_heartbeat", "more than 1 d")
        aged(newest, 1)
        watch.well(name)
        silent = watch.text.replace('schedule: "0 2 * * *"', "every: 1s")
        watch.agent.yaml.write_text(silent.replace("grace: 30m", "grace: 0s"))
        watch.agent.send(signal.SIGHUP)
        watch.finds(name, "stale_heartbeat", "late by")
        watch.tells(name, "late by")
        assert watch.repairs(name) == []


@pytest.mark.slow
@needs_postgresql
def test_the_backup_of_a_real_database_is_whole_and_its_end_is_told(rig, tmp_path):
    folder = tmp_path / "dumps"
    folder.mkdir()
    name = "database-backup"
    with tempfile.TemporaryDirectory() as place, FakeSmtp() as relay:
        with postgresql(Path(place)) as env:
            changes = BACKUPS | mailing(relay)
            changes |= {"/var/backups/db": str(folder), "/var/run/postgresql": place}
            watch = Example(rig, "backups", changes, of(relay), **env)
            job = Job(watch, folder, **env)
            for words in (
                ("createdb", "multi_agent"),
                ("psql", "-q", "multi_agent", "-c", AGENTS),
            ):
                subprocess.run(words, env=env, check=True)
            assert job.run() == 0
            (dump,) = job.dumps()
            watch.well(name, "database")
        assert (
            "CREATE TABLE public.agents" in gzip.decompress(dump.read_bytes()).decode()
        )
        watch.finds("database", "command_failed")
        assert job.run() == 1
        watch.finds(name, "stale_heartbeat", "backup of multi_agent failed")
        watch.tells("database", "command_failed")
        assert job.dumps() == [dump]
