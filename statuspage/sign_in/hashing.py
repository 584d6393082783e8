"""Django's hasher, a few at a time: whatever checks or sets a password comes through here."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.hashers import PBKDF2PasswordHasher

from statuspage.sign_in import limits


class BoundedHasher(PBKDF2PasswordHasher):
    def encode(self, *args: Any, **kwargs: Any) -> str:
        """Raises limits.TooManyError."""
        with limits.hashing():
            return super().encode(*args, **kwargs)
