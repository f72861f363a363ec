"""Where the configuration lies, and whether the compiled plan is still of it.

The watcher asks at start and at reload: is ``plan.json`` the plan of the sources
as they are now? It must not need YAML for that, so the answer is a *stamp*: a
short text of everything that a plan depends on. The compiler writes it into the
plan; ``current_stamp`` makes it anew. Equal stamps, equal plan.
"""

from __future__ import annotations

import os
import re
import sys
from binascii import crc32

from agent2 import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CONFIG_NAME = "agent2.yaml"
PLAN_NAME = "plan.json"
STORE_PATH = "AGENTOS_DB_PATH"  # the documents' word for the store
# Set in the watcher's unit where telemetry has a unit of its own.
TELEMETRY_UNIT = "AGENT2_TELEMETRY_UNIT"
PROFILES = (
    "dev",
    "test",
    "prod",
    "high_load",
    "low_latency",
    "unstable_network",
    "events_high_throughput",
    "events_low_latency",
    "events_low_load",
)
LARGEST = 1 << 20  # bytes of configuration that are read

# The keys that the environment may set, each as AGENT2_ and the key in capitals, its
# dots as underscores and without ``defaults``: every single value that is no entry
# of a list. A test holds this equal to the models of the compiler.
_DEFAULTS = "interval timeout failure_threshold success_threshold retry_interval"
_DEFAULTS += " start_grace max_retry retry_delay slow"
_RESTART = "remediation intensity period settle proof backoff backoff_max rearm"
_RESTART += " half_open dry_run"
_EVENTS = "enabled resident batch_size poll_interval lease max_retries"
_EVENTS += " policy_timeout mode"
_WEB = "enabled host port token_file socket root_path max_clients rate_limit"
_TELEMETRY = "enabled endpoint allow_insecure traces metrics logs timeout"
_TELEMETRY += " export_timeout max_queue_size max_export_batch_size schedule_delay"
_TELEMETRY += " metrics_interval service_name headers_file"
_STORE = "upkeep upkeep_interval keep_events keep_audits alert_size push_silence"
_STORE += " backup_folder backup_age"
SETTABLE = (
    "profile",
    "language",
    *(f"defaults.{key}" for key in _DEFAULTS.split()),
    *(f"defaults.restart.{key}" for key in _RESTART.split()),
    *(f"restarter.{key}" for key in ("verify", "timeout")),
    *(f"web.{key}" for key in _WEB.split()),
    *(f"log.{key}" for key in ("level", "json", "json_calm", "max_bytes", "backups")),
    *(f"events.{key}" for key in _EVENTS.split()),
    *(f"store.{key}" for key in _STORE.split()),
    *(f"telemetry.{key}" for key in _TELEMETRY.split()),
    "metrics.compat",
    *(f"observability.audit_{key}enabled" for key in ("log_", "success_log_")),
    *(f"evidence.{key}" for key in ("enabled", "keep")),
)


def variable(key: str) -> str:
    """Return the variable that sets *key*."""
    return "AGENT2_" + key.removeprefix("defaults.").replace(".", "_").upper()


# Whatever the compiler asks the environment for beside ``${NAME}`` references.
OVERRIDES = {
    "SUPERVISOR_POLL_INTERVAL": "events.poll_interval",  # the documents' own names
    "SUPERVISOR_BATCH_SIZE": "events.batch_size",
} | {variable(key): key for key in SETTABLE}
LANGUAGE = ("LC_ALL", "LC_MESSAGES", "LANG")
# What OpenTelemetry and the documents call keys of ``telemetry``; they beat the file.
OTEL = (
    *(f"OTEL_{n}" for n in ("SDK_DISABLED", "SERVICE_NAME", "METRIC_EXPORT_INTERVAL")),
    *(f"OTEL_EXPORTER_OTLP_{n}" for n in ("ENDPOINT", "TRACES_TIMEOUT", "TIMEOUT")),
    *(f"OTEL_BSP_{n}" for n in ("MAX_QUEUE_SIZE", "SCHEDULE_DELAY")),
    *(f"OTEL_BSP_{n}" for n in ("MAX_EXPORT_BATCH_SIZE", "EXPORT_TIMEOUT")),
    *(f"OTLP_{n}" for n in ("ENABLE", "ENDPOINT", "METRIC_EXPORT_INTERVAL_MILLIS")),
    *(f"OTLP_TRACE_{n}" for n in ("TIMEOUT", "MAX_QUEUE_SIZE")),
    *(f"OTLP_TRACE_{n}" for n in ("SCHEDULE_DELAY_MILLIS", "MAX_EXPORT_BATCH_SIZE")),
    "OTLP_TRACE_EXPORT_TIMEOUT_MILLIS",
    *(f"OTLP_METRIC_{n}" for n in ("TIMEOUT", "EXPORT_TIMEOUT_MILLIS")),
)
_WATCHED = (*OVERRIDES, *OTEL, *LANGUAGE, "HOME")
_REFERENCE = rb"\$\{([A-Za-z_][A-Za-z0-9_]*)"


