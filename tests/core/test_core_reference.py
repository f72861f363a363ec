"""The thresholds, held against a second, plainer writing of the same rules."""

from __future__ import annotations

import random

from core_notation import CALM, Story

from agent2.core.value import replace


def plain_path(cycles, failure_threshold, success_threshold):
    """Health after each cycle, by looking back at the whole story each time."""
    path, down = [], False
    counted = ""
    for letter in cycles:
        if letter != "?":
            counted += "-" if letter in "-x" else "+"
            bad = len(counted) - len(counted.rstrip("-"))
            good = len(counted) - len(counted.rstrip("+"))
            if bad >= failure_threshold:
                down = True
            if down and good >= success_threshold:
                down = False
        if not counted:
            path.append("u")
        elif down:
            path.append("X" if counted.endswith("-") else "r")
        else:
            path.append("f" if counted.endswith("-") else "h")
    return "".join(path)


def test_two_hundred_random_stories_go_the_way_of_the_plain_rules():
    for seed in range(200):
        chance = random.Random(seed)
        cycles = "".join(chance.choices("+-~?x", weights=[4, 6, 1, 1, 1], k=60))
        failure, success = chance.randint(1, 5), chance.randint(1, 4)
        policy = replace(CALM, failure_threshold=failure, success_threshold=success)

        told = Story(cycles, policy).path
        plain = plain_path(cycles, failure, success)
        assert told == plain, (seed, cycles, failure, success)
