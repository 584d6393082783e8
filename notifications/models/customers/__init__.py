"""Customers: tenants, their people, what they run and where, and what they want to hear."""
