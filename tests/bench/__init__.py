"""Performance side by side: what the product does, beside the limit of the machine and the naive way."""
