"""What the list and the screen of an incident show."""
