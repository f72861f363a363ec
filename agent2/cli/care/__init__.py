"""Care of the store: copies, sets, cleanup."""
