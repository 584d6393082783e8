"""`/-/metrics`: figures of sending for a monitor, in the text format of Prometheus (0.0.4).

For whoever has the token only: how many are being told is nobody else's business.
"""

from __future__ import annotations

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from notifications.audience import unreached
from notifications.delivery import heartbeat, sending_health

TYPE = "text/plain; version=0.0.4; charset=utf-8"


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """404 without METRICS_TOKEN, 401 without the right one; 200 also while the database is away."""
    if not settings.METRICS_TOKEN:
        raise Http404
    given = request.headers.get("Authorization", "")
    if not constant_time_compare(given, f"Bearer {settings.METRICS_TOKEN}"):
        answer = HttpResponse("A bearer token is needed.\n", status=401, content_type="text/plain")
        answer.headers["WWW-Authenticate"] = "Bearer"
        return answer
    try:
        figures = heartbeat.figures()
        silent = unreached.silenced()[1]
    except (OperationalError, InterfaceError):
        connection.close()
        return HttpResponse(_lines([("database_up", "The database answers", 0)]), content_type=TYPE)
    return HttpResponse(
        _lines(
            [
                ("database_up", "The database answers", 1),
                *_of(figures),
                ("tenants_silent", "Tenants that no alert can reach", silent),
            ]
        ),
        content_type=TYPE,
    )


def _of(figures: sending_health.Figures) -> list[tuple[str, str, float]]:
    alarms = sending_health.alarms(figures, minutes=settings.STALL_MINUTES)
    found: list[tuple[str, str, float]] = [
        ("deliveries_pending", f"Deliveries that wait, counted up to {sending_health.COUNTED}", figures.pending),
        ("deliveries_failed", f"Deliveries that failed, counted up to {sending_health.COUNTED}", figures.failed),
        ("delivery_oldest_due_seconds", "Age of the oldest delivery that is due", figures.oldest_due or 0),
        ("delivery_lost_seconds", "Since when workers vanish over the same message", figures.lost or 0),
        ("update_oldest_unplanned_seconds", "Age of the oldest update not planned", figures.oldest_unplanned or 0),
        ("relay_failures", "Failures of the mail relay in a row", figures.relay_failures),
        ("sending_stopped", "Somebody has stopped all sending", int(figures.stopped)),
        ("sending_stalled", "Sending stands still", int(bool(alarms))),
    ]  # fmt: skip
    if figures.beat is not None:
        found.append(("beat_age_seconds", "Since the clock of tasks last rang", figures.beat))
    if figures.substitute is not None:
        found.append(
            ("substitute_age_seconds", "Since deliver last did a round", figures.substitute)
        )
    return found


def _lines(values: list[tuple[str, str, float]]) -> str:
    return "".join(
        f"# HELP statuspage_{name} {words}.\n# TYPE statuspage_{name} gauge\nstatuspage_{name} {value:g}\n"
        for name, words, value in values
    )
