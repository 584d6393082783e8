"""Webhooks, signed as Standard Webhooks 1.0 asks; sent through `outbound` alone."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from notifications import outbound
from notifications.lifecycle import Failure
from notifications.transports.base import Message, TransportError

PREFIX = "whsec_"
SECRET_BYTES = 32
# Longer than any waits that are sensible; lifecycle.wait_after limits it further.
_NUMBER_DIGITS = 6


class Webhook:
    """Knows no connection between two messages, and may be used by several threads at once."""

    def send(self, message: Message) -> str:
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "statuspage-webhook/1",
            **signature(message.id, int(time.time()), message.event, message.secrets),
        }
        try:
            answer = outbound.post(message.to, body=message.event, headers=headers)
        except outbound.Refused as error:
            raise TransportError(Failure.PERMANENT, f"not sent: the address {error}") from error
        except outbound.Unreachable as error:
            raise TransportError(Failure.TEMPORARY, str(error), host_in_trouble=True) from error
        if 200 <= answer.status < 300:
            return str(answer.status)
        raise classify(answer.status, answer.headers.get("retry-after", ""))

    def close(self) -> None:
        """Nothing is kept open."""


def classify(status: int, retry_after: str, *, now: datetime | None = None) -> TransportError:
    """What a status other than 2xx means. `retry_after` as in RFC 9110: seconds or a date."""
    detail = f"answered {status}"
    if status == 410:
        return TransportError(Failure.PERMANENT, f"{detail}: gone for good", bad_address=True)
    wait = _wait(retry_after, now or datetime.now(UTC))
    if status == 429:
        return TransportError(Failure.THROTTLED, detail, retry_after=wait, host_in_trouble=True)
    if status >= 500:
        return TransportError(Failure.TEMPORARY, detail, retry_after=wait, host_in_trouble=True)
    if status in (408, 425):
        return TransportError(Failure.TEMPORARY, detail, retry_after=wait)
    if 300 <= status < 400:
        return TransportError(Failure.PERMANENT, f"{detail}: redirects are not followed")
    return TransportError(Failure.PERMANENT, detail)


def signature(message_id: str, timestamp: int, body: bytes, keys: Sequence[str]) -> dict[str, str]:
    """The three headers; one signature per secret, so that a receiver may know either."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    marks = []
    for key in keys:
        digest = hmac.new(_raw(key), signed, hashlib.sha256).digest()
        marks.append(f"v1,{base64.b64encode(digest).decode('ascii')}")
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(marks),
    }


def new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode("ascii")


def _raw(key: str) -> bytes:
    try:
        return base64.b64decode(key.removeprefix(PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError("a webhook's secret is not base64") from error


def _wait(value: str, now: datetime) -> timedelta | None:
    if value.isascii() and value.isdigit():
        return timedelta(seconds=int(value[:_NUMBER_DIGITS]))
    try:
        at = parsedate_to_datetime(value)
    except (ValueError, TypeError):
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(at - now, timedelta(0))


WEBHOOK = Webhook()
