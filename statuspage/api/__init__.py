"""What scripts may do of the desk's work: bearer tokens in, JSON out; no session, no cookie, no form."""
