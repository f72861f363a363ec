"""English sentences of ``agent2 why``."""

from __future__ import annotations

WHY = {
    "command.why": "what is believed of a target, why, what was done, what comes next",
    "help.why": "Tell in plain sentences what is believed of a target and since when, "
    "what was found, what was done, who was told and whether it arrived, what happens "
    "next and when. Without a name: of all targets that are not well.",
    "why.nobody_knows": "Nobody knows how {target} is now: {why}. What follows is old.",
    "why.healthy": "{target} is well since {since} ({age}).",
    "why.degraded": "{target} answers, but not as it should, since {since} ({age}).",
    "why.failing": "{target} fails since {since} ({age}): {count} of {most} times in "
    "a row. It is not called down before that.",
    "why.unhealthy": "{target} is down since {since} ({age}), {count} failures in a "
    "row.",
    "why.recovering": "{target} answers well again since {since} ({age}), and not yet "
    "often enough to be called well.",
    "why.unknown": "How {target} is, is not known: nobody could look at it yet.",
    "why.check": "Its check {name} says {code}: {detail}.",
    "why.flapping": "It goes up and down often, so single alerts are held back.",
    "why.found": "When it began to fail, this was found: {summary} ({path}).",
    "why.evidence": "What was seen when it began to fail names no cause: {path}.",
    "why.helped": "At {at} a restart was asked for (number {n}, {label}): it helped.",
    "why.no_help": "At {at} a restart was asked for (number {n}, {label}): it did not "
    "help.",
    "why.withdrawn": "At {at} a restart was asked for (number {n}, {label}) and taken "
    "back.",
    "why.under_way": "At {at} a restart was asked for (number {n}, {label}): whether "
    "it helps is not known yet.",
    "why.withheld": "No restart is asked for: {why}.",
    "why.nothing_done": "No restart was asked for.",
    "why.arrived": "{name} was told ({kind}): it arrived at {at}, attempt {tries}.",
    "why.given_up": "{name} was to be told ({kind}), and it was given up after {tries} "
    "attempts: {why}.",
    "why.no_answer": "no answer yet",
    "why.waits": "{name} is being told ({kind}): {tries} attempts so far, {why}.",
    "why.acked": "{who} has acknowledged it at {at}: there are no reminders.",
    "why.silenced": "{who} has silenced it until {until}.",
    "why.nobody_told": "Nobody was told of it.",
    "why.last": "Its last trouble was {code} ({detail}), from {at}, for {length}: "
    "{command}.",
    "why.no_store": "What was done and told is not known: {why}.",
    "why.next_check": "It is looked at again at {at}, every {every} s.",
    "why.depends": "It depends on {names}: the likely cause. Until that is well it is "
    "neither told nor restarted.",
    "why.off": "Restarts of it are off.",
    "why.paused": "A gate holds its restarts: {command}.",
    "why.untaken": "The order to restart it lies there for {age}, and nobody has taken "
    "it up.",
    "why.exhausted": "The budget of restarts is spent ({spent}): one more try at {at}.",
    "why.next_restart": "The next restart comes at {at} at the earliest ({spent} "
    "used), if it is still down.",
}
