"""A message to try an endpoint with, and what the other side says."""

from __future__ import annotations

from datetime import datetime

from notifications.channels.registry import CHANNELS
from notifications.models import Endpoint
from notifications.vocabulary.delivery_states import Channel


def send_test_message(endpoint: Endpoint, *, now: datetime) -> tuple[bool, str]:
    """One message to an endpoint, past every queue and stop: whether it was taken, and the answer in words.

    Never raises; nothing is counted, neither in the outbox nor against the endpoint.
    """
    return CHANNELS[Channel(endpoint.channel)].try_out(endpoint, now)
