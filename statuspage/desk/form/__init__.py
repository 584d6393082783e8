"""What operators type: the fields of every screen, and a filled-in form as the arguments of a verb."""
