"""Fault injection on real processes: killed at random moments, then asked what became of every promise."""
