"""A machine within this one, in namespaces of its own: a real systemd or a real dockerd.

It shares the kernel, /usr and /tmp. /etc, /var, /opt, homes, /run, /dev, the network,
the PIDs and the cgroups are its own, and all of it is gone when it ends. This checkout
stands in /opt/agent2, its environment in /opt/agent2-python.

Only root can make one, and not everywhere: what is missing is the reason of the skip.
"""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PYTHON = "/opt/agent2-python/bin/python"
SYSTEMD = "/lib/systemd/systemd"
SPACES = ("--mount", "--pid", "--net", "--uts", "--ipc", "--cgroup")
WITHIN = 60
TO_SYSTEMD = f"""
exec env -i container=agent2-tests PATH="$PATH" {SYSTEMD} --unit=multi-user.target \
  --show-status=no --log-target=null"""
TO_DOCKERD = """
dockerd --iptables=false --ip6tables=false --bridge=none --storage-driver=vfs \
  --data-root="${DOCKER_DATA:-$1/own/docker}" --host="unix://$1/docker.sock" &
wait $!"""
# A group of our own in each hierarchy (cgroups(7)), then the namespaces.
_OUTSIDE = """
set -eu
while IFS=: read -r _ kinds path; do
  case $kinds in '') at=unified ;; name=*) at=${kinds#name=} ;; *) at=$kinds ;; esac
  [ -d "/sys/fs/cgroup/$at" ] || at=
  group="/sys/fs/cgroup/$at$path/$2"
  mkdir -p "$group"
  for each in cpus mems; do # without these nobody may join (cpuset(7))
    [ ! -e "$group/cpuset.$each" ] || cat "${group%/*}/cpuset.$each" >"$group/cpuset.$each"
  done
  echo 0 >"$group/cgroup.procs"
done </proc/self/cgroup
exec setpriv --pdeathsig KILL unshare "$@"
"""
_INSIDE = """
set -eu
mount -t proc proc /proc
mount --bind /proc/sys /proc/sys && mount -o remount,ro,bind /proc/sys
mkdir -p "$1/own" && mount -t tmpfs tmpfs "$1/own" && cd "$1/own"
mkdir dev dev/pts dev/shm
for one in null zero full random urandom tty; do
  : >dev/$one && mount --bind /dev/$one dev/$one
done
ln -s /proc/self/fd dev/fd
mount -t devpts -o newinstance,ptmxmode=666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
mount -t tmpfs tmpfs dev/shm
mount --rbind dev /dev
for one in etc var opt home root; do
  mkdir -p $one $one.work
  mount -t overlay -o lowerdir=/$one,upperdir=$PWD/$one,workdir=$PWD/$one.work none /$one
done
mount -t tmpfs tmpfs /run && mkdir /run/lock
mkdir -p /opt/agent2 /opt/agent2-python
mount --bind "$2" /opt/agent2 && mount --bind "$3" /opt/agent2-python
mount -t tmpfs tmpfs /sys/fs/cgroup
while IFS=: read -r _ kinds path; do
  case $kinds in
    '') at=unified type=cgroup2 with=rw ;;
    name=*) at=${kinds#name=} type=cgroup with=none,$kinds ;;
    *) at=$kinds type=cgroup with=$kinds ;;
  esac
  [ "$(wc -l </proc/self/cgroup)" = 1 ] && at=
  mkdir -p "/sys/fs/cgroup/$at" && mount -t $type -o "$with" none "/sys/fs/cgroup/$at"
done </proc/self/cgroup
# Nothing of this machine's own is started but the journal.
rm -rf /etc/systemd/system && mkdir -p /etc/systemd/system
for one in /lib/systemd/system/*.target.wants/*; do
  case ${one##*/} in
    systemd-journald.*) ;;
    *) ln -sf /dev/null "/etc/systemd/system/${one##*/}" ;;
  esac
done
ln -s /dev/null /etc/systemd/system/systemd-remount-fs.service
cd /
"""
_numbers = itertools.count()


