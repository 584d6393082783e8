"""Names that stay the same for ever: what a reader has seen once it must recognise. Pure."""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256
from uuid import UUID, uuid5


def number(*slugs: str) -> str:
    """A decimal string of up to nineteen digits, as Google's incidents have."""
    digest = sha256("\0".join(slugs).encode(errors="replace")).digest()
    return str(int.from_bytes(digest[:8]) >> 1)


@lru_cache(maxsize=1024)  # feeds hold some hundred entries, and an update adds one
def lasting(site: str, specific: str) -> str:
    """A URN (RFC 9562, version 5) of something of this installation: no address is in it, so that it survives
    a move of the pages. `site`: the installation's own id, a UUID."""
    return uuid5(UUID(site), specific).urn


def incident_url(base_url: str, tracking_id: str) -> str:
    return f"{base_url}/status/history/{tracking_id}/"
