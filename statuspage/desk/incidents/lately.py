"""What a person has pinned, and what was hit lately or again and again: to be ticked in one press."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import QuerySet

from incidents.models import Impact, Region, Service
from incidents.services.desk.favourites import pinned

SPAN = timedelta(days=180)
ROWS = 1000  # newest impacts that are looked at
EACH = 3  # of the latest, and of the most frequent ones besides


@dataclass(frozen=True, slots=True)
class Lately:
    """Slugs and names; those pinned, apart, then the latest and the most frequent ones."""

    services: list[tuple[str, str]]
    regions: list[tuple[str, str]]
    pinned_services: list[tuple[str, str]]
    pinned_regions: list[tuple[str, str]]


def lately(now: datetime, user: AbstractBaseUser) -> Lately:
    """Of the incidents that were declared here within half a year before `now` (UTC), drills left out."""
    rows = (
        Impact.objects.filter(
            occurrence__incident__created_at__gte=now - SPAN,
            occurrence__incident__backfilled=False,
            occurrence__incident__drill=False,
        )
        .order_by("-occurrence__incident_id", "id")
        .values_list("occurrence__incident_id", "service_id", "region_id")[:ROWS]
    )
    by_incident: dict[int, tuple[set[int], set[int]]] = {}
    for incident, service, region in rows:
        services_of, regions_of = by_incident.setdefault(incident, (set(), set()))
        services_of.add(service)
        regions_of.add(region)
    hit = _chosen([services for services, _ in by_incident.values()])
    where = _chosen([regions for _, regions in by_incident.values()])
    services, regions = (
        Service.objects.current().in_bulk(hit),
        Region.objects.current().in_bulk(where),
    )
    own_services = _pinned(Service.objects.current(), pinned(user, "services"))
    own_regions = _pinned(Region.objects.current(), pinned(user, "regions"))
    latest = [(services[pk].slug, services[pk].name) for pk in hit if pk in services]
    places = [(regions[pk].slug, regions[pk].name) for pk in where if pk in regions]
    return Lately(
        [each for each in latest if each not in own_services],
        [each for each in places if each not in own_regions],
        own_services,
        own_regions,
    )


def _pinned(rows: QuerySet[Service] | QuerySet[Region], slugs: list[str]) -> list[tuple[str, str]]:
    names = dict(rows.filter(slug__in=slugs).values_list("slug", "name"))
    return [(slug, names[slug]) for slug in slugs if slug in names]


def _chosen(ids: list[set[int]]) -> list[int]:
    """Of incident after incident, the newest first; what is hit by the dozen is ticked by its group."""
    few = [each for some in ids if len(some) <= 2 * EACH for each in sorted(some)]
    latest = list(dict.fromkeys(few))[:EACH]
    often = [pk for pk, _ in Counter(few).most_common() if pk not in latest]
    return latest + often[:EACH]
