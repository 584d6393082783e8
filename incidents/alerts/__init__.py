"""What monitors send, read: alerts as signals, and the table that makes cells of them. Pure."""
