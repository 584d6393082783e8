"""A hostile review of the running product: `python -m tests.hostile`, against a demo that runs on this machine."""
