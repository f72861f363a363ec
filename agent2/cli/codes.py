"""Every exit code of the command line, in one place (docs/operations.md lists them).

Three families of readers expect three conventions, so each command says which one
it speaks: Nagios (``check``, ``status --exit-code``), LSB (``status --lsb``, the
status script), and the numbers of sysexits.h for everything that can go wrong.
"""

from __future__ import annotations

OK = 0
FAILED = 1  # findings, a failed test message, an unhealthy agent
USAGE = 2
INTERRUPTED = 130

# Nagios plugin API: what `check` and `status --exit-code` answer.
NAGIOS = {"ok": 0, "warn": 1, "down": 2, "unknown": 3}

# LSB 8.0, "status" action of an init script.
LSB_RUNNING = 0
LSB_DEAD_WITH_PID_FILE = 1
LSB_NOT_RUNNING = 3
LSB_UNKNOWN = 4

# sysexits.h
UNREACHABLE = 69
INTERNAL = 70
CANNOT_CREATE = 73
IO = 74
LOCKED = 75
PERMISSION = 77
CONFIG = 78
