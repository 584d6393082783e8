"""What one tenant may see: which incidents concern it, what was said to it of them, and what of its own they hit."""
