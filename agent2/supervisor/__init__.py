"""The supervisor: judges what comes into the inbox.

One small process per state folder, for as long as there is something to judge.
"""
