"""Who may act by a token."""
