"""Around the outbox: what came back, what was said, what stays, and what stops it."""
