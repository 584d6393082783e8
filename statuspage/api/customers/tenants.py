"""Tenants and their subscriptions with footprints: made, changed, ended."""

from __future__ import annotations

from http import HTTPStatus

from django.db.models import Prefetch
from django.http import HttpRequest
from django.utils import timezone
from ninja import Body, Query, Status
from pydantic import BaseModel, Field

from incidents.access import ERASE
from notifications.customers import records
from notifications.evidence import erasure
from notifications.models import CustomerSubscription, Footprint, Tenant
from statuspage.api.answers import pagination
from statuspage.api.answers.response_codes import reads, writes
from statuspage.api.authentication import Bearer, token_of
from statuspage.api.catalogue_lookup import pairs_of
from statuspage.api.customers.lookup import Why, erase, router, tenant_row
from statuspage.api.once import all_or_nothing
from statuspage.api.schemas.requests import Look, Slug, Strict

SEE = Bearer("notifications.view_tenant")
KEEP = Bearer("notifications.add_tenant", "notifications.change_tenant")
MOST_CELLS = 20_000


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


class TenantPage(BaseModel):
    items: list[ToldTenant]
    next: str | None


class SubscriptionPage(BaseModel):
    items: list[ToldSubscription]
    next: str | None


class Erased(BaseModel):
    """What is forgotten; what was counted is still counted."""

    dry_run: bool
    subscriptions: int
    endpoints: int
    deliveries: int
    endpoints_kept: int = Field(description="Which somebody else uses, too.")


@router.get("/tenants", auth=SEE, response=reads(TenantPage))
def list_tenants(request: HttpRequest, asked: Query[pagination.PageAsked]) -> TenantPage:
    """Tenants, the newest first."""
    rows, after = pagination.page(Tenant.objects.select_related("contact"), asked, ("id",))
    return TenantPage(items=[_tenant(each) for each in rows], next=after)


@router.get("/tenants/{ref}", auth=SEE, response=reads(ToldTenant))
def show_tenant(request: HttpRequest, ref: str) -> ToldTenant:
    """One tenant."""
    return _tenant(tenant_row(ref))


@router.put("/tenants/{ref}", auth=KEEP, response=writes(ToldTenant, 200))
def save_tenant(
    request: HttpRequest, ref: str, new: Body[NewTenant], asked: Query[Look]
) -> ToldTenant:
    """Make a tenant, or change it to exactly this."""
    with all_or_nothing(asked.dry_run):
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
    rows = tenant_row(ref).subscriptions.select_related("tenant")
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
    with all_or_nothing(asked.dry_run):
        made = records.save_subscription(
            ref=subscription,
            tenant=tenant_row(ref),
            name=new.name,
            cells=pairs_of("footprint", places),
        )
        return _subscription(made)


@router.delete("/tenants/{ref}", auth=Bearer(ERASE), response=writes(Erased, 200))
def erase_tenant(request: HttpRequest, ref: str, asked: Query[Why]) -> Erased:
    """Forget a tenant for good, with its subscriptions, rules and addresses. It cannot be taken back."""
    plan = erasure.plan_tenant(tenant_row(ref).ref)
    erased = Erased(
        dry_run=asked.dry_run,
        subscriptions=plan.subscriptions,
        endpoints=len(plan.endpoints),
        deliveries=plan.deliveries,
        endpoints_kept=plan.kept,
    )
    with all_or_nothing(asked.dry_run):
        erase(plan, asked, actor=token_of(request).user)
    return erased


@router.delete(
    "/tenants/{ref}/subscriptions/{subscription}",
    auth=Bearer("notifications.delete_customersubscription"),
    response=writes(None, 204),
)
def remove_subscription(
    request: HttpRequest, ref: str, subscription: str, asked: Query[Look]
) -> Status[None]:
    """Remove a subscription that no impacted list and no alert rule names; others can be made empty."""
    with all_or_nothing(asked.dry_run):
        records.remove_subscription(tenant=tenant_row(ref), ref=subscription)
    return Status(HTTPStatus.NO_CONTENT, None)


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
