"""Webhooks, signed as Standard Webhooks 1.0 asks."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
import time
from collections.abc import Mapping, Sequence

from incidents.sealing import unseal
from notifications.channels.base import Message
from notifications.channels.http import Web

PREFIX = "whsec_"
SECRET_BYTES = 32


class Webhook(Web):
    agent = "statuspage-webhook/1"

    def headers(self, message: Message) -> Mapping[str, str]:
        return signature(message.id, int(time.time()), message.event, message.secrets)


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
        return base64.b64decode(unseal(key).removeprefix(PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError("a webhook's secret is not base64") from error


SIGNED_POST = Webhook()
