"""Tenants, rules and readers for the tests of notifications, in one line each."""

from __future__ import annotations

from datetime import UTC, datetime

from incidents.models import (
    Communication,
    Geography,
    Incident,
    Region,
    Service,
    ServiceCategory,
)
from notifications.models import (
    ActionGroup,
    AlertRule,
    CustomerSubscription,
    Delivery,
    Endpoint,
    Footprint,
    ImpactedSubscription,
    PublicTopic,
    Tenant,
)
from notifications.vocabulary.delivery_states import State

THEN = datetime(2026, 1, 1, tzinfo=UTC)


def endpoint(address: str, **more: object) -> Endpoint:
    found = Endpoint.objects.filter(address=address).first()
    return found or Endpoint.objects.create(address=address, created_at=THEN, **more)


def tenant(ref: str, *cells: tuple[str, str], contact: bool = True) -> Tenant:
    """A tenant with one subscription (`<ref>-1`) in these cells and the contact `<ref>@example.com`."""
    made = Tenant.objects.create(
        ref=ref, name=ref.title(), contact=endpoint(f"{ref}@example.com") if contact else None
    )
    subscription(made, f"{ref}-1", *cells)
    return made


def subscription(owner: Tenant, ref: str, *cells: tuple[str, str]) -> CustomerSubscription:
    made = CustomerSubscription.objects.create(tenant=owner, ref=ref, name=ref)
    for service, region in cells:
        Footprint.objects.create(
            subscription=made,
            service=Service.objects.get(slug=service),
            region=Region.objects.get(slug=region),
        )
    return made


def rule(
    owner: Tenant,
    *addresses: str,
    kinds: tuple[str, ...] = (),
    services: tuple[str, ...] = (),
    regions: tuple[str, ...] = (),
    subscriptions: tuple[str, ...] = (),
    active: bool = True,
    categories: tuple[str, ...] = (),
    geographies: tuple[str, ...] = (),
    **more: object,
) -> AlertRule:
    number = owner.alert_rules.count() + 1
    group = ActionGroup.objects.create(tenant=owner, name=f"group {number}")
    group.endpoints.set([endpoint(address) for address in addresses])
    made = AlertRule.objects.create(
        tenant=owner, name=f"rule {number}", kinds=list(kinds), active=active, **more
    )
    made.categories.set(ServiceCategory.objects.filter(slug__in=categories))
    made.geographies.set(Geography.objects.filter(slug__in=geographies))
    made.services.set(Service.objects.filter(slug__in=services))
    made.regions.set(Region.objects.filter(slug__in=regions))
    made.subscriptions.set(CustomerSubscription.objects.filter(ref__in=subscriptions))
    made.action_groups.set([group])
    return made


def reader(address: str, *topics: tuple[str | None, str | None]) -> Endpoint:
    """A confirmed public subscriber; None in a topic stands for every service or region."""
    made = endpoint(address, confirmed_at=THEN)
    for service, region in topics or ((None, None),):
        PublicTopic.objects.create(
            endpoint=made,
            service=Service.objects.get(slug=service) if service else None,
            region=Region.objects.get(slug=region) if region else None,
        )
    return made


def confirm_audience(incident: Incident, *refs: str) -> None:
    """What an impact analysis does: an impacted list, and the incident says so."""
    incident.audience, incident.impacted_version = "confirmed", 1
    incident.save()
    for each in CustomerSubscription.objects.filter(ref__in=refs):
        ImpactedSubscription.objects.create(incident=incident, subscription=each)


def told(communication: Communication) -> dict[str, str]:
    """Address to relevance of everybody planned for a communication, skipped ones left out."""
    rows = Delivery.objects.filter(communication=communication).exclude(state=State.SKIPPED)
    return dict(rows.values_list("endpoint__address", "relevance"))


def last(incident: Incident) -> Communication:
    return incident.communications.order_by("-number")[0]
