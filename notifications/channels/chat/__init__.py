"""Chat rooms: a message in the format of the product, to an address that it gave out."""
