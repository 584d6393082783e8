"""The only pen: every row of the ledger is written by a verb of this package."""
