"""Agent2: a small watchdog. The map of the house is docs/design.md."""

__version__ = "0.1.0"
