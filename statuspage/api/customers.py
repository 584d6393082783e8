"""Tenants, their subscriptions with footprints, alert rules and endpoints; and readers of public posts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from django.db import transaction
from django.db.models import Prefetch
from django.http import HttpRequest
from django.utils import timezone
from ninja import Body, Query, Router, Status
from pydantic import BaseModel, Field

from incidents.access import LOOK
from incidents.models import Geography, Region, Service, ServiceCategory
from notifications.customers import records
from notifications.models import (
    AlertRule,
    Channel,
    CustomerSubscription,
    Endpoint,
    Footprint,
    PublicTopic,
    Tenant,
)
from notifications.models.tenants import called
from statuspage.api.answers import pagination
from statuspage.api.answers.problems import problem
from statuspage.api.answers.response_codes import reads, writes
from statuspage.api.authentication import Bearer
from statuspage.api.catalogue_lookup import found, pairs_of
from statuspage.api.once import Answered, once
from statuspage.api.schemas.requests import Look, Slug, Strict
from statuspage.api.schemas.rules import RuleConditions, ToldConditions, conditions_of

router = Router(tags=["Customers"])
SEE = Bearer("notifications.view_tenant")
KEEP = Bearer("notifications.add_tenant", "notifications.change_tenant")
SEE_RULES = Bearer("notifications.view_alertrule")
KEEP_RULES = Bearer("notifications.add_alertrule", "notifications.change_alertrule")
SEE_ENDPOINTS = Bearer("notifications.view_endpoint")
KEEP_ENDPOINTS = Bearer("notifications.add_endpoint")
MOST_CELLS = 20_000
Number = Annotated[int, Field(ge=1, lt=2**63)]


class Place(Strict):
    service: Slug
    region: Slug


class NewTenant(Strict):
    name: str = Field("", max_length=200)
    contact: str = Field("", max_length=254, description="A mail address, told without a rule.")
    language: str = Field("en", max_length=10)
    time_zone: str = Field("UTC", max_length=60)


class NewSubscription(Strict):
    name: str = Field("", max_length=200)
    footprint: list[Place] = Field([], max_length=MOST_CELLS)


class NewRule(RuleConditions):
    """What is left empty matches everything. `endpoints`: numbers of the tenant's endpoints."""

    endpoints: list[Number] = []


class NewEndpoint(Strict):
    channel: Channel = Channel.MAIL
    address: str = Field(max_length=1000)
    language: str = Field("en", max_length=10)
    time_zone: str = Field("UTC", max_length=60)


class ToldTenant(BaseModel):
    ref: str
    name: str
    contact: str | None
    language: str
    time_zone: str


class ToldSubscription(BaseModel):
    ref: str
    tenant: str
    name: str
    footprint: list[Place]


class ToldRule(ToldConditions):
    name: str
    endpoints: list[int]


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


class ToldReader(BaseModel):
    """A reader of public posts; a topic without service or region stands for every one."""

    id: int
    address: str
    confirmed_at: datetime | None
    topics: list[dict[str, str | None]]


class TenantPage(BaseModel):
    items: list[ToldTenant]
    next: str | None


class SubscriptionPage(BaseModel):
    items: list[ToldSubscription]
    next: str | None


class EndpointPage(BaseModel):
    items: list[ToldEndpoint]
    next: str | None


class ReaderPage(BaseModel):
    items: list[ToldReader]
    next: str | None


@router.get("/tenants", auth=SEE, response=reads(TenantPage))
def list_tenants(request: HttpRequest, asked: Query[pagination.PageAsked]) -> TenantPage:
    """Tenants, the newest first."""
    rows, after = pagination.page(Tenant.objects.select_related("contact"), asked, ("id",))
    return TenantPage(items=[_tenant(each) for each in rows], next=after)


@router.get("/tenants/{ref}", auth=SEE, response=reads(ToldTenant))
def show_tenant(request: HttpRequest, ref: str) -> ToldTenant:
    """One tenant."""
    return _tenant(_tenant_row(ref))


@router.put("/tenants/{ref}", auth=KEEP, response=writes(ToldTenant, 200))
def save_tenant(
    request: HttpRequest, ref: str, new: Body[NewTenant], asked: Query[Look]
) -> ToldTenant:
    """Make a tenant, or change it to exactly this."""
    with _act(asked):
        tenant = records.save_tenant(
            ref=ref,
            name=new.name,
            contact=new.contact,
            language=new.language,
            time_zone=new.time_zone,
            now=timezone.now(),
        )
        return _tenant(tenant)


@router.get("/tenants/{ref}/subscriptions", auth=SEE, response=reads(SubscriptionPage))
def list_subscriptions(
    request: HttpRequest, ref: str, asked: Query[pagination.PageAsked]
) -> SubscriptionPage:
    """A tenant's subscriptions, and where each of them runs."""
    cells = Footprint.objects.select_related("service", "region").order_by("id")
    rows = _tenant_row(ref).subscriptions.select_related("tenant")
    found_rows, after = pagination.page(
        rows.prefetch_related(Prefetch("footprint", queryset=cells)), asked, ("id",)
    )
    return SubscriptionPage(items=[_subscription(each) for each in found_rows], next=after)


