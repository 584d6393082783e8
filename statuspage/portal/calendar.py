"""Planned maintenance as a calendar (RFC 5545). Calendars send no header: the token is in the address."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone

from incidents.vocabulary import Kind
from notifications.audience.tenants import tenant_events, tenant_hits
from notifications.channels.email import calendar
from notifications.customers import tokens
from notifications.evidence import when_told
from notifications.models import TenantScope
from statuspage.portal.access import PATH, private

LOOKS_BACK = timedelta(days=90)


def address_of(secret: str) -> str:
    return f"{settings.BASE_URL}{PATH}calendar/{secret}.ics"


@private
def feed(_request: HttpRequest, secret: str) -> HttpResponse:
    now = timezone.now()
    token = tokens.find(secret=secret, now=now)
    if token is None or TenantScope.CALENDAR not in token.scopes:
        raise Http404
    tenant = token.tenant
    events = [
        each
        for each in tenant_events.events_for(tenant, security=False)
        if each.incident.kind == Kind.PLANNED_MAINTENANCE
        and each.incident.scheduled_for is not None
        and each.incident.scheduled_for > now - LOOKS_BACK
    ]
    told = when_told.statements_told(tenant, [each.incident.pk for each in events])
    said = tenant_events.statements_by_incident(events, told)
    cells = tenant_hits.cells_hit(tenant, events)
    found = []
    for each in events:
        incident = each.incident
        last = next(iter(said.get(incident.pk, ())), None)
        made = calendar.maintenance(
            incident,
            stage=incident.stage,
            sequence=last.communication.number if last else 0,
            at=last.communication.at if last else incident.started_at,
        )
        made.add("description", last.text if last else "")
        made.add("url", f"{settings.BASE_URL}{PATH}events/{incident.tracking_id}/")
        where = [f"{one.service}, {one.region}" for one in cells.get(incident.pk, ())]
        if where:
            made.add("location", "; ".join(where))
        found.append(made)
    name = f"Maintenance of {settings.SITE_NAME}: {tenant.name}"
    return HttpResponse(
        calendar.as_file(found, name=name), content_type="text/calendar; charset=utf-8"
    )
