"""Other ways in for customers' people: a passkey of one's own, the provider of one's organisation."""
