"""What stays: statistics, look-up, retention, erasure."""
