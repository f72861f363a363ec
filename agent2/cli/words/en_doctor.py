"""English sentences of ``agent2 doctor``."""

from __future__ import annotations

DOCTOR = {
    "command.doctor": "what keeps Agent2 itself from its work, and what to do",
    "command.host": "kernel, limits and nginx against an expectation",
    "command.scheduler": "do the queues keep up, or turn without work",
    "help.doctor": "Look for what keeps Agent2 itself from its work: configuration, "
    "secrets, files, disk, clock, store, notifiers, programs, libraries, units. One "
    "line for each finding, with what to do. It looks only: nothing is written, mended "
    "or restarted. Exit 0: nothing; 1: something may go wrong; 2: something is not "
    "done now.",
    "help.doctor.host": "Hold kernel parameters, limits of processes and the text of "
    "nginx -T against an expectation; print each difference with the line to change. "
    "Nothing is written. Exit as agent2 doctor.",
    "help.doctor.scheduler": "How many looks into the queues found work, how many "
    "found nothing, how late checks begin: with a verdict.",
    "option.deps": "Also compare every library with the lock file and with versions "
    "that are known to be bad. Asks no network.",
    "option.expect": "The expectation (default: config/host-baseline.yaml as shipped)",
    "option.nginx": "What nginx -T printed; - is standard input",
    "doctor.well": "Nothing keeps Agent2 from its work.",
    "doctor.line": "{text}. Try: {do}",
    "doctor.sum": "{bad} to mend now, {warn} to look at.",
    "doctor.refused": "the configuration {path} is refused (exit code {code})",
    "doctor.rejected": "the last reload was refused, the old configuration counts: "
    "{why}",
    "doctor.stale_plan": "the watcher works by configuration {used}, the file is now "
    "{file}",
    "doctor.no_folder": "there is no state folder {path}",
    "doctor.closed": "{path} cannot be used: {why}",
    "doctor.unwritable": "{path} (owner {owner}, mode {mode}) cannot be read and "
    "written by {user}, as whom Agent2 runs",
    "doctor.anybody": "{path} (mode {mode}) can be written by anybody",
    "doctor.open": "{path} (mode {mode}) is open to more users than it should be",
    "doctor.no_file": "{path} is no plain file",
    "doctor.aside": "{path} is a store that was found damaged and put aside: what was "
    "in it is missing",
    "doctor.no_store": "the watcher runs, and its store {path} is not there",
    "doctor.damaged": "the store {path} is damaged: {why}",
    "doctor.newer": "the store {path} is of a newer Agent2 (version {has}, this one "
    "knows {knows})",
    "doctor.do_newer": "run that one, or restore a backup",
    "doctor.large": "the store {path} takes {size}",
    "doctor.wal": "the WAL of {path} has grown to {size}: no checkpoint is taken",
    "doctor.ahead": "the journal is {by} ahead of the clock ({at}): the clock was set "
    "back",
    "doctor.nobody": "nobody is told of anything: there is no notifier",
    "doctor.do_nobody": "add one under notifiers in the configuration",
    "doctor.untried": "notifier {name} has never delivered anything",
    "doctor.dead": "notifier {name} gave up {count:alert|alerts}",
    "doctor.failing": "notifier {name} failed last, at {at}: {why}",
    "doctor.waits": "{count:alert waits|alerts wait} for notifier {name}, the "
    "oldest for {age}",
    "doctor.not_running": "the watcher does not run",
    "doctor.died": "the watcher has died: its PID file is left",
    "doctor.deaf": "nobody listens at {path}: commands are heard late",
    "doctor.wanted": "{name} is enabled ({section}) and does not run",
    "doctor.port": "its port {port} is taken by {who}",
    "doctor.hidden": "a process of another user",
    "doctor.do_port": "end that program, or set web.port",
    "doctor.orphan": "PID {pid} ({name}) runs for this state folder, and no watcher "
    "answers for it",
    "doctor.late": "the watcher's loop is {by} late",
    "doctor.do_late": "longer intervals, fewer checks, or a less busy machine",
    "doctor.log_lost": "{count:line|lines} of the log could not be written",
    "doctor.read_only": "the file system of {path} is read-only",
    "doctor.full": "{path} has only {room} left",
    "doctor.filling": "the disk of {path} is {used} % full ({room} left)",
    "doctor.rotation": "{path} has grown to {size}, and nobody turns it over",
    "doctor.inodes": "the inodes of {path} are {used} % used",
    "doctor.status_ahead": "the status is {by} ahead of the clock: it was set back",
    "doctor.stepped": "the clock was set {count:time|times}, last: {last}",
    "doctor.files": "{pid} has {many} of {most} open files",
    "doctor.few_files": "only {most} files may be open, {need} may be needed",
    "doctor.do_files": "raise LimitNOFILE= of the unit, or ulimit -n",
    "doctor.python": "Python {has} is too old: 3.11 is needed",
    "doctor.missing": "the library {name} is not installed",
    "doctor.no_lock": "there is no lock file {path} to compare with",
    "doctor.bad_version": "{name} {has} has a known fault ({why}), mended in {first}",
    "doctor.outdated": "{name} {has} is older than the lock file's {wanted}",
    "doctor.ahead_of_lock": "{name} {has} is newer than the lock file's {wanted}, and "
    "was not tested with it",
    "doctor.unit_gone": "the unit {path} starts what is not there: {gone}",
    "doctor.unit_other": "the unit {path} starts another Agent2 ({other}), this one "
    "is {this}",
    "doctor.unit_old": "the unit {path} is of another version of Agent2",
    "point.pass": "pass",
    "point.fail": "FAIL",
    "point.do": ". Try: {do}",
    "point.own": "{path}, profile {profile}",
    "point.refused": "{path} is refused",
    "point.no_file": "there is no configuration file, the built-in one counts",
    "point.rotated": "the log is turned over",
    "point.not_rotated": "nobody turns the log over",
    "point.told": "{names} delivered",
    "point.untold": "{names} never delivered anything",
    "point.kept": "the store is cleaned and checked daily",
    "point.not_kept": "the daily care of the store is off",
    "point.tested": "a restart was asked for and helped, {at}",
    "point.none": "nothing is restarted here",
    "point.untested": "no restart was seen to help in 90 days",
    "point.do_test": "bash scripts/test_agent2.sh, then end a target and see it come "
    "back",
    "host.differs": "{name} is {has}, wanted is {wanted}",
    "host.no_sysctl": "{name} cannot be read here",
    "host.do_sysctl": "{line}   (in /etc/sysctl.d/agent2.conf)",
    "host.do_limit": "{line}   (in /etc/security/limits.conf; in a unit: {unit})",
    "host.do_nginx": "{line}",
    "host.no_directive": "{name} is set nowhere, wanted is {wanted}",
    "host.no_nginx": "nginx was not compared: nginx -T > FILE, then --nginx FILE",
    "host.unwatched": "upstream {name}: no target looks at {member}",
    "host.do_watch": "a target, or one of its instances, with a check of port {port}",
    "host.idle": "{target} is watched and no member of upstream {name}",
    "host.wrong": "{path}: {what} is no expectation",
    "host.try_file": "config/host-baseline.yaml is one to copy",
    "scheduler.queue": "{name}: claims succeeded {claim_success_rate}, empty "
    "{empty_rate} of {polls} looks; {waits} due now",
    "scheduler.checks": "checks: {count} cycles, begun late by {half} (half) and "
    "{most} (99 of 100) at most",
    "scheduler.well": "The queues keep up.",
    "scheduler.late": "Checks begin late ({most}): longer intervals, fewer checks, or "
    "a less busy machine.",
    "scheduler.overload": "overloaded: {count:target was|targets were} due again "
    "before the last look had ended: a longer interval, a shorter timeout, or half of "
    "the targets in a second agent with a state folder of its own.",
    "scheduler.behind": "{name}: congested, {count} are due: {command}",
    "scheduler.idle": "{name}: idle, {share} of the looks found nothing. All is well "
    "while nothing is due.",
    "scheduler.expired": "{name}: {count} were claimed by somebody who died; they are "
    "taken over: {command}",
    "scheduler.guard": "{name}: {share} of the writes came from who had lost his "
    "claim: work takes longer than its lease.",
}
