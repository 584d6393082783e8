"""The ledger: what happened, and what we decided to say."""
