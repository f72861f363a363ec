"""The spans of time by which is counted how long things took, in seconds."""

from __future__ import annotations

# A process is found in a tenth of a millisecond, a timeout is some seconds.
TOOK = (0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
LATE = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0)
