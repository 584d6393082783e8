"""When: moments, windows, the timeline."""
