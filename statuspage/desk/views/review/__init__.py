"""Screens of reviews and of what is to be repaired."""
