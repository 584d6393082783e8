"""Reviews after an incident, what is said of them, and what is to be repaired."""
