"""Channels that can deliver alerts: one class, one file, one line in the table."""
