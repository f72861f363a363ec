"""The watcher: probes, decides, commits, acts. The small loop (``agent2 run``)."""
