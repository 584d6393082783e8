"""What every screen of the desk shows: whether sending is stopped or stands still; whom drills reach."""

from __future__ import annotations

from functools import cache

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from incidents import access
from incidents.services.alerts import sources
from incidents.services.scheduled import posts
from notifications.delivery import heartbeat, kill_switch, sending_health


class Allowed:
    """What the signed-in user may do, for templates: `may.withdraw`, by the names in `incidents.access`."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    def __getitem__(self, name: str) -> bool:
        return access.may(self._request.user, getattr(access, name.upper()))


def allowed(request: HttpRequest) -> dict[str, object]:
    return {"may": Allowed(request)}


def undo(request: HttpRequest) -> dict[str, object]:
    """What the signed-in person has sent and can still take back; asked for by templates that say so."""
    return {"undo": SimpleLazyObject(lambda: posts.undoable(request.user.pk or 0))}


def sending(request: HttpRequest) -> dict[str, object]:  # noqa: ARG001 - the interface of Django
    """Asked of the database only by templates that say so."""
    figures = cache(heartbeat.figures)
    return {
        "sending_stop": SimpleLazyObject(lambda: kill_switch.in_force() or False),
        "sending_alarms": SimpleLazyObject(lambda: heartbeat.alarms(figures())),
        "sending_substituted": SimpleLazyObject(lambda: sending_health.substituted(figures())),
        "monitors_asking": cache(sources.asking),
        "monitors_silent": cache(lambda: sources.silent(timezone.now())),
        "drill_receivers": settings.DRILL_RECEIVERS,
    }
