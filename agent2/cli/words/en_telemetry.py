"""English sentences of the telemetry program."""

from __future__ import annotations

TELEMETRY = {
    "command.telemetry": "the program that sends to an OpenTelemetry collector",
    "help.telemetry": "Send metrics, logs and traces to an OpenTelemetry collector in "
    "the foreground. With telemetry.enabled: true the watcher keeps it running.",
    "help.telemetry.run": "Send in the foreground.",
    "help.telemetry.status": "Tell whether it runs, and what was sent and dropped "
    "(LSB: 0, 1, 3, 4).",
    "telemetry.signal": "{signal}: {sent} sent, {dropped} dropped{why}",
    "telemetry.never": "nothing was sent yet",
}
