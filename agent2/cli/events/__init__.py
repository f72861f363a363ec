"""What happens and what is decided of it: events, inbox, gates, audit."""
