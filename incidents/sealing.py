"""Secrets that must be read again (what signs webhooks, say), sealed before they reach the database.

AES-128-CBC with HMAC (Fernet) under a key of its own, derived from SECRET_KEY: a dump or a read-only
view of the database does not give them. SECRET_KEY_FALLBACKS opens what an earlier key has sealed.
"""

from __future__ import annotations

import base64
import hashlib
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import FieldError
from django.db import models
from django.db.models import Lookup, Transform

MARK = "sealed:"


class SealError(ValueError):
    """Something that no key of ours has sealed."""


def seal(text: str) -> str:
    return (
        MARK
        + _keys(settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS).encrypt(text.encode()).decode()
    )


def unseal(stored: str) -> str:
    """What was sealed; a text that never was comes back as it is. Raises SealError."""
    if not stored.startswith(MARK):
        return stored
    keys = _keys(settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    try:
        return keys.decrypt(stored.removeprefix(MARK)).decode()
    except InvalidToken as error:
        raise SealError(
            "a secret was sealed with another SECRET_KEY; add that to SECRET_KEY_FALLBACKS."
        ) from error


@lru_cache(maxsize=4)
def _keys(*secrets: str) -> MultiFernet:
    digests = (hashlib.sha256(b"statuspage.sealing:" + each.encode()).digest() for each in secrets)
    return MultiFernet([Fernet(base64.urlsafe_b64encode(each)) for each in digests])


class SealedField(models.TextField):  # type: ignore[type-arg]  # generic for the type checker alone
    """A text that is sealed on its way into the database, and unsealed by whoever uses it alone.

    It can't be searched: whether there is one is all that may be asked.
    """

    def get_prep_value(self, value: Any) -> Any:
        return seal(value) if value and not str(value).startswith(MARK) else value

    def get_lookup(self, lookup_name: str) -> type[Lookup[Any]] | None:
        if lookup_name in ("exact", "isnull"):
            return super().get_lookup(lookup_name)
        raise FieldError(f"{self.name} is sealed and can't be searched.")

    def get_transform(self, lookup_name: str) -> type[Transform] | None:
        raise FieldError(f"{self.name} is sealed and can't be searched.")
