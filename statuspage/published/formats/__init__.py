"""The public picture in other people's formats: Statuspage v2, Google's incidents, a calendar."""
