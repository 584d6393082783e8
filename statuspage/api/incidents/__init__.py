"""Incidents: to read, to write, to decide about."""
