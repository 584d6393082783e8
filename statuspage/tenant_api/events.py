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
from notifications.audience.tenants.tenant_events import Asked, TenantEvent
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
    kinds = [kind for kind, name in event_shapes.EVENT_TYPES.items() if name == asked.event_type]
    page, after = _page(
        request,
        asked,
        since=asked.query_start_time,
        kinds=tuple(kinds),
        over=asked.status == "Resolved" if asked.status else None,
        service=asked.service or "",
        region=asked.region or "",
    )
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
    code = asked.event_status_code
    page, after = _page(
        request,
        asked,
        kinds=event_shapes.kinds_of(asked.event_type_category) if asked.event_type_category else (),
        over=code == "closed" if code else None,
        upcoming=code == "upcoming" if code in ("open", "upcoming") else None,
    )
    found = event_shapes.known(token_of(request).tenant, page)
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
    found = events_of(request, Asked(tracking_id=wanted)) if wanted else []
    if not found:
        raise problem(HTTPStatus.NOT_FOUND, "There is no event with this tracking ID.")
    return found[0]


def _page(
    request: HttpRequest, asked: pagination.PageAsked, **narrowed: Any
) -> tuple[list[TenantEvent], str | None]:
    """The page that is asked for and the next cursor; what is on no page is not loaded."""
    place = pagination.place_of(asked, _KEY)
    before = (place[0], place[1]) if place else None
    found = events_of(request, Asked(before=before, **narrowed), most=asked.limit + 1)
    page = found[: asked.limit]
    if len(found) <= asked.limit:
        return page, None
    last = page[-1].incident
    return page, pagination.cursor_of([last.started_at, last.pk])
