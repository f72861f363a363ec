"""A real supervisord; by default with two programs: one that runs, one that cannot."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager

OWNER = """
[unix_http_server]
file={place}/s.sock
chmod=0700
{login}
[supervisord]
logfile={place}/s.log
pidfile={place}/s.pid
childlogdir={place}
nodaemon=true
user={user}
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
"""
LOGIN = "username=watch\npassword=pass:word"
PROGRAMS = """
[program:web]
autorestart=false
command=/bin/sleep 1000
startsecs=0
[program:bad]
command=/bin/false
startretries=0
"""


@contextmanager
def supervisord(place, programs=PROGRAMS, login=LOGIN):
    """Run one in the folder *place*; its socket there is ``s.sock``."""
    user = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True)
    text = OWNER.format(place=place, user=user.stdout.strip(), login=login)
    (place / "s.conf").write_text(text + programs)
    program = os.path.join(os.path.dirname(sys.executable), "supervisord")
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", program, "-c", place / "s.conf"],
        stdout=subprocess.DEVNULL,
    ) as owner:
        try:
            yield
        finally:
            owner.terminate()
