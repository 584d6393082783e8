"""The only code that writes: every row about incidents is written by a verb of this package."""
