"""Taking in what the importers have read."""
