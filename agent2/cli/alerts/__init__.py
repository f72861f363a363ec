"""Who is told: notifiers, trials, the outbox."""
