"""How a message leaves the house: one folder a channel, one registry, one outbound door."""
