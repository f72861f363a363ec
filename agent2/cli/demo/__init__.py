"""``agent2 demo``: a target to kill, and everything that follows."""
