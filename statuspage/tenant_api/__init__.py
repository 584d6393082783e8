"""What a customer's scripts may do of Service Health: a token of the tenant in, JSON out; no session, no cookie."""
