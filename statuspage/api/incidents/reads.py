"""`GET /api/v1/incidents`: the list, one incident, and what became of its deliveries."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Literal

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from ninja import Query
from pydantic import BaseModel, Field

from incidents.access import LOOK, VIEW
from incidents.models import Impact, Incident
from incidents.texts import as_typed
from incidents.vocabulary import Kind, Level
from notifications.evidence import delivery_statistics
from notifications.models import Delivery
from statuspage.api.answers import pagination
from statuspage.api.answers.problems import problem
from statuspage.api.answers.response_codes import reads
from statuspage.api.authentication import Bearer, token_of
from statuspage.api.routers import incidents
from statuspage.api.schemas.requests import Moment, Slug
from statuspage.api.schemas.responses import (
    IncidentPage,
    IncidentWhole,
    rows_of,
    whole_of,
)
from statuspage.api.writing import etag_of
from statuspage.desk.access import delivery_statistics_for, incidents_for


class Filters(pagination.PageAsked):
    """Which incidents; what is left out, all."""

    state: Literal["open", "closed"] | None = None
    public: bool | None = None
    kind: Kind | None = None
    level: Level | None = None
    service: Slug | None = None
    region: Slug | None = None
    since: Moment | None = Field(None, description="Impact began then or later.")
    until: Moment | None = Field(None, description="Impact began before then.")


@incidents.get("", auth=Bearer(VIEW), response=reads(IncidentPage))
def list_incidents(request: HttpRequest, asked: Query[Filters]) -> HttpResponse:
    """Incidents, those that began last first."""
    found = _filtered(incidents_for(token_of(request).user), asked)
    rows, after = pagination.page(found.select_related("merged_into"), asked, ("started_at", "id"))
    told = IncidentPage(items=rows_of(rows), next=after)
    # As it is: checking a thousand cells a second time would take longer than reading them.
    return HttpResponse(told.model_dump_json(), content_type="application/json")


@incidents.get("/{tracking_id}", auth=Bearer(VIEW), response=reads(IncidentWhole))
def show_incident(request: HttpRequest, response: HttpResponse, tracking_id: str) -> IncidentWhole:
    """One incident with its impacts, statements and latest decision. Its ETag is what If-Match takes."""
    visible = incidents_for(token_of(request).user).filter(
        tracking_id=as_typed.tracking_id(tracking_id)
    )
    incident = visible.select_related("merged_into").first()
    if incident is None:
        raise problem(HTTPStatus.NOT_FOUND, "There is no incident with this tracking ID.")
    response.headers["ETag"] = etag_of(incident)
    return whole_of(incident)


class ToldDelivery(BaseModel):
    """One statement to one endpoint. Of a web address host and tail alone are shown."""

    id: int
    update: int
    endpoint: str
    channel: str
    audience: str
    relevance: str
    reason: str
    state: str
    skip_reason: str
    deferred: str
    attempts: int
    created_at: datetime
    sent_at: datetime | None


class DeliveryPage(BaseModel):
    """`counts`: of all deliveries, audience to state (with the reason why it was skipped) to a number."""

    counts: dict[str, dict[str, int]]
    planned: int
    settled: bool = Field(description="Nothing waits any more.")
    items: list[ToldDelivery]
    next: str | None


class DeliveryFilters(pagination.PageAsked):
    state: Literal["pending", "sending", "sent", "failed", "skipped"] | None = None
    update: int | None = Field(None, ge=1, le=2**31 - 1, description="The number of a statement.")


@incidents.get(
    "/{tracking_id}/deliveries",
    auth=Bearer(VIEW, LOOK, any_of=True),
    response=reads(DeliveryPage),
)
def list_deliveries(
    request: HttpRequest, tracking_id: str, asked: Query[DeliveryFilters]
) -> DeliveryPage:
    """Who was told what, and what became of it; the newest first."""
    incident = delivery_statistics_for(token_of(request).user).filter(
        tracking_id=as_typed.tracking_id(tracking_id)
    )
    found = incident.first()
    if found is None:
        raise problem(HTTPStatus.NOT_FOUND, "There is no incident with this tracking ID.")
    _, whole = delivery_statistics.of_incident(found.pk)
    rows = Delivery.objects.filter(incident=found).select_related("endpoint", "communication")
    if asked.state:
        rows = rows.filter(state=asked.state)
    if asked.update:
        rows = rows.filter(communication__number=asked.update)
    deliveries, after = pagination.page(rows, asked, ("id",))
    return DeliveryPage(
        counts=whole.counts,
        planned=whole.planned,
        settled=whole.settled,
        items=[delivery_of(each) for each in deliveries],
        next=after,
    )


def delivery_of(row: Delivery) -> ToldDelivery:
    return ToldDelivery(
        id=row.pk,
        update=row.communication.number,
        endpoint=row.endpoint.label,
        channel=row.channel,
        audience=row.audience,
        relevance=row.relevance,
        reason=row.reason,
        state=row.state,
        skip_reason=row.skip_reason,
        deferred=row.deferred,
        attempts=row.attempts,
        created_at=row.created_at,
        sent_at=row.sent_at,
    )


def _filtered(found: QuerySet[Incident], asked: Filters) -> QuerySet[Incident]:
    public = Q(published_at__isnull=False, withdrawn_at__isnull=True, merged_into__isnull=True)
    if asked.state:
        found = found.filter(closed_at__isnull=asked.state == "open")
    if asked.public is not None:
        found = found.filter(public if asked.public else ~public)
    for name, value in (
        ("kind", asked.kind),
        ("level", asked.level),
        ("started_at__gte", asked.since),
        ("started_at__lt", asked.until),
    ):
        if value:
            found = found.filter(**{name: value})
    if asked.service or asked.region:
        hit = Impact.objects.all()
        if asked.service:
            hit = hit.filter(service__slug=asked.service)
        if asked.region:
            hit = hit.filter(region__slug=asked.region)
        found = found.filter(pk__in=hit.values("occurrence__incident"))
    return found
