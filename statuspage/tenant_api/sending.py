"""Where alerts go, and what was sent there."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Prefetch
from django.http import HttpRequest
from ninja import Query, Router
from pydantic import BaseModel, Field

from notifications.evidence import delivery_log
from notifications.models import ActionGroup, Endpoint, TenantScope
from statuspage.api.answers import pagination
from statuspage.api.answers.response_codes import reads
from statuspage.tenant_api.authentication import Scoped, events_of, token_of
from statuspage.tenant_api.events import next_link

router = Router(tags=["Sending"])


class OwnEndpoint(BaseModel):
    """Of a web address host and tail alone are shown."""

    id: int
    name: str
    channel: str
    format: str
    address: str
    confirmed_at: datetime | None
    disabled_at: datetime | None
    disabled_because: str
    left_at: datetime | None
    action_groups: list[str]


class EndpointPage(BaseModel):
    value: list[OwnEndpoint]
    nextLink: str | None


class Delivery(BaseModel):
    """One statement to one endpoint. `outcome`: what became of it, with the reason for what was not sent."""

    id: str = Field(description="The Message-ID's, the webhook-id's.")
    trackingId: str
    statement: int
    endpoint: str
    channel: str
    why: str
    state: str
    outcome: str
    answer: str = Field(description="The receiving server's, at the last try.")
    attempts: int
    plannedTime: datetime
    acceptedTime: datetime | None


class DeliveryPage(BaseModel):
    value: list[Delivery]
    nextLink: str | None


@router.get("/endpoints", auth=Scoped(TenantScope.ENDPOINTS), response=reads(EndpointPage))
def list_endpoints(request: HttpRequest, asked: Query[pagination.PageAsked]) -> EndpointPage:
    """The tenant's endpoints and the action groups each is in, the newest first."""
    tenant = token_of(request).tenant
    own = Prefetch("action_groups", ActionGroup.objects.filter(tenant=tenant).order_by("name"))
    rows = tenant.endpoints.filter(erased_at=None).prefetch_related(own)
    page, after = pagination.page(rows, asked, ("id",))
    return EndpointPage(
        value=[_endpoint(each) for each in page], nextLink=next_link(request, after)
    )


@router.get("/deliveries", auth=Scoped(TenantScope.DELIVERIES), response=reads(DeliveryPage))
def list_deliveries(request: HttpRequest, asked: Query[pagination.PageAsked]) -> DeliveryPage:
    """Every message to the tenant's addresses, the newest first."""
    concern = [each.incident.pk for each in events_of(request)]
    before = pagination.id_of(asked)
    lines = delivery_log.log_of(
        token_of(request).tenant, concern, before=before, most=asked.limit + 1
    )
    page = lines[: asked.limit]
    after = pagination.cursor_of_id(page[-1].delivery.pk) if len(lines) > asked.limit else None
    return DeliveryPage(
        value=[_delivery(each) for each in page], nextLink=next_link(request, after)
    )


def _endpoint(each: Endpoint) -> OwnEndpoint:
    return OwnEndpoint(
        id=each.pk,
        name=each.name,
        channel=each.channel,
        format=each.format,
        address=each.label,
        confirmed_at=each.confirmed_at,
        disabled_at=each.suppressed_at,
        disabled_because=each.suppressed_because,
        left_at=each.left_alerts_at,
        action_groups=[group.name for group in each.action_groups.all()],
    )


def _delivery(line: delivery_log.Line) -> Delivery:
    row = line.delivery
    return Delivery(
        id=str(row.uuid),
        trackingId=row.incident.tracking_id,
        statement=row.communication.number,
        endpoint=row.endpoint.label,
        channel=row.channel,
        why=line.why,
        state=row.state,
        outcome=line.what,
        answer=line.answer,
        attempts=row.attempts,
        plannedTime=row.created_at,
        acceptedTime=row.told_by.sent_at,
    )
