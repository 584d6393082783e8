"""Endpoints of a tenant, and readers of public posts."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from django.db.models import Exists, OuterRef, Prefetch
from django.http import HttpRequest
from django.utils import timezone
from ninja import Body, Path, Query, Status
from pydantic import BaseModel, Field

from incidents.access import ERASE, LOOK
from notifications.customers import own_endpoints, records
from notifications.evidence import erasure
from notifications.models import Channel, Endpoint, FollowedIncident, PublicTopic
from statuspage.api.answers import pagination
from statuspage.api.answers.problems import problem
from statuspage.api.answers.response_codes import reads, writes
from statuspage.api.authentication import Bearer, token_of
from statuspage.api.customers.lookup import Why, erase, router, tenant_row
from statuspage.api.once import Answered, all_or_nothing, once
from statuspage.api.schemas.requests import Look, Strict

SEE_ENDPOINTS = Bearer("notifications.view_endpoint")
KEEP_ENDPOINTS = Bearer("notifications.add_endpoint")


class NewEndpoint(Strict):
    channel: Channel = Channel.MAIL
    address: str = Field(max_length=1000)
    language: str = Field("en", max_length=10)
    time_zone: str = Field("UTC", max_length=60)


class ToldEndpoint(BaseModel):
    """Of a web address host and tail alone are shown. `secret`: of a new webhook, this once."""

    id: int
    channel: str
    address: str
    tenant: str | None
    language: str
    confirmed_at: datetime | None
    suppressed_at: datetime | None
    suppressed_because: str
    secret: str | None = None


class Follows(BaseModel):
    """`ends_only`: told when it is over, and not of each update."""

    tracking_id: str
    ends_only: bool


class ToldReader(BaseModel):
    """A reader of public posts; a topic without service or region stands for every one. `follows`: incidents of
    which it hears whatever the topics. `kinds` (none: all), `least_level` (that or a graver one) and `cadence`: which
    posts, and how often."""

    id: int
    address: str
    confirmed_at: datetime | None
    topics: list[dict[str, str | None]]
    follows: list[Follows]
    kinds: list[str]
    least_level: str | None
    cadence: str
    paused_until: datetime | None
    language: str
    time_zone: str


class ErasedAddress(BaseModel):
    """`deliveries`: proofs of what was sent, which stay without the address."""

    dry_run: bool
    deliveries: int


class EndpointPage(BaseModel):
    items: list[ToldEndpoint]
    next: str | None


class ReaderPage(BaseModel):
    items: list[ToldReader]
    next: str | None


@router.get("/tenants/{ref}/endpoints", auth=SEE_ENDPOINTS, response=reads(EndpointPage))
def list_endpoints(
    request: HttpRequest, ref: str, asked: Query[pagination.PageAsked]
) -> EndpointPage:
    """A tenant's endpoints."""
    rows = tenant_row(ref).endpoints.select_related("tenant").filter(erased_at__isnull=True)
    found_rows, after = pagination.page(rows, asked, ("id",))
    return EndpointPage(items=[_endpoint(each) for each in found_rows], next=after)


@router.post(
    "/tenants/{ref}/endpoints", auth=KEEP_ENDPOINTS, response=writes(ToldEndpoint, 200, 201)
)
def make_endpoint(
    request: HttpRequest, ref: str, new: Body[NewEndpoint], asked: Query[Look]
) -> Status[ToldEndpoint]:
    """Make an endpoint of a tenant. The secret of a webhook is told this once, also to an Idempotency-Key."""
    secret = ""

    def act() -> Answered:
        nonlocal secret
        with all_or_nothing(asked.dry_run):
            made, secret = records.make_endpoint(
                channel=new.channel,
                address=new.address,
                tenant=tenant_row(ref),
                language=new.language,
                time_zone=new.time_zone,
                now=timezone.now(),
            )
            return HTTPStatus.CREATED, _endpoint(made).model_dump(mode="json")

    status, told = (HTTPStatus.OK, act()[1]) if asked.dry_run else once(request, act)
    return Status(status, ToldEndpoint.model_validate(told | {"secret": secret or None}))


