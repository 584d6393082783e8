"""A mail to try the relay with, a message to try an endpoint with, and what the other side says."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime

from django.conf import settings

from incidents.wording import clock
from notifications.addresses import normalise
from notifications.channels.chat import renderer as chat_renderer
from notifications.channels.email import renderer as mail_renderer
from notifications.channels.email.relay_test import Trial, send_trial
from notifications.channels.registry import TRANSPORTS, Message, TransportError
from notifications.channels.webhook import renderer as webhook_renderer
from notifications.models import Channel, Endpoint

CALM = "Nothing is wrong, and you need not do anything."


def send_test_message(endpoint: Endpoint, *, now: datetime) -> tuple[bool, str]:
    """One message to an endpoint, past every queue and stop: whether it was taken, and the answer in words.

    Never raises; nothing is counted, neither for the ledger nor against the endpoint.
    """
    if endpoint.channel == Channel.MAIL:
        trial = send_test_mail(address=endpoint.address, now=now)
        answers = [words for what, words in trial.steps if what in ("taken", "failed")]
        return trial.taken, answers[-1]
    try:
        message = _test_message(endpoint, now)
        return True, f"answered {TRANSPORTS[endpoint.channel].send(message)}"
    except TransportError as error:
        return False, error.detail


def _test_message(endpoint: Endpoint, now: datetime) -> Message:
    to, identity = endpoint.address, str(uuid.uuid4())
    if endpoint.channel == Channel.CHAT:
        text = f"Test message of {settings.SITE_NAME}, {clock(now.astimezone(UTC))}. {CALM}"
        return Message(id=identity, to=to, event=chat_renderer.body_of(chat_renderer.safe(text)))
    body = {
        "type": "test",
        "timestamp": webhook_renderer.utc(now),
        "data": {"version": webhook_renderer.VERSION},
    }
    secrets = webhook_renderer.secrets_of(endpoint)
    return Message(id=identity, to=to, event=json.dumps(body).encode(), secrets=secrets)


def send_test_mail(*, address: str, now: datetime) -> Trial:
    """One mail to `address`, past every queue and stop. Raises AddressError for what is no address."""
    return send_trial(
        normalise(address),
        subject=f"Test mail of {settings.SITE_NAME}",
        text=(
            f"Somebody at the incident desk of {settings.SITE_NAME} has tried whether mails leave, at"
            f" {clock(now)}.\n\nThis one has: alerts and posts leave by the same relay.\n{CALM}\n\n"
            f"{settings.BASE_URL}\n"
        ),
        host=mail_renderer.host(),
    )
