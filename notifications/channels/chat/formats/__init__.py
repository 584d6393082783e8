"""Bodies for chat rooms: a pure module a product, one registry."""
