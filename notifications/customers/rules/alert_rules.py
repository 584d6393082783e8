"""Alert rules as values: what one says, saving one, and what is wrong with one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time
from typing import Any

from django.db import transaction

from incidents.models import Geography, Region, Service, ServiceCategory
from incidents.services.errors import EntryError
from incidents.services.statements import checked_text
from incidents.vocabulary import Kind, Level
from notifications.models import AlertRule, Certainty, Tenant
from notifications.models.customers.tenants import called
from notifications.vocabulary import identifiers

MOST_RULES = 1_000
CATALOGUE: dict[str, Any] = {
    "services": Service,
    "categories": ServiceCategory,
    "regions": Region,
    "geographies": Geography,
}
_OWN = ("subscriptions", "action_groups")
MANY = (*CATALOGUE, *_OWN)
_KINDS = ("kinds", "quiet_kinds")
_PLAIN = (
    "active", "least_level", "certainty", "ends_only", "dependents",
    "quiet_from", "quiet_until", "quiet_level",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """What an alert rule says, rows by their ids; what is left empty matches everything (see `AlertRule`)."""

    name: str
    active: bool = True
    kinds: tuple[str, ...] = ()
    services: tuple[int, ...] = ()
    categories: tuple[int, ...] = ()
    regions: tuple[int, ...] = ()
    geographies: tuple[int, ...] = ()
    subscriptions: tuple[int, ...] = ()
    least_level: str = ""
    certainty: str = ""
    ends_only: bool = False
    dependents: bool = False
    quiet_from: time | None = None
    quiet_until: time | None = None
    quiet_level: str = ""
    quiet_kinds: tuple[str, ...] = ()
    action_groups: tuple[int, ...] = ()

    @classmethod
    def of(cls, rule: AlertRule) -> Conditions:
        named = {name: tuple(sorted(row.pk for row in getattr(rule, name).all())) for name in MANY}
        return cls(name=rule.name, **(plain(rule) | named))


def plain(source: object) -> dict[str, Any]:
    """What a row or a document says without naming other rows, under the names of `Conditions`."""
    kinds = {name: tuple(dict.fromkeys(getattr(source, name))) for name in _KINDS}
    return kinds | {name: getattr(source, name) for name in _PLAIN}


def in_names(rule: AlertRule) -> dict[str, Any]:
    """What a rule matches, for documents: rows by their identifiers, times as 22:00."""
    said = plain(rule) | {name: sorted(getattr(rule, name)) for name in _KINDS}
    said |= {name: sorted(row.slug for row in getattr(rule, name).all()) for name in CATALOGUE}
    said["subscriptions"] = sorted(row.ref for row in rule.subscriptions.all())
    for name in ("quiet_from", "quiet_until"):
        said[name] = f"{said[name]:%H:%M}" if said[name] else None
    return said


def subscriptions_of(tenant: Tenant, refs: Sequence[str]) -> tuple[int, ...]:
    """The tenant's subscriptions of these identifiers, by their ids. Raises EntryError for any other."""
    owned = tenant.subscriptions.filter(called(*refs)).values_list("ref", "pk") if refs else ()
    known = {identifiers.key(ref): pk for ref, pk in owned}
    for ref in refs:
        if identifiers.key(ref) not in known:
            raise EntryError(
                "subscriptions", f"{ref[:64]} is not among the subscriptions; remove it."
            )
    return tuple(sorted({known[identifiers.key(ref)] for ref in refs}))


@transaction.atomic
def save(*, tenant: Tenant, conditions: Conditions, rule_id: int | None = None) -> AlertRule:
    """Make a rule, or change the tenant's rule of this id. Raises EntryError, AlertRule.DoesNotExist."""
    # One after the other for a tenant, or two at once would take one name.
    Tenant.objects.select_for_update(no_key=True).get(pk=tenant.pk)
    others = tenant.alert_rules.all()
    if rule_id is not None:
        others = others.exclude(pk=rule_id)
    rule = AlertRule(tenant=tenant) if rule_id is None else tenant.alert_rules.get(pk=rule_id)
    rule.name = checked_text("name", conditions.name, 200, lines=False)
    if not rule.name:
        raise EntryError("name", "is empty; name the rule.")
    if others.filter(name=rule.name).exists():
        raise EntryError("name", "is another rule's already; choose another one.")
    if others.count() >= MOST_RULES:
        raise EntryError("name", f"would be one rule too many; there are {MOST_RULES} already.")
    _check_word("kinds", conditions.kinds, list(Kind))
    _check_word("least_level", (conditions.least_level,), ["", *list(Level)])
    _check_word("certainty", (conditions.certainty,), ["", *Certainty.values])
    _check_quiet_hours(conditions)
    rows = _rows(tenant, conditions)
    for name, value in plain(conditions).items():
        setattr(rule, name, list(value) if name in _KINDS else value)
    rule.save()
    for name, chosen in rows.items():
        if chosen or rule_id is not None:
            getattr(rule, name).set(chosen)
    return rule


def _check_quiet_hours(conditions: Conditions) -> None:
    _check_word("quiet_kinds", conditions.quiet_kinds, list(Kind))
    _check_word("quiet_level", (conditions.quiet_level,), ["", *list(Level)])
    begin, end = conditions.quiet_from, conditions.quiet_until
    if (begin is None) != (end is None):
        missing = "quiet_from" if begin is None else "quiet_until"
        raise EntryError(
            missing, "is empty; say when quiet hours begin and when they end, or neither."
        )
    if begin is not None and begin == end:
        raise EntryError(
            "quiet_until", "is when they begin; a rule that is always quiet tells nobody."
        )
    if begin is None and (conditions.quiet_level or conditions.quiet_kinds):
        raise EntryError(
            "quiet_from", "is empty; say when quiet hours begin, or leave out what is excepted."
        )


def _check_word(name: str, given: tuple[str, ...], known: list[str]) -> None:
    for each in given:
        if each not in known:
            raise EntryError(
                name, f"{each[:40]!r} is not known; choose one of {', '.join(filter(None, known))}."
            )


def _rows(tenant: Tenant, conditions: Conditions) -> dict[str, list[int]]:
    """The rows named, of the catalogue and the tenant's own. Raises EntryError for any other."""
    found: dict[str, list[int]] = {}
    for name in MANY:
        wanted = set(getattr(conditions, name))
        rows = getattr(tenant, name) if name in _OWN else CATALOGUE[name].objects
        known = set(rows.filter(pk__in=wanted).values_list("pk", flat=True)) if wanted else set()
        if strange := wanted - known:
            raise EntryError(
                name,
                f"{min(strange)} is not among those to choose from; choose from the list again.",
            )
        found[name] = sorted(known)
    return found


def leads_anywhere(tenant: Tenant) -> bool:
    """Whether any rule does; else everything goes to the contact."""
    return tenant.alert_rules.filter(active=True, action_groups__endpoints__isnull=False).exists()
