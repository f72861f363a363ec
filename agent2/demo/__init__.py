"""A small HTTP service to watch: PID file, ``/api/health``, and faults on request."""
