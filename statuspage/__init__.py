"""The front hall: what is shown, and the wiring of the house."""
