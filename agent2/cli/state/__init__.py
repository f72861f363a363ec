"""How it is: status, check, incidents, history."""
