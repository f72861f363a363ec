"""English sentences of ``agent2 resources``."""

from __future__ import annotations

RESOURCES = {
    "command.resources": "what the machine uses, the series of it, where it goes",
    "help.resources": "What checks of kind resources and process measure: now, as a "
    "series, "
    "and where it goes.",
    "help.resources.show": "Print what the running watcher measured last.",
    "help.resources.export": "Print the series of a machine: one line for each five "
    "minutes, in "
    "local time, as YYYY-mm-dd "
    "HH:MM:SS,CPU:x,Memory:x,Disk:x,Connections:n.",
    "help.resources.forecast": "Print where processor, memory and disks go, what "
    "will be too much, and "
    "when a disk is full.",
    "option.resources": "The target whose machine it is (default: the first with a "
    "check of "
    "kind resources)",
    "option.disk": "Mount point (default /)",
    "option.ahead": "Days to look ahead (default 7)",
    "option.limit": "Percent above which a warning is printed (default 80)",
    "resources.none": "no check measures anything: add one of kind resources",
    "resources.few": "there are too few amounts for a forecast: they come every "
    "five minutes",
    "resources.full": "{name} is full on {day} if it goes on like this.",
    "resources.span": "From {days} days of data.",
    "resources.unknown": "target {name} has no series of a machine",
    "resources.known": "--target {name}",
    "resources.empty": "no machine was measured yet",
    "resources.try": "add a target with a check of kind resources; the first amount "
    "comes "
    "within a minute",
    "resources.no_disk": "no series of disk {name}",
    "resources.disks": "one of: {names}",
    "table.figure": "FIGURE",
    "table.amount": "AMOUNT",
}
