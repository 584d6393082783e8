"""From an incident's rows to the facts that a statement without a person's words is written from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from django.db import connection

from incidents import prepared_statements
from incidents.cells import CellGroup, CellIds, PlacedCell, grouped
from incidents.models import Impact, Incident
from incidents.vocabulary import LEVEL_RANK, Kind, Stage
from incidents.wording import WordingFacts


def groups_of(pairs: Iterable[CellIds]) -> tuple[CellGroup, ...]:
    """The cells by name, in the catalogue's order."""
    return grouped(cells_of(pairs).values())


# In how many regions of each geography services are offered.
_OFFERED = """
SELECT o.service_id, r.geography_id, count(*) AS regions
FROM incidents_offering o JOIN incidents_region r ON r.id = o.region_id
WHERE o.retired_at IS NULL AND NOT r.is_global AND o.service_id = ANY (%(services)s::bigint[])
GROUP BY o.service_id, r.geography_id
"""
# Prepared: the first mail of an incident waits for it.
_PLACED = f"""
WITH asked AS (
  SELECT DISTINCT * FROM unnest(%(services)s::bigint[], %(regions)s::bigint[]) AS a(service_id, region_id)
),
offered AS ({_OFFERED})
SELECT s.id, r.id, s.name, r.name, g.name, coalesce(offered.regions, 0), r.is_global
FROM asked
JOIN incidents_service s ON s.id = asked.service_id
JOIN incidents_region r ON r.id = asked.region_id
JOIN incidents_geography g ON g.id = r.geography_id
LEFT JOIN offered ON offered.service_id = s.id AND offered.geography_id = r.geography_id
ORDER BY s.position, r.position, s.id, r.id
"""  # noqa: S608 - a part of our own


def cells_of(pairs: Iterable[CellIds]) -> dict[CellIds, PlacedCell]:
    """Each cell by name, in the catalogue's order; one query, however many there are."""
    wanted = list(pairs)
    facts = {
        "services": prepared_statements.array(service for service, _ in wanted),
        "regions": prepared_statements.array(region for _, region in wanted),
    }
    return {
        (service, region): PlacedCell(*placed)
        for service, region, *placed in prepared_statements.answers(_PLACED, facts)
    }


def offered_in_geographies(services: Iterable[int]) -> dict[tuple[int, int], int]:
    """(service id, geography id) -> in how many of its regions the service is offered."""
    with connection.cursor() as cursor:
        cursor.execute(_OFFERED, {"services": list(services)})
        return {(one, other): count for one, other, count in cursor.fetchall()}


def opening(incident: Incident, about: str = "opening", *, at: datetime) -> list[WordingFacts]:
    """All of it, for whoever hears of it for the first time; what was hit later is said to be.

    Speaks of what is open, and once all is over of the whole incident in the past tense.
    """
    impacts = Impact.objects.filter(occurrence__incident=incident)
    rows = list(impacts.open().values_list("started_at", "service_id", "region_id", "level"))
    if not rows:
        whole = impacts.values_list("service_id", "region_id", "level")
        return _by_level(incident, about, list(whole), at=at, since=incident.started_at)
    since = min(start for start, *_ in rows)
    first = [(service, region, level) for start, service, region, level in rows if start == since]
    told = _by_level(incident, about, first, at=at, since=since)
    rest = [(service, region, level) for start, service, region, level in rows if start > since]
    return [*told, *news(incident, rest, at=max(start for start, *_ in rows))]


def news(
    incident: Incident,
    hit: Iterable[tuple[int, int, str]],
    *,
    at: datetime,
    reopened: bool = False,
) -> list[WordingFacts]:
    """Cells that are hit from `at` on, beside others or again after an end; of a service issue one of each level."""
    told = []
    about = "reopened" if reopened else "spread"
    if incident.kind != Kind.SERVICE_ISSUE:
        pairs = [(service, region) for service, region, _ in hit]
        return [facts(incident, about, at=at, hit=pairs)] if pairs else []
    for level, alike in gravest_first(hit):
        told.append(replace(facts(incident, about, at=at, hit=alike), level=level))
        about = "spread"
    return told


def gravest_first(hit: Iterable[tuple[int, int, str]]) -> list[tuple[str, list[CellIds]]]:
    """The cells of each level, each cell once, at its gravest."""
    gravest: dict[CellIds, str] = {}
    for service, region, level in hit:
        before = gravest.get((service, region), level)
        gravest[service, region] = max(before, level, key=LEVEL_RANK.__getitem__)
    levels = sorted(set(gravest.values()), key=LEVEL_RANK.__getitem__, reverse=True)
    return [(level, [pair for pair, each in gravest.items() if each == level]) for level in levels]


def _by_level(
    incident: Incident,
    about: str,
    hit: Iterable[tuple[int, int, str]],
    *,
    at: datetime,
    since: datetime,
) -> list[WordingFacts]:
    """One of each level, the gravest first: what is degraded is not said to fail."""
    groups = gravest_first(hit)
    if not groups:
        return [facts(incident, about, at=at)]
    told = []
    for level, alike in groups:
        one = facts(incident, about if level == groups[-1][0] else "impact", at=at, hit=alike)
        told.append(replace(one, level=level, times={**one.times, "since": since}))
    return told


def facts(
    incident: Incident,
    about: str,
    *,
    at: datetime,
    hit: Iterable[CellIds] | None = None,
    rest: Iterable[CellIds] = (),
    other: str = "",
) -> WordingFacts:
    """The facts of an incident as it stands; `at` (UTC) is the moment of writing or of what is told.

    Without `hit` it speaks of what is open, and once all is over of the whole incident.
    """
    impacts = Impact.objects.filter(occurrence__incident=incident)
    if hit is None:
        still_open = list(impacts.open().values_list("service_id", "region_id"))
        hit = still_open or impacts.values_list("service_id", "region_id")
    times = {
        "at": at,
        "since": incident.started_at,
        "until": incident.mitigated_at,
        "start": incident.scheduled_for,
        "end": incident.scheduled_until,
    }
    return WordingFacts(
        about=about,
        kind=incident.kind,
        level=incident.level,
        stage=incident.stage,
        hit=groups_of(hit),
        rest=groups_of(rest),
        times={name: moment for name, moment in times.items() if moment is not None},
        begun=has_begun(incident),
        audience=incident.audience,
        other=other,
    )


def has_begun(incident: Incident) -> bool:
    """Whether a maintenance was ever said to be in progress."""
    if incident.kind != Kind.PLANNED_MAINTENANCE:
        return False
    return (
        incident.stage == Stage.IN_PROGRESS
        or incident.communications.filter(stage=Stage.IN_PROGRESS).exists()
    )


def open_pairs(incident: Incident) -> list[CellIds]:
    impacts = Impact.objects.filter(occurrence__incident=incident).open()
    return list(impacts.values_list("service_id", "region_id"))
