"""What authors should know before relying on alert rules: of one that is built, or of many in as few questions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import Q, Value

from incidents.models import Offering, Region, Service
from incidents.vocabulary import Kind, Level
from notifications.customers.rules.alert_rules import Conditions
from notifications.models import Footprint, Tenant

SWITCHED_OFF = "It is switched off: it tells nobody."
NOWHERE = (
    "It leads nowhere: choose an action group with an address. Until then it counts as no rule."
)
DISABLED = "It leads nowhere: every address of its groups is disabled or has left."
NOT_OFFERED = "It can never fire: none of its services is offered in any of its regions."
TOO_GRAVE = (
    "It can never fire: planned maintenance is announced at level Warning, and it asks for Error."
)
UNCOVERED = "It covers nothing of your footprint: none of your subscriptions runs where it looks."
WITHOUT_GLOBAL = (
    "Global is not in it: what has no region, such as sign-in or the portal, is left out. "
    "Add the region Global to hear of it."
)


class _Cell(NamedTuple):
    service: int
    category: int
    region: int
    geography: int
    is_global: bool


_COLUMNS = ("service", "service__category", "region", "region__geography", "region__is_global")


@dataclass(frozen=True, slots=True)
class _Facts:
    """What the rules are judged by. `reached`: groups with an address, and whether one of them takes messages.

    `cells`: all of the tenant's; `by_subscription`: those of subscriptions that a rule names.
    `offered`: of the rules that cover nothing those that could, as the catalogue has such a cell.
    """

    reached: dict[int, bool]
    cells: Sequence[_Cell]
    by_subscription: dict[int, list[_Cell]]
    everywhere: Sequence[tuple[int, int]]
    retired: dict[int, str]
    offered: set[Conditions]

    @classmethod
    def of(cls, tenant: Tenant, rules: Sequence[Conditions]) -> _Facts:
        groups = {pk for each in rules for pk in each.action_groups}
        reached: dict[int, bool] = {}
        ends = tenant.action_groups.filter(pk__in=groups, endpoints__isnull=False)
        for pk, suppressed_at, left_at in ends.values_list(
            "pk", "endpoints__suppressed_at", "endpoints__left_alerts_at"
        ):
            takes = suppressed_at is None and left_at is None
            reached[pk] = reached.get(pk, False) or takes
        footprint = Footprint.objects.filter(subscription__tenant=tenant)
        by_subscription: dict[int, list[_Cell]] = {}
        if named := {pk for each in rules for pk in each.subscriptions}:
            theirs = footprint.filter(subscription__in=named)
            for pk, *cell in theirs.values_list("subscription", *_COLUMNS):
                by_subscription.setdefault(pk, []).append(_Cell(*cell))
        services = {pk for each in rules for pk in each.services}
        retired = Service.objects.filter(pk__in=services, retired_at__isnull=False)
        return cls(
            reached,
            [_Cell(*cell) for cell in footprint.values_list(*_COLUMNS).distinct()],
            by_subscription,
            list(Region.objects.filter(is_global=True).values_list("pk", "geography")),
            {each.pk: str(each) for each in retired},
            set(),
        )

    def used_by(self, rule: Conditions) -> list[_Cell]:
        """The cells that a rule looks at, in whatever place."""
        cells = self.cells
        if rule.subscriptions:
            cells = [cell for pk in rule.subscriptions for cell in self.by_subscription.get(pk, ())]
        if not (rule.services or rule.categories):
            return list(cells)
        return [
            each
            for each in cells
            if each.service in rule.services or each.category in rule.categories
        ]

    def covered_by(self, rule: Conditions) -> bool:
        """Whether the tenant runs anywhere where it looks."""
        narrow = rule.regions or rule.geographies
        return any(
            not narrow or each.region in rule.regions or each.geography in rule.geographies
            for each in self.used_by(rule)
        )

    def warnings(self, rule: Conditions) -> Iterator[str]:
        if not rule.active:
            yield SWITCHED_OFF
        takes = [self.reached[pk] for pk in rule.action_groups if pk in self.reached]
        if not any(takes):
            yield DISABLED if takes else NOWHERE
        if rule.kinds == (Kind.PLANNED_MAINTENANCE,) and rule.least_level == Level.ERROR:
            yield TOO_GRAVE
        used = self.used_by(rule)
        narrow = rule.regions or rule.geographies
        if not self.covered_by(rule):
            yield UNCOVERED if rule in self.offered else NOT_OFFERED
        named = any(
            region in rule.regions or geography in rule.geographies
            for region, geography in self.everywhere
        )
        if narrow and not named and any(each.is_global for each in used):
            yield WITHOUT_GLOBAL
        if gone := sorted(self.retired[pk] for pk in rule.services if pk in self.retired):
            yield f"No longer offered: {', '.join(gone)}."


def _offered(rules: Sequence[Conditions]) -> set[Conditions]:
    """Those for which the catalogue has a cell: one of their services in one of their regions."""
    asked = []
    for number, rule in enumerate(rules):
        cells = Offering.objects.current()
        if rule.services or rule.categories:
            cells = cells.filter(
                Q(service__in=rule.services) | Q(service__category__in=rule.categories)
            )
        if rule.regions or rule.geographies:
            cells = cells.filter(
                Q(region__in=rule.regions) | Q(region__geography__in=rule.geographies)
            )
        asked.append(cells.annotate(rule=Value(number)).order_by().values_list("rule")[:1])
    found = asked[0].union(*asked[1:], all=True) if asked else []
    return {rules[number] for (number,) in found}


def warnings_of(tenant: Tenant, *rules: Conditions) -> list[list[str]]:
    """Of each rule, a sentence each, the gravest first."""
    facts = _Facts.of(tenant, rules)
    facts.offered.update(_offered([each for each in rules if not facts.covered_by(each)]))
    return [list(facts.warnings(each)) for each in rules]
