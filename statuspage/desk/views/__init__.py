"""One module per screen; each view is a page or one write followed by a redirect."""
