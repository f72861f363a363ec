"""What stands in other programs' logs: formats, counts, times, following.

Works on blocks of bytes, whole lines each: a line at a time would cost ten times as
much. Usable by a check in the watcher, so nothing heavy is loaded.
"""
