"""Tenants, subscriptions, rules and endpoints written one at a time, by whoever keeps them from a script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from zoneinfo import available_timezones

from django.conf import settings
from django.db import transaction

from incidents.models import Region, Service
from incidents.services.errors import EntryError
from incidents.services.statements import checked_text
from notifications.channels import endpoints
from notifications.customers.rules import alert_rules
from notifications.models import (
    ActionGroup,
    AlertRule,
    Channel,
    CustomerSubscription,
    Endpoint,
    Footprint,
    Tenant,
)
from notifications.models.customers.tenants import called
from notifications.vocabulary import identifiers
from notifications.vocabulary.addresses import AddressError

MOST_ENDPOINTS = 20


@transaction.atomic
def save_tenant(
    *, ref: str, name: str, contact: str, language: str, time_zone: str, now: datetime
) -> Tenant:
    """Make or change a tenant; `contact` is a mail address, or empty. Raises EntryError."""
    ref = _checked_ref("ref", ref)
    check_manners(language, time_zone)
    tenant = Tenant.objects.select_for_update().filter(called(ref)).first() or Tenant(ref=ref)
    tenant.name = checked_text("name", name, 200, lines=False) or ref
    tenant.language, tenant.time_zone = language, time_zone
    tenant.contact = None
    tenant.save()
    if contact:
        try:
            tenant.contact, _ = _made_or_taken_over(
                Channel.MAIL, contact, tenant, language, time_zone, now
            )
        except AddressError as error:
            raise EntryError("contact", str(error)) from error
        tenant.save(update_fields=["contact"])
    return tenant


@transaction.atomic
def save_subscription(
    *, ref: str, tenant: Tenant, name: str, cells: Sequence[tuple[Service, Region]]
) -> CustomerSubscription:
    """Make or change a tenant's subscription; it runs exactly in these cells afterwards. Raises EntryError."""
    ref = _checked_ref("ref", ref)
    found = CustomerSubscription.objects.select_for_update().filter(called(ref)).first()
    if found and found.tenant_id != tenant.pk:
        raise EntryError("ref", "belongs to another tenant; give it another identifier.")
    made = found or CustomerSubscription(ref=ref, tenant=tenant)
    made.name = checked_text("name", name, 200, lines=False)
    made.save()
    before = {(each.service_id, each.region_id): each.pk for each in made.footprint.all()}
    after = {(service.pk, region.pk) for service, region in cells}
    # What stays is left alone: the tenant reads what has changed.
    made.footprint.filter(pk__in=[pk for cell, pk in before.items() if cell not in after]).delete()
    Footprint.objects.bulk_create(
        Footprint(subscription=made, service_id=service, region_id=region)
        for service, region in sorted(after - before.keys())
    )
    return made


@transaction.atomic
def save_rule(
    *, tenant: Tenant, conditions: alert_rules.Conditions, endpoints: Sequence[int]
) -> AlertRule:
    """Make or change the tenant's rule of this name; beside its action groups it gets one of its own for `endpoints`.

    Raises EntryError for what belongs to another tenant.
    """
    if len(endpoints) > MOST_ENDPOINTS:
        raise EntryError("endpoints", f"are more than {MOST_ENDPOINTS}; name fewer.")
    reached = list(tenant.endpoints.filter(pk__in=endpoints))
    if strange := set(endpoints) - {each.pk for each in reached}:
        raise EntryError("endpoints", f"{min(strange)} is none of {tenant.ref}'s; remove it.")
    name = checked_text("name", conditions.name, 200, lines=False)
    if not name:
        raise EntryError("name", "is empty; name the rule.")
    if reached or not conditions.action_groups:
        group, _ = ActionGroup.objects.get_or_create(tenant=tenant, name=name)
        group.endpoints.set(reached)
        conditions = replace(conditions, action_groups=(*conditions.action_groups, group.pk))
    named = tenant.alert_rules.filter(name=name).first()
    return alert_rules.save(
        tenant=tenant, conditions=conditions, rule_id=named.pk if named else None
    )


@transaction.atomic
def remove_subscription(*, tenant: Tenant, ref: str) -> None:
    """Remove a tenant's subscription. Raises EntryError if there is none, if an impacted list names it (which is
    evidence), or an alert rule (which would match everything without it).
    """
    found = tenant.subscriptions.select_for_update().filter(called(ref)).first()
    if found is None:
        raise EntryError(
            "subscription", f"{ref[:80]!r} is none of {tenant.ref}'s; look at the list."
        )
    if count := found.impacted_by.count():
        raise EntryError(
            "subscription",
            f"stands on {count} impacted lists, which are evidence; give it an empty footprint instead.",
        )
    if rule := tenant.alert_rules.filter(subscriptions=found).order_by("name").first():
        raise EntryError(
            "subscription", f"is named by the rule {rule.name!r}; change or remove that first."
        )
    found.delete()


@transaction.atomic
def remove_rule(*, tenant: Tenant, name: str) -> None:
    """Remove the tenant's rule of this name, and the group that was made for it alone. Raises EntryError."""
    rule = tenant.alert_rules.filter(name=name.replace("\x00", "")).first()
    if rule is None:
        raise EntryError("name", f"{name[:80]!r} is no rule of {tenant.ref}'s; look at the list.")
    groups = list(rule.action_groups.filter(name=rule.name))
    rule.delete()
    for group in groups:
        if not group.alert_rules.exists():
            group.delete()


def make_endpoint(
    *, channel: str, address: str, tenant: Tenant, language: str, time_zone: str, now: datetime
) -> tuple[Endpoint, str]:
    """An endpoint of a tenant and, of a webhook, its secret, which is nowhere else. Raises EntryError."""
    check_manners(language, time_zone)
    try:
        return _made_or_taken_over(channel, address, tenant, language, time_zone, now)
    except AddressError as error:
        raise EntryError("address", str(error)) from error


def _made_or_taken_over(
    channel: str, address: str, tenant: Tenant, language: str, time_zone: str, now: datetime
) -> tuple[Endpoint, str]:
    """A mail address that a reader or the tenant itself uses already becomes the tenant's."""
    found = endpoints.find(channel, endpoints.check(channel, address).address)
    if found and channel == Channel.MAIL and found.tenant_id in (None, tenant.pk):
        found.tenant, found.language, found.time_zone = tenant, language, time_zone
        found.save(update_fields=["tenant", "language", "time_zone"])
        return found, ""
    return endpoints.create(
        channel=channel,
        address=address,
        tenant=tenant,
        language=language,
        time_zone=time_zone,
        now=now,
    )


def _checked_ref(name: str, typed: str) -> str:
    ref = identifiers.spelled(typed)
    if not identifiers.FORM.fullmatch(ref) or len(ref) > identifiers.LONGEST:
        raise EntryError(
            name, f"{typed[:80]!r} is no identifier; use letters, digits, dot, dash and underscore."
        )
    return ref


def check_manners(language: str, zone: str) -> None:
    """Raises EntryError for a language that the product does not have, and for what is no time zone."""
    known = dict(settings.LANGUAGES)
    if language not in known:
        raise EntryError("language", f"{language!r} is not known; use one of {', '.join(known)}.")
    if zone not in available_timezones():
        raise EntryError("time_zone", f"{zone[:60]!r} is no time zone; use one as Europe/Berlin.")
