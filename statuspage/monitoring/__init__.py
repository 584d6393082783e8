"""What monitors ask this installation: figures of sending, and whether it stands still."""
