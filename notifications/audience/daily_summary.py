"""When the daily summaries of public readers are due: one hour, which is another one in each zone."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from notifications.models import Endpoint
from notifications.vocabulary.delivery_states import Cadence

SUMMARY_HOUR = 8  # on the reader's clock


def due_by_zone(*, now: datetime) -> dict[str, datetime]:
    """When the next daily summary is due in each zone that has readers of one; a zone nobody knows has UTC's."""
    zones = Endpoint.objects.filter(post_cadence=Cadence.DAILY).values_list("time_zone", flat=True)
    return {zone: _next(zone, now) for zone in zones.distinct()}


def _next(zone: str, now: datetime) -> datetime:
    try:
        here = now.astimezone(ZoneInfo(zone))
    except (KeyError, OSError, ValueError):  # not in this host's data
        here = now
    due = here.replace(hour=SUMMARY_HOUR, minute=0, second=0, microsecond=0)
    return due if due > here else due + timedelta(days=1)
