"""The compiled configuration, as every program reads it."""
