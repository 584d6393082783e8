"""Bodies of webhooks: a pure module a format, one registry."""
