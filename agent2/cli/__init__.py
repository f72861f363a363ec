"""The ``agent2`` command: one file per group of commands, loaded when it is used."""
