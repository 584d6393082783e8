"""Customers: tenants, where they run, their rules and addresses; and readers of public posts."""
