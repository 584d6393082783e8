"""Webhooks: the native body, signed as Standard Webhooks asks."""
