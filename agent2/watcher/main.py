"""The watcher's composition: arguments, folder, lock, plan, loop, signals, end.

Exit codes: 0 only when asked to stop; 70 an internal error, 73 the folder cannot be
made, 75 another instance holds the lock, 77 no permission, 78 the configuration is
refused or the store is of a newer version.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent2.watcher.options import Options

# Where what a watcher loads lies; a file that is replaced makes its folder newer.
_ROOMS = ("core", "host", "plan", "store", "wire", "checks", "actions", "watcher")


def main(argv: list[str]) -> int:
    """Run the watcher until it is asked to stop; return the exit code."""
    try:
        compile_apart()
    except OSError:
        pass  # no room for a child, or our files are being replaced
    from agent2.watcher.options import UsageError, parse

    try:
        options = parse(argv, os.environ)
    except UsageError as error:
        _complain(f"agent2: {error}")
        return 2
    try:
        return _run(options)
    except _RefusalError as refusal:
        return _give_up(options, refusal.code, str(refusal))
    except Exception as error:  # our own bug: one line, and never what it holds
        from agent2.core.text import place

        return _give_up(options, 70, f"agent2: internal error {place(error)}")


def compile_apart() -> None:
    """Have a child compile the watcher where there is no byte code of it, or old one.

    What the compiler takes is never given back: 1.5 MB for as long as we run.
    """
    from agent2 import watcher

    home = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    mark = str(getattr(watcher, "__cached__", "")).replace("__init__.", "running.")
    rooms = [os.path.join(home, room) for room in _ROOMS]
    made = os.stat(mark).st_mtime if os.path.exists(mark) else 0.0
    fresh = made >= max(os.stat(room).st_mtime for room in rooms)
    if fresh or sys.dont_write_bytecode or not os.access(rooms[-1], os.W_OK):
        return
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    try:
        from agent2 import plugins
        from agent2.watcher import options, running  # noqa: F401
        from agent2.wire import en, zh  # noqa: F401

        for kind in ("pid", "tcp", "http"):
            plugins.load("checks", kind)
        plugins.load("actions", "signal_file")
        os.utime(mark)
    finally:
        os._exit(0)  # whatever is wrong, the watcher says it


def _give_up(options: Options, code: int, text: str) -> int:
    options.answer(f"ERROR {code} {text}\n")
    _complain(text)
    return code


def _complain(text: str) -> None:
    from agent2.host.complain import complain  # who has no trouble does not pay

    complain(text)


class _RefusalError(Exception):
    """The watcher cannot start: an exit code and what to say."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


def _run(options: Options) -> int:
    from agent2.host.clock import Clock
    from agent2.host.instance import Instance, LockedError, begin_anew
    from agent2.host.logfile import LogFile
    from agent2.host.reactor import Reactor
    from agent2.watcher.compiling import RefusedError, plan_now

    state_dir = options.state_dir
    try:
        _make_folder(state_dir)
        instance = Instance.acquire(os.path.join(state_dir, "agent2.pid"))
    except LockedError as error:
        raise _RefusalError(75, f"agent2: {error}") from None
    except PermissionError as error:
        raise _RefusalError(77, _cannot(error)) from None
    except OSError as error:
        raise _RefusalError(73, _cannot(error)) from None
    try:
        _sweep(state_dir)
        _name_store(state_dir, os.environ)
        log = LogFile(os.path.join(state_dir, "agent2.log"), echo=options.echo)
        try:
            plan = plan_now(state_dir, options.config, options.profile, options.sets)
            from agent2.watcher.running import Running

            running = Running(options, Reactor(), Clock(), log, plan, instance)
        except RefusedError as error:
            raise _RefusalError(78, str(error)) from None
        code = running.run()
    finally:
        instance.release()
    if running.homeless:
        begin_anew()
    return code


def _cannot(error: OSError) -> str:
    what = f"{error.filename} cannot be used: {error.strerror}"
    return f"agent2: {what}; mend it, or choose another --state-dir"


def _sweep(state_dir: str) -> None:
    """Remove what killed runs left half written."""
    from agent2.host.files import sweep
    from agent2.wire.signal import FOLDER

    for folder in (state_dir, os.path.join(state_dir, FOLDER)):
        try:
            sweep(folder)
        except OSError:
            continue  # whoever cannot list the first is told so by the first write


def _name_store(state_dir: str, environ: Mapping[str, str]) -> None:
    """Let the store be found under the name that ``AGENTOS_DB_PATH`` gives it, too."""
    from agent2.plan.sources import STORE_PATH, absolute

    folder, name = os.path.split(absolute(environ.get(STORE_PATH) or "/", environ))
    path = os.path.join(state_dir, name)
    ours = folder == state_dir and name.endswith(".db") and name != "agent2.db"
    if ours and not os.path.lexists(path):
        try:
            os.symlink("agent2.db", path)
        except OSError:
            pass  # the store says what is wrong with the folder


def _make_folder(state_dir: str) -> None:
    """Make the folder and its parent with the documented modes, whatever the umask."""
    for folder in (os.path.dirname(state_dir), state_dir):
        if not os.path.isdir(folder):
            os.makedirs(folder, mode=0o755, exist_ok=True)
            os.chmod(folder, 0o755)  # noqa: S103  (documented: others read the status)
