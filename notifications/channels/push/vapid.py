"""Who we are for a push service: a key of this installation, and a signed word for each service (RFC 8292)."""

from __future__ import annotations

import json
import time
from email.utils import parseaddr
from functools import lru_cache
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from notifications.channels.push.encryption import CURVE, point
from notifications.channels.push.subscription import as_base64, of_base64

HOURS = 12  # a service takes at most 24
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256


def own_key() -> str:
    """The private key in force, made of SECRET_KEY: every host has the same. Browsers keep to the one they began
    with, so it is kept (sealed) beside each subscription."""
    return _of_secret(settings.SECRET_KEY)


def public_key(private: str) -> str:
    """What a browser is given to subscribe with (applicationServerKey)."""
    return as_base64(point(_loaded(private)))


def authorization(address: str, private: str, *, now: float | None = None) -> str:
    """The header for the service of this address. `now`: seconds since 1970."""
    target = urlsplit(address)
    claims = {
        "aud": f"{target.scheme}://{target.netloc}",
        "exp": int(now if now is not None else time.time()) + HOURS * 3600,
        "sub": f"mailto:{parseaddr(settings.DEFAULT_FROM_EMAIL)[1]}",
    }
    parts = ({"typ": "JWT", "alg": "ES256"}, claims)
    signed = ".".join(as_base64(json.dumps(each, separators=(",", ":")).encode()) for each in parts)
    r, s = utils.decode_dss_signature(
        _loaded(private).sign(signed.encode("ascii"), ec.ECDSA(SHA256()))
    )
    signature = as_base64(r.to_bytes(32, "big") + s.to_bytes(32, "big"))
    return f"vapid t={signed}.{signature}, k={public_key(private)}"


@lru_cache(maxsize=4)
def _of_secret(secret: str) -> str:
    seed = HKDF(SHA256(), 48, None, b"statuspage.web-push").derive(secret.encode())
    number = int.from_bytes(seed, "big") % (_ORDER - 1) + 1
    return as_base64(number.to_bytes(32, "big"))


@lru_cache(maxsize=16)
def _loaded(private: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(of_base64(private), "big"), CURVE)
