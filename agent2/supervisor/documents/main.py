"""The supervisor as the documents start it: by three variables of the environment.

``AGENTOS_DB_PATH``, ``SUPERVISOR_POLL_INTERVAL`` (10), ``SUPERVISOR_BATCH_SIZE`` (50).
"""

from __future__ import annotations

import logging
import os
import signal

from agent2.host.complain import complain
from agent2.plan import sources
from agent2.store.errors import StoreError
from agent2.supervisor import phrases
from agent2.supervisor.documents.bus import setup_supervisor_subscription
from agent2.supervisor.documents.running import SupervisorProcessor, SupervisorService

_FORMAT = "%(asctime)s - %(name)s - %(levelname)s - %(message)s"


def main() -> int:
    """Run until TERM or INT; return the exit code."""
    logging.basicConfig(level=logging.INFO, format=_FORMAT)
    folder = sources.state_dir("", os.environ)
    path = os.environ.get("AGENTOS_DB_PATH") or os.path.join(folder, "agent2.db")
    try:
        interval = _number("SUPERVISOR_POLL_INTERVAL", 10.0)
        batch = int(_number("SUPERVISOR_BATCH_SIZE", 50))
        os.makedirs(os.path.dirname(os.path.abspath(path)), mode=0o755, exist_ok=True)
        processor = SupervisorProcessor(path, batch_size=batch)
    except ValueError as error:
        return _fail(78, str(error))
    except OSError as error:
        return _fail(73, f"{path}: {error.strerror}")
    except StoreError as error:
        return _fail(74, str(error))
    supervisor = SupervisorService(path, processor, interval)
    asked = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, asked)  # its thread must not take them
    supervisor.start()
    subscriber = setup_supervisor_subscription(supervisor, path)
    signal.sigwait(asked)
    print(phrases.STOPPING, flush=True)  # noqa: T201
    supervisor.stop()
    subscriber.unsubscribe()
    return 0


def _number(name: str, otherwise: float) -> float:
    given = os.environ.get(name, "").strip()
    try:
        found = float(given) if given else otherwise
    except ValueError:
        found = 0.0
    if not 0.0 < found < 1e6:
        raise ValueError(f"{name}: a number above 0 is needed, got {given!r}")
    return found


def _fail(code: int, text: str) -> int:
    complain(f"agent2 supervisor: {text}")
    return code
