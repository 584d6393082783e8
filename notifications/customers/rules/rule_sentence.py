"""What a rule can be made of, and the sentence that reads one back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Prefetch

from incidents.models import Geography, Region, Service, ServiceCategory
from incidents.vocabulary import Kind, Level
from notifications.customers.rules.alert_rules import Conditions
from notifications.models import ActionGroup, Certainty, CustomerSubscription, Tenant
from notifications.models.choices import channels

# More subscriptions are named in a text field: a list to tick would be too long, and so would the form.
MOST_TICKED = 100
NAMED = 3
WAYS = dict(channels())


@dataclass(frozen=True, slots=True)
class Choices:
    """What there is to choose from, of the catalogue and the tenant's own."""

    categories: Sequence[ServiceCategory]
    geographies: Sequence[Geography]
    subscriptions: Sequence[CustomerSubscription]  # to be ticked; none, where there are too many
    owned: int
    groups: Sequence[ActionGroup]

    @classmethod
    def of(cls, tenant: Tenant) -> Choices:
        owned = tenant.subscriptions.count()
        services = Prefetch("services", Service.objects.order_by("position"))
        regions = Prefetch("regions", Region.objects.order_by("position"))
        return cls(
            list(ServiceCategory.objects.prefetch_related(services).order_by("position")),
            list(Geography.objects.prefetch_related(regions).order_by("position")),
            list(tenant.subscriptions.order_by("name", "ref")) if owned <= MOST_TICKED else [],
            owned,
            list(tenant.action_groups.prefetch_related("endpoints").order_by("name")),
        )

    @property
    def ticked(self) -> bool:
        return self.owned <= MOST_TICKED


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of the sentence; `chosen`: the rule says so, the rest holds it together."""

    text: str
    chosen: bool = False


def sentence(conditions: Conditions, choices: Choices) -> list[Part]:
    """The rule in one sentence, as "Tell *Ops* by mail about service issues in West Europe for Storage…"."""
    groups = [each for each in choices.groups if each.pk in conditions.action_groups]
    ways = sorted({WAYS[end.channel] for each in groups for end in each.endpoints.all()})
    parts = [Part("Tell "), Part(_listed([each.name for each in groups]) or "nobody yet", True)]
    if ways:
        parts += [Part(" by "), Part(_listed([each.lower() for each in ways]), True)]
    kinds = [str(Kind(each).label).lower() for each in conditions.kinds if each in list(Kind)]
    about = _listed([_plural(each) for each in kinds], most=4) or "everything"
    parts += [Part(" about "), Part(about, True)]
    if level := _level(conditions):
        parts += [Part(" of level "), Part(level, True)]
    parts += [Part(" in "), Part(_places(conditions, choices), True)]
    parts += [Part(" for "), Part(_services(conditions, choices), True)]
    if conditions.dependents:
        parts += [Part(" and "), Part("what they depend on", True)]
    owned, named = choices.owned, len(conditions.subscriptions)
    parts += [Part(", in "), Part(_subscriptions(named, owned), True)]
    if conditions.certainty == Certainty.CONFIRMED:
        parts += [Part(", "), Part("once it is confirmed that they are hit", True)]
    if conditions.certainty == Certainty.ESTIMATED:
        parts += [Part(", "), Part("while it is an estimate that they are hit", True)]
    often = "the first and the last statement only" if conditions.ends_only else "every update"
    parts += [Part(": "), Part(often, True)]
    if quiet := _quiet(conditions):
        parts += [Part("; "), Part(quiet, True)]
    return [*parts, Part(".")]


def _level(conditions: Conditions) -> str:
    """As "Warning or worse"; "" where it does not matter."""
    if conditions.least_level not in (Level.ERROR, Level.WARNING):
        return ""
    worst = conditions.least_level == Level.ERROR
    return f"{Level(conditions.least_level).label}{'' if worst else ' or worse'}"


def _quiet(conditions: Conditions) -> str:
    """As "from 22:00 to 07:00 it waits for 07:00, but what is of level Error comes at once"."""
    begin, end = conditions.quiet_from, conditions.quiet_until
    if begin is None or end is None:
        return ""
    excepted = [
        _plural(str(Kind(each).label).lower())
        for each in conditions.quiet_kinds
        if each in list(Kind)
    ]
    if conditions.quiet_level in list(Level):
        graver = "" if conditions.quiet_level == Level.ERROR else " or worse"
        excepted.append(f"what is of level {Level(conditions.quiet_level).label}{graver}")
    hours = f"what comes between {begin:%H:%M} and {end:%H:%M} waits until {end:%H:%M}"
    return f"{hours}, except {_listed(excepted, most=5)}" if excepted else hours


def _subscriptions(named: int, owned: int) -> str:
    if owned < 2:
        return "your subscription" if owned else "all subscriptions"
    return f"{named} of your {owned} subscriptions" if named else f"all {owned} subscriptions"


def _plural(kind: str) -> str:
    return {"service issue": "service issues", "planned maintenance": "planned maintenance"}.get(
        kind, f"{kind.removesuffix('y')}ies"
    )


def _places(conditions: Conditions, choices: Choices) -> str:
    names = []
    for each in choices.geographies:
        regions = list(each.regions.all())
        whole = each.pk in conditions.geographies
        if whole and not any(one.is_global for one in regions):
            names.append(f"all of {each}")
        else:
            chosen = [one for one in regions if whole or one.pk in conditions.regions]
            names += ["Global" if one.is_global else one.name for one in chosen]
    return _listed(names) or "every region and Global"


def _services(conditions: Conditions, choices: Choices) -> str:
    names = [f"all of {each}" for each in choices.categories if each.pk in conditions.categories]
    for each in choices.categories:
        if each.pk not in conditions.categories:
            names += [one.name for one in each.services.all() if one.pk in conditions.services]
    return _listed(names) or "every service"


def _listed(names: Sequence[str], most: int = NAMED) -> str:
    """As "A, B and C", or "A, B, C and 4 more"."""
    shown, more = list(names[:most]), len(names) - most
    if more > 0:
        return f"{', '.join(shown)} and {more} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


def differences(before: Conditions, after: Conditions, choices: Choices) -> list[str]:
    """What saving would change, a line each; in the words of the sentence."""
    found = []
    if before.name != after.name:
        found.append(f"Name: {before.name} → {after.name}")
    if before.active != after.active:
        found.append("It is switched on." if after.active else "It is switched off.")
    for label, shown in _ASPECTS:
        one, other = shown(before, choices), shown(after, choices)
        if one != other:
            found.append(f"{label}: {one} → {other}")
    return found


def _groups(conditions: Conditions, choices: Choices) -> str:
    names = [each.name for each in choices.groups if each.pk in conditions.action_groups]
    return _listed(names, most=10) or "nobody"


_ASPECTS: tuple[tuple[str, Any], ...] = (
    ("Tells", _groups),
    ("About", lambda each, _: _listed([Kind(kind).label for kind in each.kinds], 4) or "everything"),
    ("Level", lambda each, _: _level(each) or "every level"),
    ("Where", _places),
    ("Services", _services),
    ("Subscriptions", lambda each, _: f"{len(each.subscriptions)} named" if each.subscriptions else "all"),
    ("Relevance", lambda each, _: "also by dependency" if each.dependents else "what is hit itself"),
    ("Certainty", lambda each, _: each.certainty or "estimated and confirmed"),
    ("Updates", lambda each, _: "first and last" if each.ends_only else "every one"),
    ("Quiet hours", lambda each, _: _quiet(each) or "none"),
)  # fmt: skip
