"""What happened, and what we decided to say."""
