"""One means of restarting a target, one file each."""
