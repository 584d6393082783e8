"""A mail to see whether mails leave, and whether one arrives at an address."""

from __future__ import annotations

from datetime import UTC, datetime

from django.conf import settings
from django.utils.translation import gettext

from incidents.wording import clock
from notifications.channels.email import renderer as mail_renderer
from notifications.channels.email.relay_test import RelayTest, send_relay_test
from notifications.channels.wording import CALM
from notifications.models import Endpoint
from notifications.vocabulary.addresses import normalise


def send_test_mail(*, address: str, now: datetime) -> RelayTest:
    """One mail to `address` in the language that is active, past every queue and stop. Raises AddressError for what
    is no address."""
    names = {"site": settings.SITE_NAME, "time": clock(now.astimezone(UTC))}
    text = gettext(
        "Somebody at the incident desk of %(site)s has tried whether mails arrive here, at %(time)s."
    )
    relay = gettext("This one has: alerts and posts leave by the same relay.")
    return send_relay_test(
        normalise(address),
        subject=gettext("Test mail of %(site)s") % names,
        text=f"{text % names}\n\n{relay}\n{CALM}\n\n{settings.BASE_URL}\n",
        host=mail_renderer.host(),
    )


def try_out(endpoint: Endpoint, now: datetime) -> tuple[bool, str]:
    tested = send_test_mail(address=endpoint.address, now=now)
    answers = [words for what, words in tested.steps if what in ("taken", "failed")]
    return tested.taken, answers[-1]
