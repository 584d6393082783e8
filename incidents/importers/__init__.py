"""Readers of what others wrote: status-history texts and catalogue files."""
