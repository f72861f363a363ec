"""English sentences of logs, and of the use of a machine."""

from __future__ import annotations

LOGS = {
    "command.logs": "what an application's or a web server's log says",
    "command.logs.analyze": "errors, hours, response times or addresses of any log",
    "command.logs.errors": "the errors of a day: total, types, hours",
    "command.logs.access": "who asks most, and who asks too often",
    "help.logs": "Read logs of applications and of nginx, packed ones too, in little "
    "memory. Headings and numbers are those of the operations guide's scripts.",
    "command.maintain": "old logs go",
    "command.maintain.logs": "remove logs that are older than so many days",
    "help.maintain": "Remove old logs: regular files in the folders that are named, or "
    "rotated ones of the logs that are followed; nothing open, nothing through links.",
    "option.logs_days": "older than so many days",
    "option.logs_in": "look in this folder and below, instead of beside followed logs",
    "option.glob": "names that go; in named folders *.log and *.log.gz by default",
    "option.logs_dry": "list what would go",
    "maintain.goes": "would go",
    "maintain.gone": "removed",
    "maintain.nothing": "no folder was named, and no check follows a log",
    "maintain.name_folder": "agent2 maintain logs --in /var/log/multi-agent-service",
    "option.log_format": "auto, json, agent2, nginx:main, nginx:combined, or nginx: "
    "and a log_format",
    "option.log_date": "lines of this day only",
    "option.log_slow": "seconds from which on a request is slow",
    "option.log_top": "how many addresses",
    "option.log_suspicious": "an address with more POST requests to /api/v1 is told",
    "logs.no_file": "no file was named",
    "logs.not_app": "this is an access log",
    "logs.not_access": "this is no access log that can be read",
    "logs.unreadable": "{path} cannot be read: {why}",
    "logs.name_file": "name the file: agent2 logs analyze FILE",
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
