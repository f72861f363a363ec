"""A warm interpreter that becomes the command line or the compiler, for every call.

To start Python and load click, the store and the plan costs a tenth of a second of a
processor, thousands of times. Here that is done once: each call is a fork that takes
over arguments, environment, folder, mask and the three streams of who asks, and then
runs the program to its end as a fresh interpreter would. The commands themselves are
not loaded before: their words depend on the language. A command that starts the
compiler starts ``warm_call.py`` in its place, which asks the warm one.

    python warm.py SOCKET PROGRAM   serves until its standard input is closed
    ask(...)                    starts one at need, and has it run one command
"""

from __future__ import annotations

import array
import atexit
import contextlib
import gc
import json
import os
import runpy
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MAIN = ROOT / "agent2" / "__main__.py"
COMPILER = ROOT / "agent2" / "compiler" / "__main__.py"
CALL = str(Path(__file__).with_name("warm_call.py"))
ROOMS = ("core", "plan", "store", "wire", "host")
LOADED = {
    MAIN: (
        *("click", "dataclasses", "hashlib", "http.client", "json", "shlex", "sqlite3"),
        *("ssl", "subprocess", "threading", "urllib.request", "agent2.cli.main"),
    ),
    COMPILER: ("agent2.compiler.program", "agent2.compiler.change"),
}
_ROW = array.array("i", [0, 0, 0])


# -- the one who asks

_running: dict[Path, tuple[subprocess.Popen, str]] = {}  # and where it listens
used: list[float] = []  # seconds of a processor and KiB at most, of the last one asked


def ask(words, env, cwd, input_text, timeout, program=MAIN):
    """Run the command line or the compiler; return its exit code and what it wrote.

    Raises:
        subprocess.TimeoutExpired: it did not end, and was killed.
    """
    place = _place(program)
    mask = os.umask(0)
    os.umask(mask)
    order = {"words": words, "env": env, "cwd": str(cwd), "umask": mask}
    if program == MAIN:
        order["compiler"] = _place(COMPILER)
    pipes = [os.pipe() for _ in range(2)]
    with tempfile.TemporaryFile() as given, socket.socket(socket.AF_UNIX) as line:
        given.write((input_text or "").encode())
        given.seek(0)
        line.connect(place)
        fds = array.array("i", [given.fileno(), pipes[0][1], pipes[1][1]])
        rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)
        line.sendmsg([json.dumps(order).encode() + b"\n"], [rights])
        for _, inlet in pipes:
            os.close(inlet)
        try:
            told = _read_all([each for each, _ in pipes], timeout)
            line.settimeout(timeout)
            code = line.recv(64)
        except TimeoutError:
            raise subprocess.TimeoutExpired([program, *words], timeout) from None
        finally:
            for outlet, _ in pipes:
                os.close(outlet)
    assert code, "the warm interpreter is gone"
    code, *used[:] = map(float, code.split())
    return int(code), *(part.decode() for part in told)


def caller():
    """Return how a shell runs the command line without loading it."""
    places = (_place(MAIN), "--compiler", _place(COMPILER))
    return (sys.executable, "-I", "-S", CALL, *places, str(MAIN))


def _place(program):
    """Return where the interpreter of *program* listens; it is started once."""
    if program not in _running:
        _running[program] = _start(program)
    return _running[program][1]


def _read_all(outlets, timeout):
    until = time.monotonic() + timeout
    told = dict.fromkeys(outlets, b"")
    with selectors.DefaultSelector() as waiting:
        for outlet in outlets:
            waiting.register(outlet, selectors.EVENT_READ)
        while waiting.get_map():
            ready = waiting.select(until - time.monotonic())
            if not ready and time.monotonic() >= until:
                raise TimeoutError
            for key, _ in ready:
                part = os.read(key.fd, 65536)
                told[key.fd] += part
                if not part:
                    waiting.unregister(key.fd)
    return told.values()


def _start(program):
    place = f"{tempfile.mkdtemp(prefix='warm')}/socket"
    env = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
    argv = [sys.executable, __file__, place, str(program)]
    made = subprocess.Popen(
        argv, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd="/"
    )
    assert made.stdout.readline() == b"warm\n"
    atexit.register(_end, made, place)
    return made, place


