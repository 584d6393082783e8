"""Screens of an incident's life: declare, update, correct, merge, retract."""