@router.put(
    "/tenants/{ref}/subscriptions/{subscription}", auth=KEEP, response=writes(ToldSubscription, 200)
)
def save_subscription(
    request: HttpRequest,
    ref: str,
    subscription: str,
    new: Body[NewSubscription],
    asked: Query[Look],
) -> ToldSubscription:
    """Make a subscription, or change it to exactly this; it runs where the footprint says."""
    places = [(each.service, each.region) for each in new.footprint]
    with _act(asked):
        made = records.save_subscription(
            ref=subscription,
            tenant=_tenant_row(ref),
            name=new.name,
            cells=pairs_of("footprint", places),
        )
        return _subscription(made)


@router.get("/tenants/{ref}/rules", auth=SEE_RULES, response=reads(list[ToldRule]))
def list_rules(request: HttpRequest, ref: str) -> list[ToldRule]:
    """A tenant's alert rules, and the endpoints they lead to."""
    rules = (
        _tenant_row(ref)
        .alert_rules.order_by("name")
        .prefetch_related(
            "services",
            "categories",
            "regions",
            "geographies",
            "subscriptions",
            "action_groups__endpoints",
        )
    )
    return [_rule(each) for each in rules]


@router.put("/tenants/{ref}/rules/{name}", auth=KEEP_RULES, response=writes(ToldRule, 200))
def save_rule(
    request: HttpRequest, ref: str, name: str, new: Body[NewRule], asked: Query[Look]
) -> ToldRule:
    """Make an alert rule, or change it to exactly this."""
    with _act(asked):
        made = records.save_rule(
            tenant=_tenant_row(ref),
            rule=records.Rule(
                name=name,
                active=new.active,
                kinds=new.kinds,
                services=found("services", new.services, Service),
                categories=found("categories", new.categories, ServiceCategory),
                regions=found("regions", new.regions, Region),
                geographies=found("geographies", new.geographies, Geography),
                subscriptions=new.subscriptions,
                least_level=new.least_level,
                certainty=new.certainty,
                ends_only=new.ends_only,
                dependents=new.dependents,
                quiet_from=new.quiet_from,
                quiet_until=new.quiet_until,
                quiet_level=new.quiet_level,
                quiet_kinds=new.quiet_kinds,
                endpoints=new.endpoints,
            ),
        )
        return _rule(made)


@router.get("/tenants/{ref}/endpoints", auth=SEE_ENDPOINTS, response=reads(EndpointPage))
def list_endpoints(
    request: HttpRequest, ref: str, asked: Query[pagination.PageAsked]
) -> EndpointPage:
    """A tenant's endpoints."""
    rows = _tenant_row(ref).endpoints.select_related("tenant").filter(erased_at__isnull=True)
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
        with _act(asked):
            made, secret = records.make_endpoint(
                channel=new.channel,
                address=new.address,
                tenant=_tenant_row(ref),
                language=new.language,
                time_zone=new.time_zone,
                now=timezone.now(),
            )
            return HTTPStatus.CREATED, _endpoint(made).model_dump(mode="json")

    status, told = (HTTPStatus.OK, act()[1]) if asked.dry_run else once(request, act)
    return Status(status, ToldEndpoint.model_validate(told | {"secret": secret or None}))


@router.get("/subscribers", auth=Bearer(LOOK), response=reads(ReaderPage))
def list_subscribers(request: HttpRequest, asked: Query[pagination.PageAsked]) -> ReaderPage:
    """Readers of public posts, and what they asked for; the newest first."""
    topics = PublicTopic.objects.select_related("service", "region").order_by("id")
    rows = Endpoint.objects.filter(topics__isnull=False, left_posts_at__isnull=True).distinct()
    found_rows, after = pagination.page(
        rows.prefetch_related(Prefetch("topics", queryset=topics)), asked, ("id",)
    )
    return ReaderPage(items=[_reader(each) for each in found_rows], next=after)


def _tenant_row(ref: str) -> Tenant:
    tenant = Tenant.objects.select_related("contact").filter(called(ref)).first()
    if tenant is None:
        raise problem(HTTPStatus.NOT_FOUND, "There is no tenant with this identifier.")
    return tenant


@contextmanager
def _act(asked: Look) -> Iterator[None]:
    """All or nothing; nothing, too, if it is only looked at."""
    with transaction.atomic():
        yield
        if asked.dry_run:
            transaction.set_rollback(True)


def _tenant(each: Tenant) -> ToldTenant:
    return ToldTenant(
        ref=each.ref,
        name=each.name,
        contact=each.contact.label if each.contact else None,
        language=each.language,
        time_zone=each.time_zone,
    )


def _subscription(each: CustomerSubscription) -> ToldSubscription:
    return ToldSubscription(
        ref=each.ref,
        tenant=each.tenant.ref,
        name=each.name,
        footprint=[
            Place(service=cell.service.slug, region=cell.region.slug)
            for cell in each.footprint.all()
        ],
    )


def _rule(each: AlertRule) -> ToldRule:
    return ToldRule(
        **conditions_of(each),
        name=each.name,
        endpoints=sorted(
            {row.pk for group in each.action_groups.all() for row in group.endpoints.all()}
        ),
    )


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
    )
