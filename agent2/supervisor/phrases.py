"""The lines of the supervisor's log: phrases that people search it for.

They are those of the user's documents, the same in every language; every line of a
subject holds its id.
"""

from __future__ import annotations

STARTED = "✅ SupervisorService started"
SUBSCRIBED = "✅ Subscribed to EventBus"
SET_UP = "✅ Supervisor subscription setup complete"
STOPPING = "Stopping Supervisor..."
PENDING = "Processing {count} pending events"
EVENT = "Processing event: {type} for task {subject}"
DECISION = "{type} decision: {ruling} (findings={findings}) for task {subject}"
PROCESSED = "✅ Processed {done}/{count} events"
ERROR = "Error processing event {id}: {why} (task={subject})"
POLICY = "Policy execution failed for {type}: {why} (task={subject})"
NOT_INSERTED = "Failed to insert event: {why}"
RECEIVED = "Event received from EventBus: {type} (task={subject})"
SUBSCRIBER = "Error in subscriber {name}: {why}"
