"""The words of notifications: states and channels, addresses, identifiers, quiet hours. Pure."""
