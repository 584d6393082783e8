"""Alerts of monitors: taken in, made one incident of, let go again."""
