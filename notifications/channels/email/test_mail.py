"""A mail to see whether mails leave, and whether one arrives at an address."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings

from incidents.wording import clock
from notifications.channels.base import CALM
from notifications.channels.email import renderer as mail_renderer
from notifications.channels.email.relay_test import RelayTest, send_relay_test
from notifications.models import Endpoint
from notifications.vocabulary.addresses import normalise


def send_test_mail(*, address: str, now: datetime) -> RelayTest:
    """One mail to `address`, past every queue and stop. Raises AddressError for what is no address."""
    return send_relay_test(
        normalise(address),
        subject=f"Test mail of {settings.SITE_NAME}",
        text=(
            f"Somebody at the incident desk of {settings.SITE_NAME} has tried whether mails leave, at"
            f" {clock(now)}.\n\nThis one has: alerts and posts leave by the same relay.\n{CALM}\n\n"
            f"{settings.BASE_URL}\n"
        ),
        host=mail_renderer.host(),
    )


def try_out(endpoint: Endpoint, now: datetime) -> tuple[bool, str]:
    tested = send_test_mail(address=endpoint.address, now=now)
    answers = [words for what, words in tested.steps if what in ("taken", "failed")]
    return tested.taken, answers[-1]
