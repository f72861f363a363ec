"""``agent2 web`` from start to end: where it listens, what it says, how it goes."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import stat
import subprocess
import sys

import pytest

from agent2.store.database import Database
from tests.live.cli_kit import ROOT, Cli, until
from tests.live.nginx_kit import NGINX, serving
from tests.live.web_kit import WEB, Web
from tests.ports import reserved

pytestmark = pytest.mark.slow
WELL = {"status": "monitoring", "health_status": "ok", "seq": 7, "targets": []}


def store(folder):
    folder.mkdir(exist_ok=True)
    Database.open(str(folder / "agent2.db")).close()
    return folder


@pytest.fixture(scope="module")
def state(tmp_path_factory):
    return store(tmp_path_factory.mktemp("web") / "state")


@pytest.fixture(scope="module")
def web(state):
    made = Web(state)
    yield made
    made.close()


def refused(folder, *words):
    done = subprocess.run(
        [sys.executable, "-I", str(WEB), "--state-dir", str(folder), *words],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stderr.count("\n") == 1, done.stderr
    return done.returncode, done.stderr


def test_it_says_where_it_is_and_keeps_the_token_for_its_user(web, state):
    assert (state / "web.url").read_text() == f"{web.url}\n"
    assert stat.S_IMODE(os.stat(state / "web.token").st_mode) == 0o600
    assert len(web.token) >= 43
    assert web.get("/livez").json == {"status": "ok"}


def test_it_is_ready_when_store_and_status_can_be_read(web, state):
    (state / "agent2_status.json").unlink(missing_ok=True)
    got = web.get("/readyz")
    assert (got.status, got.json["status"]) == (503, "error")

    (state / "agent2_status.json").write_text(json.dumps(WELL))
    assert web.get("/readyz").json == {"status": "ok", "troubles": []}


def test_an_agent_that_does_not_run_is_not_well_whatever_its_file_says(web, state):
    (state / "agent2_status.json").write_text(json.dumps(WELL))

    health, plain = web.get("/health"), web.get("/api/health?detailed=true")

    assert health.headers["content-type"] == "application/health+json"
    assert (health.status, health.json["status"]) == (503, "fail")
    assert (plain.status, plain.json["status"]) == (503, "error")
    assert plain.json["components"]["store:open"]["status"] == "pass"
    state_now = web.get("/api/v1/state")
    assert state_now.json["health_status"] == "unknown"
    assert (state_now.json["fresh"], state_now.json["seq"]) == (False, 7)


def test_who_has_the_state_already_is_told_so(web, state):
    (state / "agent2_status.json").write_text(json.dumps(WELL))
    first = web.get("/api/v1/state")

    again = web.get("/api/v1/state", If_None_Match=first.headers["etag"])

    assert (again.status, again.body) == (304, b"")
    (state / "agent2_status.json").write_text(json.dumps(WELL | {"seq": 8}))
    assert web.get("/api/v1/state", If_None_Match=first.headers["etag"]).status == 200


def test_a_second_one_and_a_taken_port_are_refused_in_one_line(web, state, tmp_path):
    code, said = refused(state)
    assert (code, str(web.child.pid) in said) == (75, True)

    code, said = refused(store(tmp_path / "other"), f"--port={web.port}")
    assert code == 75
    assert f"127.0.0.1:{web.port} is in use by PID {web.child.pid}" in said


def test_without_a_store_or_with_a_place_that_is_none_it_does_not_begin(tmp_path):
    code, said = refused(tmp_path / "nothing", "--port=0")
    assert (code, "start agent2 first" in said) == (74, True)

    folder = store(tmp_path / "state")
    code, said = refused(folder, "--host=0.0.0.0", "--port=0")
    assert (code, "web.token" in said) == (78, True)
    (folder / "web.token").write_text("a" * 40)
    os.chmod(folder / "web.token", 0o600)
    assert refused(folder, "--host=192.0.2.1", "--port=0")[0] == 73
    os.chmod(folder / "web.token", 0o644)
    assert "chmod 600" in refused(folder, "--port=0")[1]


def test_term_ends_it_in_time_with_clients_connected_and_cleans_up(tmp_path):
    folder = store(tmp_path / "state")
    web = Web(folder)
    idle = web.connect()
    half = web.connect()
    half.sendall(b"GET /livez HTTP/1.1\r\nHost: x")

    code, _, err = web.close()

    assert (code, err) == (0, "")
    assert not {"web.pid", "web.url"} & set(os.listdir(folder))
    for one in (idle, half):
        one.close()


def test_a_unix_socket_is_for_its_user_and_replaces_a_deserted_one(tmp_path):
    folder = store(tmp_path / "state")
    path = tmp_path / "web.sock"
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(str(path))
    dead.close()
    web = Web(folder, f"--socket={path}")
    try:
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
        assert web.get("/livez").status == 200
        assert web.url == f"unix:{path}"
        if NGINX:
            assert through_nginx(tmp_path, path) == b'{"status":"ok"}'
    finally:
        web.close()
    assert not path.exists()


def through_nginx(folder, path):
    """Return what the example of nginx answers that asks at the socket *path*."""
    port, example = reserved(), ROOT / "config" / "examples" / "nginx.conf"
    text = example.read_text().replace("127.0.0.1:8642;", f"unix:{path};")
    argv = serving(folder, text.replace("127.0.0.1:8080;", f"127.0.0.1:{port};"))
    asked = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    with subprocess.Popen(argv) as child, contextlib.closing(asked):
        try:
            until(lambda: connects(asked))
            asked.request("GET", "/agent2/livez")
            return asked.getresponse().read()
        finally:
            child.terminate()


def connects(asked):
    try:
        asked.connect()
    except ConnectionRefusedError:
        return False
    return True


def test_the_agent_takes_it_along(tmp_path):
    cli = Cli(tmp_path)
    cli.config(
        "targets: [{name: a, checks: [{kind: tcp, port: 1}]}]\nweb: {enabled: true}\n"
    )
    with socket.create_server(("127.0.0.1", reserved())) as taken:
        cli.env["AGENT2_WEB_PORT"] = str(taken.getsockname()[1])
        told = cli("start")
        assert (told.code, "the API is not served" in told.out) == (0, True), told
    try:
        told = cli("start")
        assert (
            told.code,
            f"API: http://127.0.0.1:{cli.env['AGENT2_WEB_PORT']}/" in told.out,
        ) == (0, True), told
        assert "API: http://127.0.0.1" in cli("status").out
        found = cli("web", "status", "--json").json
        assert found["running"]
        assert len(cli("web", "token").out.strip()) >= 43
    finally:
        cli("stop")
    assert until(lambda: not (cli.state / "web.pid").exists())
    assert cli("web", "status").code == 3


def test_hup_only_opens_the_log_again(web, state):
    os.rename(state / "web.log", state / "web.log.1")
    web.child.send_signal(signal.SIGHUP)

    assert web.get("/livez").status == 200
    assert web.child.poll() is None
