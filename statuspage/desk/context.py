"""What every screen of the desk shows: whether sending is stopped or stands still; whom drills reach."""

from __future__ import annotations

from functools import cache

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from notifications import stall
from notifications.services import stops, watch


def sending(request: HttpRequest) -> dict[str, object]:  # noqa: ARG001 - the interface of Django
    """Asked of the database only by templates that say so."""
    figures = cache(watch.figures)
    return {
        "sending_stop": SimpleLazyObject(lambda: stops.in_force() or False),
        "sending_alarms": SimpleLazyObject(lambda: watch.alarms(figures())),
        "sending_substituted": SimpleLazyObject(lambda: stall.substituted(figures())),
        "drill_receivers": settings.DRILL_RECEIVERS,
    }
