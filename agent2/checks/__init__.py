"""One question that can be put to a target, one file each."""
