"""Telemetry: what the store holds, sent to an OpenTelemetry collector over OTLP.

A program of its own beside the watcher, so that no collector can slow, bloat or end
the watcher. The journal is its queue: it holds one batch, and a file of its own says
how far it came. OpenTelemetry's packages (the extra ``agent2[otlp]``) are imported
here alone, and only when something is to be sent.
"""
