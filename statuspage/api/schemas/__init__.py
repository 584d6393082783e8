"""What a script sends, and what it is told."""