def _end(made, place):
    with made:
        made.stdin.close()
    os.unlink(place)
    os.rmdir(os.path.dirname(place))


# -- the one who is asked


def serve(path, program):
    """Answer until standard input is closed; return the order, in a fork for one."""
    for name in LOADED[program]:
        import_module(name)
    for room in ROOMS:
        for file in sorted((ROOT / "agent2" / room).glob("[a-z]*.py")):
            import_module(f"agent2.{room}.{file.stem}")
    waiting = selectors.DefaultSelector()
    door = socket.socket(socket.AF_UNIX)
    door.bind(path)
    door.listen(64)
    waiting.register(door, selectors.EVENT_READ)
    waiting.register(0, selectors.EVENT_READ)
    running: dict[int, int] = {}  # the line of who asked -> the PID
    gc.freeze()
    print("warm", flush=True)
    while True:
        for key, _ in waiting.select():
            if key.fd == 0:
                os._exit(0)
            elif key.fileobj is door:
                line, _ = door.accept()
                order, fds = _heard(line)
                pid = os.fork()
                if not pid:
                    waiting.close()
                    door.close()
                    line.close()
                    return order, fds
                for fd in fds:
                    os.close(fd)
                running[line.fileno()] = pid
                waiting.register(line, selectors.EVENT_READ)  # who asked gives up
                waiting.register(os.pidfd_open(pid), selectors.EVENT_READ, line)
            elif key.data is None:
                os.kill(running[key.fd], signal.SIGKILL)
                waiting.unregister(key.fileobj)
            else:
                line = key.data
                waiting.unregister(key.fd)
                os.close(key.fd)
                _, status, usage = os.wait4(running.pop(line.fileno()), 0)
                if line.fileno() in waiting.get_map():
                    waiting.unregister(line)
                    code = os.waitstatus_to_exitcode(status)
                    cpu = usage.ru_utime + usage.ru_stime
                    line.send(f"{code} {cpu:.6f} {usage.ru_maxrss}".encode())
                line.close()


def _heard(line):
    text, rights, *_ = line.recvmsg(65536, socket.CMSG_SPACE(3 * _ROW.itemsize))
    fds = array.array("i")
    fds.frombytes(rights[0][2])
    while not text.endswith(b"\n"):
        text += line.recv(65536)
    return json.loads(text), fds


def become(program, order, fds):
    """Be what a fresh interpreter would be, asked to run *program*."""
    for number, fd in enumerate(fds):
        os.dup2(fd, number)
        os.close(fd)
    os.umask(order["umask"])
    os.chdir(order["cwd"])
    os.environ.clear()
    os.environ.update(order["env"])
    time.tzset()
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(  # noqa: SIM115
        2, "w", 1, encoding="utf-8", errors="backslashreplace", closefd=False
    )
    sys.argv = [str(program), *order["words"]]
    sys.orig_argv = [sys.executable, *sys.argv]
    sys.path[0] = str(program.parent)
    if "compiler" in order:
        _compile_at(order["compiler"])


def _compile_at(place):
    """Have whatever is a start of the compiler ask the warm one that listens there."""
    usual = subprocess.Popen.__init__

    def begin(self, argv, *more, **options):
        if isinstance(argv, list) and argv[1:3] == ["-I", str(COMPILER)]:
            argv = [argv[0], "-I", "-S", CALL, place, *argv[2:]]
        usual(self, argv, *more, **options)

    subprocess.Popen.__init__ = begin


def run(program):
    """Run the program and end as it would, without taking apart what is not ours."""
    code = 0
    try:
        runpy.run_path(str(program), run_name="__main__")
    except SystemExit as end:
        code = end.code or 0
        if not isinstance(code, int):
            print(code, file=sys.stderr)
            code = 1
    except BaseException:
        traceback.print_exc()
        code = 1
    finally:
        threading._shutdown()
        atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        os._exit(code)


if __name__ == "__main__":
    asked = Path(sys.argv[2])
    become(asked, *serve(sys.argv[1], asked))
    run(asked)
