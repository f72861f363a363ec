"""Looks after the store: what is due is done, and the program leaves.

The watcher starts it now and then (``store.upkeep_interval``); ``agent2 db upkeep``
is the same by hand.
"""
