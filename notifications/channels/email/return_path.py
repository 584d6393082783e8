"""Return paths that say which delivery a report is about, and that nobody else can make up.

`bounces+<delivery>-<mark>@domain`: the delivery's uuid and a keyed digest of it, in base32 of lower case,
since mail servers change case as they like. A report is believed only as far as its return path is ours.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import uuid
from functools import lru_cache

from django.conf import settings

MARK_BYTES = 10  # 80 bits: 16 letters; the local part stays below its limit of 64
UUID_LETTERS, MARK_LETTERS = 26, 16
_PURPOSE = b"notifications.channels.email.return_path"


def address_of(delivery: uuid.UUID) -> str:
    """The envelope sender of this delivery; empty while RETURN_PATH is not set: MAIL_FROM is used then."""
    if not settings.RETURN_PATH:
        return ""
    local, _, domain = settings.RETURN_PATH.rpartition("@")
    return f"{local}+{_letters(delivery.bytes)}-{_mark(delivery, settings.SECRET_KEY)}@{domain}"


def read(address: str) -> uuid.UUID | None:
    """The delivery that a return path of ours stands for; None for every other address."""
    ours, _, domain = settings.RETURN_PATH.lower().rpartition("@")
    local, at, host = address.strip().strip("<>").lower().rpartition("@")
    prefix, plus, token = local.rpartition("+")
    name, dash, mark = token.partition("-")
    shaped = len(name) == UUID_LETTERS and len(mark) == MARK_LETTERS
    if not (at and plus and dash and shaped and domain) or (prefix, host) != (ours, domain):
        return None
    try:
        delivery = uuid.UUID(bytes=base64.b32decode(f"{name.upper()}======"))
    except (binascii.Error, ValueError):
        return None
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    if not mark.isascii():
        return None
    genuine = any(hmac.compare_digest(mark, _mark(delivery, key)) for key in keys)
    return delivery if genuine else None


def _mark(delivery: uuid.UUID, key: str | bytes) -> str:
    digest = _keyed(key).copy()
    digest.update(delivery.bytes)
    return _letters(digest.digest()[:MARK_BYTES])


@lru_cache(maxsize=4)
def _keyed(key: str | bytes) -> hmac.HMAC:
    raw = key.encode() if isinstance(key, str) else key
    derived = hashlib.sha256(_PURPOSE + raw).digest()
    return hmac.new(derived, digestmod=hashlib.sha256)


def _letters(raw: bytes) -> str:
    return base64.b32encode(raw).decode("ascii").rstrip("=").lower()
