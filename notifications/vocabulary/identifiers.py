"""Identifiers of tenants and subscriptions as people type them. Pure.

Kept as first written, compared without regard to case: `0A1B…` and `0a1b…` are one subscription.
"""

from __future__ import annotations

import re

from incidents.texts import as_typed

LONGEST = 64
FORM = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_GUID = re.compile(r"(?:urn:uuid:)?[{(]?((?:[0-9a-f]-?){31}[0-9a-f])[})]?", re.IGNORECASE)
_GUID_PARTS = ((0, 8), (8, 12), (12, 16), (16, 20), (20, 32))


def spelled(text: str) -> str:
    """The identifier that a text means: a GUID with its four hyphens alone, plain hyphens, nothing unseen.

    `{0A1B…}`, `urn:uuid:0A1B…` and `/subscriptions/0A1B…` are 0A1B…. Case stays; it may still be none (`FORM`).
    """
    plain = as_typed.plain(text)
    plain = re.sub(r"^/?subscriptions/([^/]+)/?$", r"\1", plain, flags=re.IGNORECASE)
    if guid := _GUID.fullmatch(plain):
        digits = guid[1].replace("-", "")
        return "-".join(digits[start:end] for start, end in _GUID_PARTS)
    return plain


def key(text: str) -> str:
    """What two spellings of one identifier have in common; the database compares by lower(ref)."""
    return spelled(text).lower()
