"""A real nginx: one process, in a folder of its own."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
MAIN = """
{user}daemon off;
worker_processes 1;
# One process: a worker would outlive a master that is killed.
master_process off;
pid {place}/nginx.pid;
error_log {place}/error.log;
events {{ worker_connections 64; }}
http {{
  log_format main '$remote_addr - $remote_user [$time_local] "$request" $status '
    '$body_bytes_sent "$http_referer" "$http_user_agent" "$http_x_forwarded_for"{more}';
  access_log {place}/access.log main;
  client_body_temp_path {place}/body;
  proxy_temp_path {place}/proxy;
  fastcgi_temp_path {place}/fastcgi;
  uwsgi_temp_path {place}/uwsgi;
  scgi_temp_path {place}/scgi;
{servers}
}}
"""
SITE = """
  server {{
    listen 127.0.0.1:{port};
    location = /nginx-health {{ access_log off; return 200 "nginx is healthy\\n"; }}
    location / {{ proxy_pass http://127.0.0.1:{behind}; }}
  }}
"""

needs_nginx = pytest.mark.skipif(NGINX is None, reason="nginx is not installed")


def nginx(place: Path, port: int, behind: int, more: str = "") -> list[str]:
    """Return the command of an nginx at *port* that asks the service at *behind*."""
    return serving(place, SITE.format(port=port, behind=behind), more)


def serving(place: Path, servers: str, more: str = "") -> list[str]:
    """Return the command of an nginx with these *servers*."""
    user = (
        "user root;\n" if os.geteuid() == 0 else ""
    )  # others may not enter the folder
    site = place / "nginx.conf"
    site.write_text(MAIN.format(place=place, servers=servers, more=more, user=user))
    return [str(NGINX), "-e", f"{place}/error.log", "-c", str(site)]