@router.delete(
    "/tenants/{ref}/endpoints/{number}",
    auth=Bearer("notifications.delete_endpoint"),
    response=writes(None, 204),
)
def stop_endpoint(
    request: HttpRequest, ref: str, number: Annotated[int, Path(ge=1, lt=2**63)], asked: Query[Look]
) -> Status[None]:
    """No alert goes there any more; what was sent there stays as evidence."""
    endpoint = tenant_row(ref).endpoints.filter(pk=number, left_alerts_at=None).first()
    if endpoint is None:
        raise problem(HTTPStatus.NOT_FOUND, "This tenant has no endpoint with this number.")
    with all_or_nothing(asked.dry_run):
        own_endpoints.stop(endpoint=endpoint, now=timezone.now())
    return Status(HTTPStatus.NO_CONTENT, None)


@router.delete("/endpoints/{number}", auth=Bearer(ERASE), response=writes(ErasedAddress, 200))
def erase_endpoint(
    request: HttpRequest, number: Annotated[int, Path(ge=1, lt=2**63)], asked: Query[Why]
) -> ErasedAddress:
    """Forget an address for good, a customer's or a reader's. It cannot be taken back."""
    endpoint = Endpoint.objects.filter(pk=number, erased_at__isnull=True).first()
    if endpoint is None:
        raise problem(HTTPStatus.NOT_FOUND, "There is no address with this number.")
    plan = erasure.plan_endpoints([endpoint])
    with all_or_nothing(asked.dry_run):
        erase(plan, asked, actor=token_of(request).user)
    return ErasedAddress(dry_run=asked.dry_run, deliveries=plan.deliveries)


@router.get("/subscribers", auth=Bearer(LOOK), response=reads(ReaderPage))
def list_subscribers(request: HttpRequest, asked: Query[pagination.PageAsked]) -> ReaderPage:
    """Readers of public posts, and what they asked for; the newest first."""
    topics = PublicTopic.objects.select_related("service", "region").order_by("id")
    followed = FollowedIncident.objects.select_related("incident").order_by("-id")
    reads_posts = Exists(topics.filter(endpoint=OuterRef("pk"))) | Exists(
        followed.filter(endpoint=OuterRef("pk"))
    )
    rows = Endpoint.objects.filter(reads_posts, left_posts_at__isnull=True).prefetch_related(
        Prefetch("topics", queryset=topics), Prefetch("followed", queryset=followed)
    )
    found_rows, after = pagination.page(rows, asked, ("id",))
    return ReaderPage(items=[_reader(each) for each in found_rows], next=after)


def _endpoint(each: Endpoint) -> ToldEndpoint:
    return ToldEndpoint(
        id=each.pk,
        channel=each.channel,
        address=each.label,
        tenant=each.tenant.ref if each.tenant else None,
        language=each.language,
        confirmed_at=each.confirmed_at,
        suppressed_at=each.suppressed_at,
        suppressed_because=each.suppressed_because,
    )


def _reader(each: Endpoint) -> ToldReader:
    return ToldReader(
        id=each.pk,
        address=each.label,
        confirmed_at=each.confirmed_at,
        topics=[
            {
                "service": topic.service.slug if topic.service else None,
                "region": topic.region.slug if topic.region else None,
            }
            for topic in each.topics.all()
        ],
        follows=[
            Follows(tracking_id=one.incident.tracking_id, ends_only=one.ends_only)
            for one in each.followed.all()
        ],
        kinds=each.post_kinds,
        least_level=each.post_least_level or None,
        cadence=each.post_cadence,
        paused_until=each.posts_paused_until,
        language=each.language,
        time_zone=each.time_zone,
    )
