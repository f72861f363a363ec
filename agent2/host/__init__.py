"""The machine: reactor, clock, processes, files, instance, wake, sd_notify, log."""
