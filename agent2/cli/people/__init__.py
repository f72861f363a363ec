"""What people say of alerts and targets: acknowledge, silence, ask for a deed."""
