"""What signed links carry. A token of one purpose is worthless for another.

Links to leave and to manage must work for as long as a mail lies in a mailbox, so they do not expire;
they end with the endpoint (or with its key, when the address changes hands). Confirmations expire.
"""

from __future__ import annotations

import hashlib
import hmac
import uuid
from datetime import timedelta
from functools import lru_cache

from django.conf import settings
from django.core import signing

from notifications.vocabulary.delivery_states import DeliveryAudience

CONFIRM_WITHIN = timedelta(hours=48)

_LEAVE = "notifications.leave"
_MANAGE = "notifications.manage"
_CONFIRM = "notifications.confirm"
_CODE = "notifications.confirm-code"
_END_ALERTS = "notifications.end-alerts"
_COME_BACK = "notifications.come-back"
LONGEST = 400


class TokenError(ValueError):
    """Forged, cut off, made for another purpose, or too old. The message is for the reader."""


def leave_url(key: uuid.UUID, audience: str) -> str:
    token = _signed(f"{key.hex} {audience}", _LEAVE)
    return f"{settings.BASE_URL}/subscribe/leave/{token}/"


def _signed(text: str, salt: str) -> str:
    """What `Signer(salt=salt).sign_object(text)` makes of a text without quotes. Each mail has one or two, and the
    signer would derive its key anew for each."""
    value = signing.b64_encode(f'"{text}"'.encode())
    mark = _keyed(salt, settings.SECRET_KEY).copy()
    mark.update(value)
    return f"{value.decode()}:{signing.b64_encode(mark.digest()).decode()}"


@lru_cache(maxsize=4)
def _keyed(salt: str, key: str) -> hmac.HMAC:
    derived = hashlib.sha256(f"{salt}signer{key}".encode()).digest()
    return hmac.new(derived, digestmod=hashlib.sha256)


def manage_url(key: uuid.UUID) -> str:
    token = _signed(key.hex, _MANAGE)
    return f"{settings.BASE_URL}/subscribe/manage/{token}/"


def confirm_url(key: uuid.UUID) -> str:
    token = signing.Signer(salt=_CONFIRM).sign_object(key.hex)
    return f"{settings.BASE_URL}/subscribe/confirm/{token}/"


def code_url(key: uuid.UUID) -> str:
    """The page that takes the code of a confirmation mail."""
    token = signing.Signer(salt=_CODE).sign_object(key.hex)
    return f"{settings.BASE_URL}/subscribe/code/{token}/"


def end_alerts_url(key: uuid.UUID) -> str:
    """For whoever reads the address: mailed there alone, and good for CONFIRM_WITHIN."""
    token = signing.TimestampSigner(salt=_END_ALERTS).sign_object(key.hex)
    return f"{settings.BASE_URL}/subscribe/end-alerts/{token}/"


def come_back_url(key: uuid.UUID) -> str:
    """Takes back that alerts were left; good for CONFIRM_WITHIN."""
    token = signing.TimestampSigner(salt=_COME_BACK).sign_object(key.hex)
    return f"{settings.BASE_URL}/subscribe/come-back/{token}/"


def read_end_alerts(token: str) -> uuid.UUID:
    return _read_in_time(token, _END_ALERTS)


def read_come_back(token: str) -> uuid.UUID:
    return _read_in_time(token, _COME_BACK)


def _read_in_time(token: str, salt: str) -> uuid.UUID:
    try:
        if len(token) > LONGEST:
            raise signing.BadSignature
        signer = signing.TimestampSigner(salt=salt)
        return uuid.UUID(signer.unsign_object(token, max_age=CONFIRM_WITHIN))
    except signing.SignatureExpired as error:
        raise TokenError("This link has expired; ask anew from one of our mails.") from error
    except (signing.BadSignature, ValueError) as error:
        raise TokenError(
            "This link is not complete; copy the whole of it from the mail."
        ) from error


def read_leave(token: str) -> tuple[uuid.UUID, DeliveryAudience]:
    """Whose link it is, and what is left with it. Raises TokenError."""
    key, audience = _read(token, _LEAVE).split(" ")
    return uuid.UUID(key), DeliveryAudience(audience)


def read_manage(token: str) -> uuid.UUID:
    return uuid.UUID(_read(token, _MANAGE))


def read_confirm(token: str) -> uuid.UUID:
    """The sign-up's key; its age is checked against the row, whose clock is the service's."""
    return uuid.UUID(_read(token, _CONFIRM))


def read_code_page(token: str) -> uuid.UUID:
    return uuid.UUID(_read(token, _CODE))


def _read(token: str, salt: str) -> str:
    try:
        if len(token) > LONGEST:
            raise signing.BadSignature
        content: str = signing.Signer(salt=salt).unsign_object(token)
    except (signing.BadSignature, ValueError) as error:
        raise TokenError(
            "This link is not complete; copy the whole of it from the mail."
        ) from error
    return content