class Machine:
    """A machine that runs; *root* is its file system as we see it."""

    def __init__(self, first):
        self.first = first
        self.root = Path(f"/proc/{first}/root")

    def __call__(self, *argv, **options):
        """Run a command within and return what it said; 0 is asked for."""
        done = self.run(*argv, **options)
        assert done.returncode == 0, (argv, done.stdout, done.stderr)
        return done.stdout

    def run(self, *argv, **options):
        """Run a command within."""
        spaces = ("--target", str(self.first), *SPACES)
        return subprocess.run(
            ["nsenter", *spaces, "--", *map(str, argv)],
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
            **options,
        )


@contextmanager
def machine(place, init, is_ready, **env):
    """Run one in the folder *place*, whose first process does *init*."""
    lacks = _lacks(init)
    if lacks:
        pytest.skip(lacks)
    group = f"agent2-machine-{os.getpid()}-{next(_numbers)}"
    inside = ["sh", "-c", _INSIDE + init, "sh", place, ROOT, sys.prefix]
    spaces = [*SPACES, "--fork", "--kill-child", "--propagation", "private", "--"]
    outside = _OUTSIDE.replace("$2", group)
    path = f"{os.environ['PATH']}:/usr/sbin:/sbin"
    said = place / "machine.log"
    with said.open("wb") as log:
        made = subprocess.Popen(
            [*map(str, ("sh", "-c", outside, "sh", *spaces, *inside))],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={"PATH": path} | env,
        )
    try:
        yield _ready(made, said, is_ready)
    finally:
        made.kill()
        made.wait(WITHIN)
        _remove(group)


def systemd(place):
    """Run one whose first process is systemd, with its units started."""
    words = ("systemctl", "is-system-running")
    return machine(place, TO_SYSTEMD, lambda one: one.run(*words).stdout == "running\n")


def dockerd(place, **env):
    """Run one with a dockerd whose socket is ``docker.sock`` in *place*."""
    words = ("docker", "--host", f"unix://{place}/docker.sock", "version")
    return machine(place, TO_DOCKERD, lambda one: not one.run(*words).returncode, **env)


def _lacks(init):
    """Return what keeps a machine from being made here; "" if nothing."""
    if os.geteuid() != 0:
        return "only root may make a machine"
    program = SYSTEMD if init is TO_SYSTEMD else "dockerd"
    for each in (program, "unshare", "nsenter"):
        if shutil.which(each, path=f"{os.environ['PATH']}:/usr/sbin") is None:
            return f"{each} is not installed"
    if not os.path.ismount("/sys/fs/cgroup"):
        return "no cgroups here"
    return ""


def _ready(made, said, is_ready):
    deadline = time.monotonic() + WITHIN
    while time.monotonic() < deadline:
        if made.poll() is not None:
            why = said.read_text().splitlines()[-1:]
            pytest.skip(f"no machine can be made here: {why}")
        with open(f"/proc/{made.pid}/task/{made.pid}/children") as file:
            first = file.read().split()
        if first and is_ready(one := Machine(int(first[0]))):
            return one
        time.sleep(0.1)
    raise AssertionError(f"it did not start: {said.read_text()[-2000:]}")


def _remove(group):
    """Remove its groups; what is being killed in them is waited for."""
    deadline = time.monotonic() + WITHIN
    for top in _groups(group):
        for folder, _, _ in os.walk(top, topdown=False):
            while True:
                try:
                    os.rmdir(folder)
                    break
                except OSError:
                    assert time.monotonic() < deadline, folder
                    time.sleep(0.05)


def _groups(group):
    with open("/proc/self/cgroup") as file:
        lines = [line.rstrip("\n").split(":", 2) for line in file]
    for _, kinds, path in lines:
        at = kinds.removeprefix("name=") or "unified"
        for base in (f"/sys/fs/cgroup/{at}", "/sys/fs/cgroup"):
            if os.path.isdir(f"{base}{path}/{group}"):
                yield f"{base}{path}/{group}"
