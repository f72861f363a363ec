"""Commands that read other programs' logs."""
