"""``agent2 doctor``: what keeps Agent2 itself from doing its work."""
