"""One SQLite file that all programs share: state, incidents, outbox, journal.

Whatever takes a database or a transaction raises StoreError (``errors.py``) when the
store cannot be read or written. A function says so only where it means more.
"""
