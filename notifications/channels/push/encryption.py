"""Encryption of what a push service passes on and may not read: RFC 8291 (aes128gcm of RFC 8188). Pure."""

from __future__ import annotations

import secrets

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

CURVE = ec.SECP256R1()
POINT_BYTES, AUTH_BYTES, SALT_BYTES = 65, 16, 16
RECORD = 4096  # bytes: what every push service takes (RFC 8030, section 7.2)
MOST_BYTES = RECORD - 16 - 1 - (SALT_BYTES + 4 + 1 + POINT_BYTES)  # of plain text, in one record
_LAST = b"\x02"


def encrypt(
    plain: bytes,
    *,
    receiver: bytes,
    auth: bytes,
    key: ec.EllipticCurvePrivateKey | None = None,
    salt: bytes = b"",
) -> bytes:
    """The body of a request to the push service. `receiver`, `auth`: the browser's, as it gave them; `key`, `salt`:
    fresh ones unless given. Raises ValueError for what is no point of the curve, or too long.
    """
    if len(plain) > MOST_BYTES:
        raise ValueError(f"has {len(plain)} bytes; a push takes {MOST_BYTES}")
    key, salt = key or ec.generate_private_key(CURVE), salt or secrets.token_bytes(SALT_BYTES)
    own = point(key)
    shared = key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(CURVE, receiver))
    seed = _derived(shared, auth, b"WebPush: info\0" + receiver + own, 32)
    content_key = _derived(seed, salt, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _derived(seed, salt, b"Content-Encoding: nonce\0", 12)
    head = salt + RECORD.to_bytes(4, "big") + bytes([len(own)]) + own
    return head + AESGCM(content_key).encrypt(nonce, plain + _LAST, None)


def point(key: ec.EllipticCurvePrivateKey) -> bytes:
    """The public half, uncompressed (X9.62)."""
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _derived(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, salt, info).derive(secret)
