"""What others read: reports, metrics, a public page."""
