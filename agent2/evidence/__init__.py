"""The evidence program: what a failing target looks like."""
