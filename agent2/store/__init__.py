"""One SQLite file that all programs share: state, incidents, outbox, journal."""
