"""All fakes as one process, for tests that kill everything else.

    python tests/fakes/receivers.py --log FILE --port-file FILE

Each received request is one JSON line in FILE (``fake``, ``at``, ``path``,
``headers``, ``body``, ``raw`` in base64, for mail ``sender`` and ``recipients``).
The port file holds ``{"pagerduty": 1234, "slack": …, "webhook": …, "smtp": …,
"control": …}``, written whole. POST to the control port at ``/<fake>`` a Behaviour
as JSON (``{"mode": "hang", "always": true}``) or ``{"always": false, "mode": null}``
to be good again. It ends at TERM, or when its standard input ends (``--leash``).
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.fakes.base import Behaviour, Received
from tests.fakes.smtp import FakeSmtp
from tests.fakes.web import FakeHook, FakePagerDuty, FakeSlack, HttpFake


class Control(HttpFake):
    """Tells the other fakes how to behave."""

    name = "control"

    def __init__(self, fakes):
        self.fakes = fakes
        super().__init__()

    def answer(self, got: Received) -> Behaviour:
        fake = self.fakes.get(got.path.strip("/"))
        if fake is None:
            return Behaviour(status=404)
        told = got.json
        always = told.pop("always", False)
        behaviour = Behaviour(**told) if told.get("mode") else None
        if behaviour is None:
            fake.always = None
            fake.behaviours.clear()
        elif always:
            fake.always = behaviour
        else:
            fake.then(behaviour)
        return Behaviour(status=204)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--log", required=True)
    parser.add_argument("--port-file", default="")
    parser.add_argument("--leash", action="store_true")
    options = parser.parse_args()
    over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    signal.signal(signal.SIGINT, lambda *_: over.set())
    kinds = (FakePagerDuty, FakeSlack, FakeHook, FakeSmtp)
    fakes = {kind.name: kind(options.log) for kind in kinds}
    control = Control(fakes)
    ports = {name: fake.port for name, fake in fakes.items()} | {
        "control": control.port
    }
    if options.port_file:
        Path(options.port_file + ".new").write_text(json.dumps(ports))
        os.replace(options.port_file + ".new", options.port_file)
    print(json.dumps(ports), flush=True)
    if options.leash:
        threading.Thread(
            target=lambda: (sys.stdin.buffer.read(), over.set()), daemon=True
        ).start()
    over.wait()
    for fake in (*fakes.values(), control):
        fake.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
