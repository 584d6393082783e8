"""Events and what of the tenant's they hit."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.db.models import Prefetch
from django.http import HttpRequest
from ninja import Query, Router
from pydantic import BaseModel, Field

from incidents.texts import as_typed
from notifications.audience.tenants import tenant_hits
from notifications.audience.tenants.tenant_events import TenantEvent
from notifications.audience.tenants.tenant_hits import Subscription
from notifications.models import Footprint, TenantScope
from statuspage.api.answers import pagination
from statuspage.api.answers.problems import problem
from statuspage.api.answers.response_codes import reads
from statuspage.api.schemas.requests import Moment, Question, Slug
from statuspage.tenant_api import event_shapes
from statuspage.tenant_api.authentication import Scoped, events_of, token_of
from statuspage.tenant_api.event_shapes import AwsEvent, AzureEvent, Category, EventType, StatusCode

router = Router(tags=["Events"])
SEE = Scoped(TenantScope.EVENTS)
SEE_SUBSCRIPTIONS = Scoped(TenantScope.SUBSCRIPTIONS)
_KEY = ("started_at", "id")


class EventsAsked(pagination.PageAsked):
    """Which events; what is left out, all. `api-version` is taken and not looked at."""

    query_start_time: Moment | None = Field(
        None, alias="queryStartTime", description="Impact began then or later."
    )
    event_type: EventType | None = Field(None, alias="eventType")
    status: event_shapes.Status | None = None
    service: Slug | None = None
    region: Slug | None = None
    api_version: str = Field("", alias="api-version", max_length=40)


class EventPage(BaseModel):
    value: list[AzureEvent]
    nextLink: str | None


class OneAsked(Question):
    api_version: str = Field("", alias="api-version", max_length=40)


class AwsAsked(pagination.PageAsked):
    """Filters of `describe_events`, one value each."""

    event_status_code: StatusCode | None = Field(None, alias="eventStatusCode")
    event_type_category: Category | None = Field(None, alias="eventTypeCategory")


class AwsPage(BaseModel):
    events: list[AwsEvent]
    nextToken: str | None = Field(description="Send it as `cursor`.")


class ImpactedSubscription(BaseModel):
    subscriptionId: str
    name: str
    basis: str = Field(description="list, footprint or public.")


class ImpactedPage(BaseModel):
    value: list[ImpactedSubscription]
    nextLink: str | None


class Place(BaseModel):
    service: str
    region: str


class OwnSubscription(BaseModel):
    subscriptionId: str
    name: str
    footprint: list[Place]


class OwnPage(BaseModel):
    value: list[OwnSubscription]
    nextLink: str | None


@router.get("/events", auth=SEE, response=reads(EventPage))
def list_events(request: HttpRequest, asked: Query[EventsAsked]) -> EventPage:
    """What concerns the tenant, the newest first, in Azure's shape."""
    events = [each for each in events_of(request) if _takes(asked, each)]
    page, after = _page(_in_cells(request, events, asked), asked)
    found = event_shapes.known(token_of(request).tenant, page)
    return EventPage(
        value=[event_shapes.as_azure(each) for each in found], nextLink=next_link(request, after)
    )


@router.get("/events/{tracking_id}", auth=SEE, response=reads(AzureEvent))
def show_event(request: HttpRequest, tracking_id: str, asked: Query[OneAsked]) -> AzureEvent:
    """One event."""
    found = event_shapes.known(token_of(request).tenant, [_event(request, tracking_id)])
    return event_shapes.as_azure(found[0])


@router.get("/events/{tracking_id}/impactedSubscriptions", auth=SEE, response=reads(ImpactedPage))
def list_impacted(
    request: HttpRequest, tracking_id: str, asked: Query[pagination.PageAsked]
) -> ImpactedPage:
    """The tenant's subscriptions that it hits: confirmed (`list`) or where they run. By identifier."""
    event = _event(request, tracking_id)
    hit = tenant_hits.subscriptions_hit(token_of(request).tenant, [event])
    rows: Sequence[Subscription] = hit.get(event.incident.pk, [])
    page, after = pagination.page_of_texts(
        sorted(rows, key=lambda each: each.ref), asked, lambda each: each.ref
    )
    value = [
        ImpactedSubscription(subscriptionId=each.ref, name=each.name, basis=event.basis.value)
        for each in page
    ]
    return ImpactedPage(value=value, nextLink=next_link(request, after))


