"""Screens of what an installation sets up: monitors, places, policies, samples, text templates."""
