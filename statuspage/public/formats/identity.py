"""Names that stay the same for ever: what a reader has seen once it must recognise. Pure."""

from __future__ import annotations

from base64 import b32encode
from functools import lru_cache
from hashlib import sha256
from urllib.parse import urlsplit

SINCE = "2026"  # the date in our tag URIs (RFC 4151); never change it, every id would be new


@lru_cache(maxsize=65536)
def opaque(kind: str, *slugs: str) -> str:
    """Twelve lower-case letters and digits, as Statuspage's ids have; the same for the same slugs."""
    digest = sha256("\0".join((kind, *slugs)).encode(errors="replace")).digest()
    return b32encode(digest)[:12].decode().lower()


def number(*slugs: str) -> str:
    """A decimal string of up to nineteen digits, as Google's incidents have."""
    digest = sha256("\0".join(slugs).encode(errors="replace")).digest()
    return str(int.from_bytes(digest[:8]) >> 1)


def host(base_url: str) -> str:
    return urlsplit(base_url).hostname or "localhost"


def tag(base_url: str, specific: str) -> str:
    """A tag URI (RFC 4151): an id that is no address, so that it survives a move of the pages."""
    return f"tag:{host(base_url)},{SINCE}:{specific}"


def incident_url(base_url: str, tracking_id: str) -> str:
    return f"{base_url}/status/history/{tracking_id}/"
