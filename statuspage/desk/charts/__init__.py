"""Drawings of the desk. Pure."""
