"""The part of the catalogue's graph that an incident concerns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from django.contrib.postgres.aggregates import ArrayAgg

from incidents.derived_facts import Dependent, Graph
from incidents.models import Dependency
from incidents.vocabulary import Strength


def graph_around(services: Collection[str], regions: Collection[str]) -> Graph:
    """Who needs one of these services and is offered in one of these regions; one query."""
    rows = (
        Dependency.objects.filter(
            depends_on__slug__in=services,
            service__retired_at__isnull=True,
            service__offerings__region__slug__in=regions,
            service__offerings__retired_at__isnull=True,
        )
        .values_list("depends_on__slug", "service__slug", "service__name", "strength")
        .annotate(where=ArrayAgg("service__offerings__region__slug", distinct=True))
    )
    needed: defaultdict[str, list[Dependent]] = defaultdict(list)
    for needs, slug, name, strength, where in rows:
        needed[needs].append(Dependent(slug, name, strength == Strength.HARD, frozenset(where)))
    return Graph({service: tuple(each) for service, each in needed.items()})
