"""What is derived for an incident: dependents, and the level that its spread proposes.

Nothing here is written: `record_decision` keeps it with the decision, and what a person stated wins.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from incidents.derived_facts import Dependents
from incidents.models import Decision, Impact, Incident
from incidents.policy import Growth, LevelProposal, Policy, proposed_level
from incidents.services.decisions.dependents import graph_around
from incidents.vocabulary import Extent, Kind, Level

MOST_DECISIONS = 50


@dataclass(frozen=True, slots=True)
class Derived:
    """`dependents`: who fails, and who may be affected. `at_risk`: who would fail if all that is hit did.

    `proposal`: a graver level, with its reason.
    """

    dependents: Dependents
    at_risk: tuple[str, ...] = ()
    proposal: LevelProposal | None = None

    def as_dict(self) -> dict[str, object]:
        return {
            "hard_dependents": list(self.dependents.hard),
            "soft_dependents": list(self.dependents.soft),
            "at_risk": list(self.at_risk),
            "proposal": asdict(self.proposal) if self.proposal else None,
        }


def derive(incident: Incident, impacts: Sequence[Impact], policy: Policy) -> Derived:
    """From an incident's impacts (service and region loaded with them); service issues only."""
    if incident.kind != Kind.SERVICE_ISSUE or incident.false_positive:
        return Derived(Dependents())
    counted = [each for each in impacts if each.level != Level.INFORMATIONAL]
    everything = _places(counted)
    failing = _places(each for each in counted if each.level == Level.ERROR)
    graph = graph_around(list(everything), sorted({each.region.slug for each in counted}))
    regions: dict[str, datetime] = {}
    for each in counted:
        since = regions.get(each.region.slug, each.started_at)
        regions[each.region.slug] = min(since, each.started_at)
    stated = incident.dependents if incident.dependents_stated else None
    before = _zones_before(incident, policy)
    at_risk = graph.dependents(everything).hard
    growth = Growth(
        regions=regions,
        hard_dependents=len(at_risk) if stated is None else stated,
        zone_to_region=any(
            each.region.slug in before and each.extent == Extent.REGION for each in counted
        ),
    )
    level = Level(incident.level)
    return Derived(
        dependents=graph.dependents(failing, everything),
        at_risk=at_risk,
        proposal=proposed_level(level, growth, policy.spread),
    )


def _places(impacts: Iterable[Impact]) -> dict[str, set[str]]:
    places: defaultdict[str, set[str]] = defaultdict(set)
    for each in impacts:
        places[each.service.slug].add(each.region.slug)
    return dict(places)


def _zones_before(incident: Incident, policy: Policy) -> frozenset[str]:
    """Regions of which earlier decisions knew a zone and not the whole."""
    if policy.spread is None or incident.level != Level.WARNING:
        return frozenset()
    known = Decision.objects.filter(incident=incident).order_by("id")
    return frozenset(
        impact["region"]
        for facts in known.values_list("facts", flat=True)[:MOST_DECISIONS]
        for impact in facts["impacts"]
        if impact["extent"] == Extent.ZONE
    )
