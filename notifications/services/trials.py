"""A mail to try the relay with, and what it says."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings

from incidents.wording import clock
from notifications import messages
from notifications.addresses import normalise
from notifications.transports.trial import Trial, send_trial


def send_test_mail(*, address: str, now: datetime) -> Trial:
    """One mail to `address`, past every queue and stop. Raises AddressError for what is no address."""
    return send_trial(
        normalise(address),
        subject=f"Test mail of {settings.SITE_NAME}",
        text=(
            f"Somebody at the incident desk of {settings.SITE_NAME} has tried whether mails leave, at"
            f" {clock(now)}.\n\nThis one has: alerts and posts leave by the same relay.\nNothing is wrong,"
            f" and you need not do anything.\n\n{settings.BASE_URL}\n"
        ),
        host=messages.host(),
    )
