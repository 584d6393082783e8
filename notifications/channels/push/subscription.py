"""What a browser hands over when it subscribes (PushSubscription of the Push API), checked. Pure.

The address must be of a push service that the operator names: nobody has confirmed it but the browser.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from cryptography.hazmat.primitives.asymmetric import ec

from notifications.channels.push.encryption import AUTH_BYTES, CURVE, POINT_BYTES
from notifications.vocabulary.addresses import AddressError, parts_of

LONGEST = 3000


@dataclass(frozen=True, slots=True)
class BrowserSubscription:
    """`address` at the push service; `receiver` and `auth`: the browser's keys, base64url."""

    address: str
    receiver: str
    auth: str


@dataclass(frozen=True, slots=True)
class PushKeys:
    """What encrypts for a browser, and whom it knows us by: kept as one sealed secret."""

    receiver: str
    auth: str
    private: str

    def as_text(self) -> str:
        return f"{self.receiver}.{self.auth}.{self.private}"

    @classmethod
    def of(cls, text: str) -> PushKeys:
        return cls(*text.split("."))


def read(text: str) -> BrowserSubscription:
    """From the JSON of `PushSubscription.toJSON()`. Raises AddressError."""
    try:
        given = json.loads(text[: LONGEST + 1])
        keys = given["keys"]
        found = BrowserSubscription(
            str(given["endpoint"]), str(keys["p256dh"]).rstrip("="), str(keys["auth"]).rstrip("=")
        )
        receiver, auth = of_base64(found.receiver), of_base64(found.auth)
        ec.EllipticCurvePublicKey.from_encoded_point(CURVE, receiver)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise AddressError(
            "is not what a browser gives; open the page anew and try again."
        ) from error
    if len(receiver) != POINT_BYTES or len(auth) != AUTH_BYTES:
        raise AddressError("has keys of another length; open the page anew and try again.")
    return found


def is_service(address: str, services: Iterable[str]) -> bool:
    """Whether an address is of one of these hosts, such as `*.push.apple.com`. Raises AddressError."""
    host = (parts_of(address).hostname or "").lower()
    return any(fnmatchcase(host, each.lower()) for each in services)


def as_base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def of_base64(text: str) -> bytes:
    """Raises ValueError."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise ValueError("is not base64url") from error
