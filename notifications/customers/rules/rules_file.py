"""All alert rules of a tenant as one file: taken out, compared with what is in force, put into force.

One tenant a file, in YAML (JSON is YAML, too)::

    tenant: contoso
    rules:
      - {name: night, services: [storage], kinds: [service-issue], endpoints: [ops@contoso.example]}
      - {name: day, groups: [Operations]}

`groups` are the tenant's action groups by name; `endpoints` make a group of the rule's own. What is left out
matches everything; a rule that the file does not name is removed.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import time
from typing import Any

import yaml

from incidents.policy import load_yaml
from incidents.services.errors import EntryError
from incidents.validation import RefusedError
from notifications.customers import records
from notifications.customers.rules.alert_rules import (
    CATALOGUE,
    Conditions,
    in_names,
    subscriptions_of,
)
from notifications.models import AlertRule, Endpoint, Tenant
from notifications.models.customers.tenants import called
from notifications.vocabulary.delivery_states import Channel

RULE_LISTS = (
    "kinds", "quiet_kinds", "services", "categories", "regions", "geographies", "subscriptions", "endpoints", "groups",
)  # fmt: skip
RULE_WORDS = ("least_level", "certainty", "quiet_level")
RULE_TIMES = ("quiet_from", "quiet_until")
RULE_KEYS = ("name", "active", *RULE_LISTS, *RULE_WORDS, *RULE_TIMES, "ends_only", "dependents")


class RulesFileError(ValueError):
    """What of the file cannot be put into force; the message names place and remedy."""


def written(tenant: Tenant) -> str:
    """The tenant's rules as `apply` takes them again; addresses, which may be secrets, stay in their groups."""
    rules = []
    for rule in tenant.alert_rules.order_by("name"):
        said = _rule(rule) | {"groups": sorted(each.name for each in rule.action_groups.all())}
        del said["endpoints"]
        kept = {key: value for key, value in said.items() if (key == "active") != bool(value)}
        rules.append({"name": rule.name, **kept})
    document = {"tenant": tenant.ref, "rules": rules}
    text: str = yaml.safe_dump(document, allow_unicode=True, sort_keys=False)
    return text


def read(text: str, place: str) -> dict[str, Any]:
    """What `apply` takes. Raises RulesFileError."""
    try:
        found = load_yaml(text, place, RefusedError)
    except RefusedError as error:
        raise RulesFileError(str(error)) from error
    if not isinstance(found, dict):
        raise RulesFileError(f"{place}: write tenant: and rules: with a list, and nothing else.")
    return found


def apply(*, given: dict[str, Any], place: str, only: Tenant | None = None) -> Iterator[str]:
    """Put the file's rules into force, of the tenant `only`; the differences, a line each. Raises RulesFileError.

    In the caller's transaction, that takes back what an error leaves half done.
    """
    ref = str(given.get("tenant", ""))
    tenant = Tenant.objects.filter(called(ref)).first()
    if tenant is None:
        raise RulesFileError(
            f"{place}: tenant: {ref[:60]!r} is not there; load the customers first."
        )
    if only and tenant != only:
        raise RulesFileError(f"{place}: tenant: {ref[:60]!r} is another one; write {only.ref}.")
    rows = given.get("rules", [])
    if not isinstance(rows, list) or set(given) - {"tenant", "rules"}:
        raise RulesFileError(f"{place}: write tenant: and rules: with a list, and nothing else.")
    before = {rule.name: _rule(rule) for rule in tenant.alert_rules.all()}
    for number, row in enumerate(rows, 1):
        saved = _save_rule(tenant, row, f"{place}: rule {number}")
        after, former = _rule(saved), before.pop(saved.name, None)
        if former is None:
            yield f"rules: {tenant.ref}: + {saved.name}"
        for name in after:
            if former is not None and former[name] != after[name]:
                yield f"rules: {tenant.ref}: {saved.name}: {name}: {former[name]} -> {after[name]}"
    for name in before:
        records.remove_rule(tenant=tenant, name=name)
        yield f"rules: {tenant.ref}: - {name}"


def _save_rule(tenant: Tenant, row: object, place: str) -> AlertRule:
    if not isinstance(row, dict) or "name" not in row:
        raise RulesFileError(f"{place}: is no rule; write name: and what it matches.")
    for key in row:
        if key not in RULE_KEYS:
            raise RulesFileError(
                f"{place}: {str(key)[:40]!r} is not known; use {', '.join(RULE_KEYS)}."
            )
    lists = {key: row.get(key) or [] for key in RULE_LISTS}
    for key, value in lists.items():
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise RulesFileError(f"{place}: {key}: is no list of names; write [a, b].")
    known = {
        name: dict(model.objects.filter(slug__in=lists[name]).values_list("slug", "pk"))
        for name, model in CATALOGUE.items()
    }
    groups = tenant.action_groups.filter(name__in=lists["groups"])
    known["groups"] = dict(groups.values_list("name", "pk"))
    reached = tenant.endpoints.at(*lists["endpoints"])
    known["endpoints"] = dict(reached.values_list("address", "pk"))
    for key, found in known.items():
        if missing := sorted(set(lists[key]) - set(found)):
            raise RulesFileError(f"{place}: {key}: {missing[0]!r} is not there; add it first.")
    ids: dict[str, Any] = {key: tuple(sorted(found.values())) for key, found in known.items()}
    words: dict[str, Any] = {key: str(row.get(key) or "") for key in RULE_WORDS}
    endpoints = ids.pop("endpoints")
    try:
        return records.save_rule(
            tenant=tenant,
            conditions=Conditions(
                name=str(row["name"]),
                active=row.get("active", True) is not False,
                kinds=tuple(lists["kinds"]),
                quiet_kinds=tuple(lists["quiet_kinds"]),
                quiet_from=_clock(row, "quiet_from", place),
                quiet_until=_clock(row, "quiet_until", place),
                subscriptions=subscriptions_of(tenant, lists["subscriptions"]),
                ends_only=row.get("ends_only") is True,
                dependents=row.get("dependents") is True,
                action_groups=ids.pop("groups"),
                **ids,
                **words,
            ),
            endpoints=endpoints,
        )
    except EntryError as error:
        raise RulesFileError(f"{place}: {error}") from error


def _clock(row: dict[str, Any], name: str, place: str) -> time | None:
    typed = str(row.get(name) or "")
    try:
        return time.fromisoformat(typed) if typed else None
    except ValueError as error:
        raise RulesFileError(
            f'{place}: {name}: {typed[:20]!r} is no time of day; write "22:00".'
        ) from error


def _rule(rule: AlertRule) -> dict[str, Any]:
    own = Endpoint.objects.filter(action_groups__in=rule.action_groups.filter(name=rule.name))
    return in_names(rule) | {
        # The address of a webhook may be a secret.
        "endpoints": sorted(
            each.address if each.channel == Channel.MAIL else f"{each.shown} #{each.pk}"
            for each in own
        ),
        "groups": sorted(rule.action_groups.exclude(name=rule.name).values_list("name", flat=True)),
    }
