"""Chat rooms: one short plain text to an incoming webhook."""
