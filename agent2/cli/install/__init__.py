"""``agent2 install``: units, plist, rotation and timers of this machine."""