@router.get("/describe-events", auth=SEE, response=reads(AwsPage))
def describe_events(request: HttpRequest, asked: Query[AwsAsked]) -> AwsPage:
    """The same events in the shape of AWS Health's `describe_events`."""
    tenant = token_of(request).tenant
    events = events_of(request)
    if asked.event_status_code or asked.event_type_category:
        # What decides is of the incident alone.
        shown = [event_shapes.as_aws(event_shapes.Known(each, [], [], None)) for each in events]
        events = [
            each
            for each, one in zip(events, shown, strict=True)
            if asked.event_status_code in (None, one.statusCode)
            and asked.event_type_category in (None, one.eventTypeCategory)
        ]
    page, after = _page(events, asked)
    found = event_shapes.known(tenant, page)
    return AwsPage(events=[event_shapes.as_aws(each) for each in found], nextToken=after)


@router.get("/subscriptions", auth=SEE_SUBSCRIPTIONS, response=reads(OwnPage))
def list_subscriptions(request: HttpRequest, asked: Query[pagination.PageAsked]) -> OwnPage:
    """The tenant's subscriptions and where each of them runs, the newest first."""
    cells = Footprint.objects.select_related("service", "region").order_by("id")
    rows = token_of(request).tenant.subscriptions.prefetch_related(
        Prefetch("footprint", queryset=cells)
    )
    page, after = pagination.page(rows, asked, ("id",))
    value = [
        OwnSubscription(
            subscriptionId=each.ref,
            name=each.name,
            footprint=[
                Place(service=cell.service.slug, region=cell.region.slug)
                for cell in each.footprint.all()
            ],
        )
        for each in page
    ]
    return OwnPage(value=value, nextLink=next_link(request, after))


def next_link(request: HttpRequest, cursor: str | None) -> str | None:
    """The address of the next page, as Azure's lists have it."""
    if cursor is None:
        return None
    query = request.GET.copy()
    query["cursor"] = cursor
    return f"{settings.BASE_URL}{request.path}?{query.urlencode()}"


def _event(request: HttpRequest, tracking_id: str) -> TenantEvent:
    """Raises ProblemError (404) for what does not concern the tenant, as for what is not there."""
    wanted = as_typed.tracking_id(tracking_id[:40])
    found = events_of(request, tracking_id=wanted) if wanted else []
    if not found:
        raise problem(HTTPStatus.NOT_FOUND, "There is no event with this tracking ID.")
    return found[0]


def _takes(asked: EventsAsked, event: TenantEvent) -> bool:
    incident = event.incident
    status = "Resolved" if event_shapes.is_over(incident) else "Active"
    return (
        (asked.query_start_time is None or incident.started_at >= asked.query_start_time)
        and asked.event_type in (None, event_shapes.EVENT_TYPES[incident.kind])
        and asked.status in (None, status)
    )


def _in_cells(
    request: HttpRequest, events: Sequence[TenantEvent], asked: EventsAsked
) -> Sequence[TenantEvent]:
    """Those that hit a cell of the tenant in this service and region, where that was asked for."""
    if not asked.service and not asked.region:
        return events
    hit = tenant_hits.cells_hit(token_of(request).tenant, events)
    return [
        each
        for each in events
        if any(
            asked.service in (None, cell.service_slug) and asked.region in (None, cell.region_slug)
            for cell in hit.get(each.incident.pk, ())
        )
    ]


def _page(
    events: Sequence[TenantEvent], asked: pagination.PageAsked
) -> tuple[list[TenantEvent], str | None]:
    return pagination.page_of_list(events, asked, _KEY, _values)


def _values(event: TenantEvent) -> list[Any]:
    return [event.incident.started_at, event.incident.pk]
