"""How a form says a rule."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import time
from functools import partial
from typing import Any, TypeVar

from django.http import QueryDict

from incidents.services.errors import EntryError
from incidents.vocabulary import Kind, Level
from notifications.customers.rules.alert_rules import Conditions, subscriptions_of
from notifications.customers.rules.rule_sentence import Choices
from notifications.models import Certainty, Tenant

T = TypeVar("T")
_TICKED = ("services", "categories", "regions", "geographies", "action_groups")
# What templates offer besides `Choices`.
OFFERED = {
    "kinds": Kind.choices(),
    "levels": [(Level.WARNING, "Warning or worse"), (Level.ERROR, "Error only")],
    "certainties": Certainty.choices,
}


def read(form: QueryDict, tenant: Tenant, choices: Choices) -> tuple[Conditions, EntryError | None]:
    """The rule that a form describes, and what is wrong with it. What cannot be read at all is left out."""
    faults: list[EntryError] = []

    def or_else(otherwise: T, field: Callable[[], T]) -> T:
        try:
            return field()
        except EntryError as error:
            faults.append(error)
            return otherwise

    nothing: tuple[int, ...] = ()
    ticked: dict[str, Any] = {name: or_else(nothing, partial(ids, form, name)) for name in _TICKED}
    conditions = Conditions(
        name=form.get("name", ""),
        active=form.get("active") == "on",
        kinds=tuple(dict.fromkeys(form.getlist("kinds"))),
        subscriptions=or_else(nothing, lambda: _subscriptions(form, tenant, choices)),
        least_level=form.get("least_level", ""),
        certainty=form.get("certainty", ""),
        ends_only=form.get("updates") == "ends",
        dependents=form.get("dependents") == "on",
        quiet_from=or_else(None, lambda: _clock(form, "quiet_from")),
        quiet_until=or_else(None, lambda: _clock(form, "quiet_until")),
        quiet_level=form.get("quiet_level", ""),
        quiet_kinds=tuple(dict.fromkeys(form.getlist("quiet_kinds"))),
        **ticked,
    )
    if form.get("fixed") == "on":
        conditions = _of_today(conditions, choices)
    return conditions, faults[0] if faults else None


def _of_today(conditions: Conditions, choices: Choices) -> Conditions:
    """Categories spelled out as the services that are in them now: later ones are left out."""
    wanted = set(conditions.services)
    for category in choices.categories:
        if category.pk in conditions.categories:
            wanted |= {each.pk for each in category.services.all() if each.retired_at is None}
    return replace(conditions, services=tuple(sorted(wanted)), categories=())


def refs(form: QueryDict, said: Conditions, tenant: Tenant, choices: Choices) -> str:
    """What the text field for many subscriptions holds: as it was typed, else the rule's."""
    if "subscription_refs" in form:
        return form.get("subscription_refs", "")
    if choices.ticked or not said.subscriptions:
        return ""
    chosen = tenant.subscriptions.filter(pk__in=said.subscriptions).order_by("ref")
    return "\n".join(chosen.values_list("ref", flat=True))


def _clock(form: QueryDict, name: str) -> time | None:
    typed = form.get(name, "").strip()
    try:
        return time.fromisoformat(typed) if typed else None
    except ValueError:
        raise EntryError(name, f"{typed[:20]!r} is no time of day; write it as 22:00.") from None


def ids(form: QueryDict, name: str) -> tuple[int, ...]:
    """Of what is ticked. Raises EntryError for what no list has offered."""
    found = set()
    for each in form.getlist(name):
        if not (each.isascii() and each.isdecimal() and len(each) < 19):
            raise EntryError(name, f"{each[:40]!r} is not among those to choose from.")
        found.add(int(each))
    return tuple(sorted(found))


def _subscriptions(form: QueryDict, tenant: Tenant, choices: Choices) -> tuple[int, ...]:
    if choices.ticked:
        return ids(form, "subscriptions")
    return subscriptions_of(tenant, form.get("subscription_refs", "").replace(",", " ").split())
