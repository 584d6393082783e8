"""Customers: their files, and impacted lists."""
