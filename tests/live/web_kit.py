"""One web program over one store, started once per module; requests by hand."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass

from tests.live import rig
from tests.live.cli_kit import ROOT

WEB = ROOT / "agent2" / "web" / "__main__.py"


def compiled(folder, web):
    """Have a plan in *folder* whose section ``web`` is the YAML text *web*."""
    text = f"targets: [{{name: a, checks: [{{kind: tcp, port: 1}}]}}]\nweb: {web}\n"
    path = folder / "agent2.yaml"
    path.write_text(text, encoding="utf-8")
    made = rig.compiled(path, folder, dict(os.environ))
    assert made.tree is not None, made.problems


@dataclass
class Got:
    """An answer: status, headers by lower-case name, body."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)


class Web:
    """The program; ``get`` and ``post`` ask it, ``raw`` sends bytes as they are."""

    def __init__(self, state_dir, *words, port=0):
        self.state_dir = str(state_dir)
        argv = [sys.executable, "-I", str(WEB), "--state-dir", self.state_dir]
        argv += [f"--port={port}", *words]
        self.child = subprocess.Popen(
            argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd="/"
        )
        line = self.child.stdout.readline()
        assert line, self.child.communicate()
        self.url = line.split(": ", 1)[1].strip()
        self.host, self.port = "127.0.0.1", 0
        if not self.url.startswith("unix:"):
            self.port = int(self.url.rstrip("/").rpartition(":")[2])
        self.path = self.url.removeprefix("unix:")

    @property
    def token(self):
        with open(os.path.join(self.state_dir, "web.token")) as file:
            return file.read().strip()

    def connect(self):
        if self.port:
            return socket.create_connection((self.host, self.port), timeout=60)
        made = socket.socket(socket.AF_UNIX)
        made.settimeout(60)
        made.connect(self.path)
        return made

    def ask(self, method, path, body=None, headers=()):
        connection = http.client.HTTPConnection(self.host, self.port, timeout=60)
        if not self.port:
            connection.sock = self.connect()
        with contextlib.closing(connection):
            connection.request(method, path, body, dict(headers))
            answer = connection.getresponse()
            told = {name.lower(): each for name, each in answer.getheaders()}
            return Got(answer.status, told, answer.read())

    def get(self, path, **headers):
        named = {name.replace("_", "-"): each for name, each in headers.items()}
        return self.ask("GET", path, None, named)

    def post(self, path, tree=None, *, token="", **headers):
        told = {"Authorization": f"Bearer {token or self.token}"}
        body = None
        if tree is not None:
            body = json.dumps(tree).encode()
            told["Content-Type"] = "application/json"
        told |= {name.replace("_", "-"): each for name, each in headers.items()}
        return self.ask("POST", path, body, told)

    def raw(self, data):
        """Send *data*, end sending, return all that comes back."""
        with self.connect() as made:
            with contextlib.suppress(OSError):
                made.sendall(data)
                made.shutdown(socket.SHUT_WR)
            return read_all(made)

    def close(self):
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
        out, err = self.child.communicate(timeout=60)
        return self.child.returncode, out, err


def read_all(made):
    parts = []
    with contextlib.suppress(ConnectionResetError):
        while part := made.recv(65536):
            parts.append(part)
    return b"".join(parts)