def home(environ: Mapping[str, str]) -> str:
    """Return the home folder: ``$HOME``, else that of the user's entry."""
    return environ.get("HOME") or os.path.expanduser("~")


def absolute(path: str, environ: Mapping[str, str]) -> str:
    """Return *path* with ``~`` put in and made absolute from the working folder."""
    if path == "~" or path.startswith("~/"):
        path = home(environ) + path[1:]
    return os.path.abspath(os.path.expanduser(path))


def state_dir(explicit: str, environ: Mapping[str, str]) -> str:
    """Return the state folder: *explicit*, the environment, or the default.

    Where ``AGENTOS_DB_PATH`` alone speaks, it is the folder of that file.
    """
    chosen = (
        explicit or environ.get("AGENT2_STATE_DIR") or environ.get("AGENT2_HOME") or ""
    )
    if chosen == "" and (named := environ.get(STORE_PATH)):
        return os.path.dirname(absolute(named, environ))
    return absolute(chosen or "~/.agentos/multi_agent", environ)


def find_config(explicit: str, environ: Mapping[str, str], folder: str = "") -> str:
    """Return the configuration file that counts, or "" for the built-in defaults.

    What a person named (*explicit*, ``$AGENT2_CONFIG``) is returned whether it is
    there or not, so that a slip is an error and never a silent default. *folder* is
    the state folder if it is known by other means than the environment.
    """
    named = explicit or environ.get("AGENT2_CONFIG")
    if named:
        return absolute(named, environ)
    own = environ.get("XDG_CONFIG_HOME") or os.path.join(home(environ), ".config")
    places = (
        os.path.join(own, "agent2"),
        folder or state_dir("", environ),
        "/etc/agent2",
    )
    for place in places:
        path = os.path.join(place, CONFIG_NAME)
        if os.path.lexists(path):  # a dangling link is an error, not "no file"
            return path
    return ""


def current_stamp(
    config_path: str,
    profile: str,
    environ: Mapping[str, str],
    sets: Sequence[str] = (),
) -> str:
    """Return the identity of all that a plan is made of, as it is now. Never raises.

    *profile* is the one of the command line, or ""; *sets* are its ``KEY=VALUE``, in
    order. The stamp holds no value of a variable, but a checksum over them: keep it
    in files of mode 0600.
    """
    source, content = _source(config_path)
    names = sorted({*_WATCHED, *(n.decode() for n in re.findall(_REFERENCE, content))})
    told = "\0".join((*(f"{name}={environ.get(name)}" for name in names), *sets))
    parts = (
        __version__,
        sys.executable,
        f"{sys.version_info[0]}.{sys.version_info[1]}",
        _installed(),
        profile,
        config_path,
        source,
        f"{crc32(told.encode(errors='surrogateescape')):08x}",
    )
    return "|".join(parts)


def _source(path: str) -> tuple[str, bytes]:
    if not path:
        return "built-in", b""
    try:
        # Not O_RDONLY alone: a FIFO in the place of the file must not hang us.
        number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        return f"errno {error.errno}", b""
    try:
        facts = os.fstat(number)
        content = os.read(number, LARGEST + 1)
    except OSError as error:
        return f"errno {error.errno}", b""
    finally:
        os.close(number)
    told = (facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns)
    return f"{told}{facts.st_ctime_ns}:{crc32(content):08x}", content


def _installed() -> str:
    """Return a sign that changes with the packages (so: the plugins) and profiles."""
    folder = os.path.join(
        os.path.dirname(os.path.dirname(sys.executable)),
        "lib",
        f"python{sys.version_info[0]}.{sys.version_info[1]}",
        "site-packages",
    )
    own = os.path.join(os.path.dirname(os.path.abspath(__file__)), "profiles")
    paths = [folder, *(os.path.join(own, f"{name}.yaml") for name in PROFILES)]
    return f"{crc32(' '.join(map(_touched, paths)).encode()):08x}"


def _touched(path: str) -> str:
    try:
        return str(os.stat(path).st_mtime_ns)
    except OSError:
        return ""
