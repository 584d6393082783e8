"""Readers without account: pages, forms, opt-in."""
