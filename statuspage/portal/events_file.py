"""All events of a tenant as a file, for programs and spreadsheets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse

from incidents.texts import csv_file
from incidents.texts.timestamps import seconds
from notifications.audience.tenants import tenant_hits
from notifications.audience.tenants.tenant_hits import Subscription
from statuspage.portal.access import Visitor, member
from statuspage.portal.events import EventRow, rows_of

COLUMNS = (
    "trackingId", "eventType", "level", "status", "title", "impactStartTime", "impactMitigationTime",
    "closedTime", "plannedStartTime", "plannedEndTime", "public", "basis", "impactedSubscriptions",
    "firstToldTime", "toldBy",
)  # fmt: skip


def as_dict(row: EventRow, hit: Sequence[Subscription]) -> dict[str, Any]:
    """An event as programs read it; times in UTC."""
    incident = row.event.incident
    moments = {
        name: seconds(getattr(incident, attribute))
        for name, attribute in (
            ("impactStartTime", "started_at"),
            ("impactMitigationTime", "mitigated_at"),
            ("closedTime", "closed_at"),
            ("plannedStartTime", "scheduled_for"),
            ("plannedEndTime", "scheduled_until"),
        )
    }
    return {
        "trackingId": incident.tracking_id,
        "eventType": incident.kind,
        "level": incident.level,
        "status": incident.stage,
        "title": incident.public_title,
        **moments,
        "public": row.event.public,
        "basis": row.event.basis.value,
        "impactedSubscriptions": [each.ref for each in hit],
        "firstToldTime": seconds(row.told.at) if row.told else None,
        "toldBy": list(row.told.ways) if row.told else [],
    }


def _export(visitor: Visitor) -> list[dict[str, Any]]:
    events = visitor.events()
    hit = tenant_hits.subscriptions_hit(visitor.tenant, events)
    rows = rows_of(visitor.tenant, events)
    return [as_dict(each, hit.get(each.event.incident.pk, [])) for each in rows]


@member
def as_json(_request: HttpRequest, visitor: Visitor) -> HttpResponse:
    document = {
        "tenant": visitor.tenant.ref,
        "provider": settings.SITE_NAME,
        "asOf": seconds(visitor.now),
        "value": _export(visitor),
    }
    return _file(JsonResponse(document), "events.json")


@member
def as_csv(_request: HttpRequest, visitor: Visitor) -> HttpResponse:
    lines = csv_file.lines(COLUMNS, _export(visitor))
    return _file(HttpResponse("".join(lines), content_type="text/csv; charset=utf-8"), "events.csv")


def _file(response: HttpResponse, name: str) -> HttpResponse:
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
