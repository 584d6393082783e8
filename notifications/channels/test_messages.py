"""A message to try an endpoint with, and what the other side says."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import override

from notifications.channels.registry import CHANNELS
from notifications.channels.wording import known_language
from notifications.models import Endpoint
from notifications.vocabulary.delivery_states import Channel


def send_test_message(endpoint: Endpoint, *, now: datetime) -> tuple[bool, str]:
    """One message to an endpoint in its language, past every queue and stop: whether it was taken, and the answer.

    Never raises; nothing is counted, neither in the outbox nor against the endpoint.
    """
    with override(known_language(endpoint.language)):
        return CHANNELS[Channel(endpoint.channel)].try_out(endpoint, now)
