"""The configuration: checked, shown, changed, compiled."""
