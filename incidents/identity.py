"""Names that stay the same for ever, whoever states them: the public files and the messages that lead to them. Pure."""

from __future__ import annotations

from base64 import b32encode
from functools import lru_cache
from hashlib import sha256


@lru_cache(maxsize=65536)
def opaque(kind: str, *slugs: str) -> str:
    """Twelve lower-case letters and digits, as Statuspage's ids have; the same for the same slugs."""
    digest = sha256("\0".join((kind, *slugs)).encode(errors="replace")).digest()
    return b32encode(digest)[:12].decode().lower()
