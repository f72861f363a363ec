"""English help texts."""

from __future__ import annotations

HELP = {
    "help.agent2": "A small watchdog: notices, says why, asks for a restart within a "
    "budget, and tells people.\n\nBegin with: agent2 demo",
    "help.options": "Options",
    "help.commands": "Commands",
    "help.usage": "Usage: ",
    "option.help": "Show this text.",
    "option.config": "Configuration file.",
    "option.state_dir": "State folder (~/.agentos/multi_agent).",
    "option.set": "One value over file and environment: log.level=DEBUG (repeatable).",
    "option.profile": "dev, test, prod, high_load, low_latency, "
    "unstable_network or one of the events_… profiles.",
    "option.lang": "Language: auto, en or zh.",
    "option.color": "Colours and tables: auto, always or never.",
    "option.json": "Print JSON.",
    "option.origin": "Say of each value where it is from (it always does).",
    "option.status_all": "Every target in one table, in a pipe too.",
    "option.validate": "Hold the status file against its JSON Schema; 0 or 1.",
    "option.json_status": "Print the status file as it is.",
    "option.exit_code": "Exit 0 ok, 1 degraded, 2 down, 3 unknown or not running.",
    "option.lsb": "Plain text and the exit codes of an init script (0, 1, 3, 4).",
    "option.nagios": "One line and exit codes for Nagios and its kin.",
    "option.foreground": "Print the log lines on the terminal too.",
    "option.limit": "At most this many.",
    "option.unset": "Take the key out of the file.",
    "option.open": "Only those that are open.",
    "option.reload": "Make it count at once.",
    "option.all": "All of them.",
    "option.dead": "Only dead letters.",
    "option.timeout": "Wait at most this many seconds.",
    "option.grace": "Seconds between TERM and KILL.",
    "option.port": "Port of the demo target (0 takes a free one).",
    "command.run": "watch in the foreground (what systemd and launchd start)",
    "command.start": "start in the background; returns when ready",
    "command.stop": "stop it; returns when it is gone",
    "command.restart": "stop and start",
    "command.reload": "read the configuration anew",
    "command.status": "what is watched and how it is",
    "command.check": "run the checks once, change nothing",
    "command.config": "check, show or change the configuration",
    "command.set": "change one value in the file",
    "command.notify": "list notifiers, send a test message",
    "command.incidents": "list incidents, show one, acknowledge, close",
    "command.trace": "the whole story of one incident, step by step",
    "command.outbox": "alerts that wait or could not be delivered",
    "command.restarter": "the program that carries restarts out (Agent1)",
    "command.target": "the demo target alone",
    "command.demo": "see all of it at work on a demo target",
    "command.schema": "JSON Schema of status, configuration, restart signal",
    "command.healthcheck": "exit 0 if the agent is well, else 1",
    "command.version": "print the version",
    "help.run": "Watch in the foreground; becomes the watcher, same PID.",
    "help.start": "Start the watcher in the background. Returns 0 when it is ready: "
    "PID file held, first status written. Already running is 0 too.",
    "help.stop": "Stop the watcher: TERM, then KILL after 10 s. Not running is 0 too.",
    "help.restart": "Stop the watcher if it runs, then start it.",
    "help.reload": "Make the watcher read its configuration anew. "
    "A bad one is refused (78) and the old one stays.",
    "help.status": "Show the agent and its targets.",
    "help.healthcheck": "Exit 0 if the agent runs and its status is fresh, else 1.",
    "help.check": "Run the checks once and change nothing. Name targets, checks or "
    "kinds (http, port, pid) to run only those.\n\n"
    "Exit: 0 ok, 1 degraded, 2 down, 3 unknown.",
    "help.config": "Check, show or change the configuration.",
    "help.config.check": "Print every problem of the configuration; 0 or 78.",
    "help.config.validate": "Check as config check does, and print Config OK when all "
    "is well.",
    "help.config.show": "Print the configuration that counts, or one section of it; "
    "secrets as ***.",
    "help.config.set": "Change one value of the configuration file "
    "in place: comments, order and all else stay. Refused (78) if the "
    "result would be.\n\nKEY as in the file: log.level, "
    "targets[webui].interval.",
    "help.config.schema": "Print the JSON Schema of the configuration.",
    "help.notify": "List notifiers, send a test message.",
    "help.notify.list": "List the configured notifiers.",
    "help.notify.test": "Send a test message by the real way; 0 if all arrived.",
    "help.incidents": "List incidents, show one.",
    "help.incidents.list": "List the latest incidents, newest first.",
    "help.trace": "Tell the whole story of an incident: detection, decisions, actions, "
    "deliveries, audit and log lines, in order, with the times between. SID is the "
    "incident's id, or a target: its newest incident.",
    "option.trace_look": "The newest look at the target SID instead, calm ones too: "
    "due, claimed, started, done, stored (wants log.json_calm).",
    "option.trace_log": "With the lines of the log (default), or without.",
    "help.incidents.show": "Show one incident and what happened in it.",
    "help.outbox": "Alerts that wait or could not be delivered.",
    "help.outbox.list": "List deliveries that are not done.",
    "help.outbox.retry": "Try dead deliveries again, now.",
    "help.outbox.drop": "Give dead deliveries up.",
    "help.outbox.stats": "Count deliveries by state and notifier.",
    "help.restarter": "The restarter (Agent1): takes restart signals up and runs the "
    "configured command. Without a sub-command it runs in the foreground.",
    "help.restarter.run": "Run in the foreground.",
    "help.restarter.start": "Start in the background.",
    "help.restarter.stop": "Stop it.",
    "help.restarter.restart": "Stop and start it.",
    "help.restarter.status": "Tell whether it runs (LSB: 0, 1, 3, 4).",
    "help.schema": "Print a JSON Schema: status, config or restart-signal.",
    "help.version": "Print the version.",
    "help.demo": "See all of it at work: a small HTTP service as the target, the "
    "watcher, the restarter. Then: agent2 demo kill",
    "help.demo.start": "Start target, watcher and restarter.",
    "help.demo.stop": "Stop all three.",
    "help.demo.kill": "Kill the target and show the repair, with times.",
    "help.demo.status": "Show what is watched.",
    "help.demo.fault": "Make the target misbehave: slow, bad-json, status-error, "
    "warn, 500, hang, die; ok ends it.",
    "help.demo.target": "Start or stop the demo target alone.",
    "help.demo.target.start": "Start the demo target.",
    "help.demo.target.stop": "Stop the demo target.",
    "help.demo.target.status": "Tell whether the demo target runs.",
}
