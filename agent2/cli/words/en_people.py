"""English sentences of what people say: acknowledge, silence, ask for a deed."""

from __future__ import annotations

PEOPLE = {
    "command.ack": "acknowledge: nobody is reminded any more",
    "command.unack": "take an acknowledgement back",
    "command.close": "the same as resolve",
    "command.resolve": "close it by hand, with a reason",
    "command.silence": "send no alerts of something for a time",
    "command.check-now": "have the agent look at a target now",
    "command.restart-target": "have the agent restart a target",
    "command.pause": "hold the restarts of a target (agent2 gate pause)",
    "command.resume": "let the restarts of a target go on (agent2 gate approve)",
    "help.ack": "Acknowledge INCIDENT: reminders stop. A new incident, a worse "
    "severity and the recovery are told as ever.",
    "help.unack": "Take the acknowledgement of INCIDENT back: reminders go on.",
    "help.resolve": "Close INCIDENT by hand. A target that still fails opens a new "
    "one, so that needs --force: acknowledge or silence it instead.",
    "help.silence": "Send no alerts for a time. Checks, incidents and restarts go "
    "on; what outlives its silence is told when that ends.",
    "help.silence.add": "Silence TARGET, or what --match says, from now on. A * stands "
    "for anything.",
    "help.silence.list": "List what is silenced now or soon.",
    "help.silence.end": "End the silence ID now.",
    "help.check_now": "Have the running agent look at TARGET now, at all without one.",
    "help.restart_target": "Have the running agent restart TARGET: through redlines, "
    "frozen windows and gates, with its own action and proof. It counts in the budget, "
    "and a spent budget does not refuse it.",
    "command.annotate": "mark a deployment: the report compares before and after",
    "help.annotate": "Mark that something changes now, TEXT says what (v1.2). The "
    "report compares each target before and after it.",
    "option.annotate_target": "The target that it is about, else all.",
    "option.annotate_for": "How long it is watched, and as long before it (30m).",
    "annotate.done": "{what} is marked; it is watched until {until}: {command}",
    "option.by": "Who says so; else who types.",
    "option.why": "Why; it is shown to everybody who asks.",
    "option.match": "target, severity or label.NAME (repeatable; all must hold).",
    "option.for": "How long: 30m, 2h, 7d; at most 30 days.",
    "option.until": "Until when; without an offset in this machine's time zone.",
    "option.silence_all": "Those that are over too.",
    "option.rehearse": "Say what would be done and whether it may be now; do nothing.",
    "option.force_restart": "Over a pause, a frozen window or a rule; never a redline.",
    "option.force_close": "Though the target still fails.",
    "status.silent": "{what}: no alerts until {until}: {why} ({command})",
    "status.acked": "acknowledged by {who}",
    "table.match": "MATCH",
    "table.until": "UNTIL",
    "people.text": "a text has more than {most} characters, or cannot be printed",
    "incidents.acked": "acknowledged by {who} at {at}: {why}",
    "ack.done": "{id} is acknowledged by {who}: nobody is reminded any more",
    "ack.undone": "{id} is not acknowledged any more: reminders go on",
    "ack.over": "{id} is over",
    "ack.none": "{id} is not acknowledged",
    "silence.added": "{what} is silenced until {until} ({id}); checks, incidents and "
    "restarts go on",
    "silence.nobody": "nothing that is watched matches that now; the targets: {names}",
    "silence.ended": "{id} is over: what it kept back and still stands is told",
    "silence.over": "{id} was over before",
    "silence.none": "nothing is silenced",
    "silence.unknown": "there is no silence {id}",
    "silence.refused": "this is no silence: {why}",
    "silence.match": "{given} is no NAME=VALUE, or the name is there twice",
    "silence.when": "one of --for and --until says how long",
    "silence.time": "{given} is no time",
    "order.asked": "the restart of {subject} is asked for; restarts in the budget: "
    "{note}",
    "order.checked": "the agent looks at {subject} now",
    "order.checked_all": "the agent looks at every target now ({note})",
    "order.closed": "{subject} is closed",
    "order.paused": "not restarted, {subject} is paused: {note}; --force does it "
    "nevertheless",
    "order.blocked": "not restarted, it is forbidden: {note}",
    "order.dry_run": "not restarted, {subject} is in dry run: {note}; --force does it "
    "nevertheless",
    "order.in_turn": "{subject} must wait for its turn: {note}",
    "order.under_way": "a restart of {subject} is under way already",
    "order.unknown_target": "there is no target {subject}",
    "order.failing": "{note} still fails: acknowledge or silence it; --force closes it "
    "nevertheless",
    "order.closed_before": "{subject} was closed before",
    "order.late": "the order is too old to be carried out",
    "order.refused": "refused: {answer} {note}",
    "rehearsal.step": "{target}: {does}",
    "rehearsal.budget": "restarts in the budget: {used} of {limit} within {period}",
    "rehearsal.allowed": "it may be restarted now ({why})",
    "rehearsal.later": "not now, {why}, until {at}",
    "rehearsal.refused": "not now, {why}",
    "rehearsal.by_hand": "that holds the agent only; a person may at any time: "
    "{command}",
    "rehearsal.well": "its health is {health}: the agent asks for a restart of what is "
    "down",
    "rehearsal.silenced": "its alerts are silenced until {until}; restarts go on",
    "rehearsal.stale": "the agent does not run: that is what it knew last",
    "order.silent": "the agent has not answered within {seconds} s; it will take the "
    "order up when it can",
}
