"""Secrets that must be read again (what signs webhooks, say), sealed before they reach the database.

AES-128-CBC with HMAC (Fernet) under a key of its own, derived from SECRET_KEY: a dump or a read-only
view of the database does not give them. What must be found again as well (web addresses that whoever
knows may post to) is sealed by AES-SIV (RFC 5297), the same each time. SECRET_KEY_FALLBACKS opens what an
earlier key has sealed, until `manage.py reseal` has sealed it anew.
"""

from __future__ import annotations

import base64
import hashlib
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from django.conf import settings
from django.core.exceptions import FieldError
from django.db import models
from django.db.models import Lookup, Transform

MARK = "sealed:"
FINDABLE = "siv:"
_CONTEXT = [b"statuspage.sealing.findable"]


OTHER_KEY = "a secret was sealed with another SECRET_KEY; add that to SECRET_KEY_FALLBACKS."


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
        raise SealError(OTHER_KEY) from error


def seal_findable(text: str) -> list[str]:
    """The sealed forms of a text, by the key in force first: equal texts have equal forms."""
    return [
        FINDABLE + base64.urlsafe_b64encode(key.encrypt(text.encode(), _CONTEXT)).decode()
        for key in _findable_keys(settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    ]


def unseal_findable(stored: str) -> str:
    """What was sealed; a text that never was comes back as it is. Raises SealError."""
    if not stored.startswith(FINDABLE):
        return stored
    sealed = base64.urlsafe_b64decode(stored.removeprefix(FINDABLE))
    for key in _findable_keys(settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        try:
            return key.decrypt(sealed, _CONTEXT).decode()
        except InvalidTag:
            continue
    raise SealError(OTHER_KEY)


@lru_cache(maxsize=4)
def _keys(*secrets: str) -> MultiFernet:
    digests = (hashlib.sha256(b"statuspage.sealing:" + each.encode()).digest() for each in secrets)
    return MultiFernet([Fernet(base64.urlsafe_b64encode(each)) for each in digests])


@lru_cache(maxsize=4)
def _findable_keys(*secrets: str) -> tuple[AESSIV, ...]:
    return tuple(
        AESSIV(hashlib.sha512(b"statuspage.sealing.findable:" + each.encode()).digest())
        for each in secrets
    )


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


class SealedWebAddressField(models.CharField):  # type: ignore[type-arg]  # generic for the type checker alone
    """An address. That of the web is sealed in the database, where it can be found by the whole of it alone.

    Every other address (mail) is kept as it is, to be found in any spelling.
    """

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        return seal_findable(value)[0] if isinstance(value, str) and "://" in value else value

    def from_db_value(self, value: str | None, *_: object) -> str | None:
        return None if value is None else unseal_findable(value)
