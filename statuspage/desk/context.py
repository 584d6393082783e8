"""What every screen of the desk shows: whether sending is stopped or stands still; whom drills reach."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from notifications.services import stops, watch


def sending(request: HttpRequest) -> dict[str, object]:  # noqa: ARG001 - the interface of Django
    """Asked of the database only by templates that say so."""
    return {
        "sending_stop": SimpleLazyObject(lambda: stops.in_force() or False),
        "sending_alarms": SimpleLazyObject(watch.alarms),
        "drill_receivers": settings.DRILL_RECEIVERS,
    }
