"""Many boxes in one press: a geography, a category, wherever it is offered, what depends on it, a pasted list."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import QuerySet

from incidents.models import (
    Alias,
    Dependency,
    Geography,
    Offering,
    Region,
    Service,
    ServiceCategory,
)
from incidents.texts.name_search import How, Match, Named, certain, pasted, search
from incidents.vocabulary import Strength
from incidents.wording import listed
from statuspage.desk.form.picker import NAMED, Picker

MOST_CLOSE = 3


@dataclass(frozen=True, slots=True)
class Ticked:
    """The picker after a press. `words`: what was done, or what could not be found."""

    picker: Picker
    words: str


@dataclass(frozen=True, slots=True)
class Dependents:
    """Services, by slug and name, that need what is ticked where it is ticked; those ticked left out."""

    hard: list[tuple[str, str]]
    soft: list[tuple[str, str]]


def tick(picker: Picker, wish: str, text: str = "") -> Ticked:
    """`wish`: `geography:europe`, `category:storage`, `service:redis`, `region:west-us` (again: unticks),
    `offered`, `dependents`, `pasted`, `clear:services`, `clear:regions`. `text`: the pasted list.
    """
    what, _, slug = wish.partition(":")
    if what == "geography":
        return _group(
            picker, Region.objects.current().filter(geography__slug=_safe(slug)), "regions"
        )
    if what == "category":
        return _group(
            picker, Service.objects.current().filter(category__slug=_safe(slug)), "services"
        )
    if what == "service":
        return _group(picker, Service.objects.current().filter(slug=_safe(slug)), "services")
    if what == "region":
        return _group(picker, Region.objects.current().filter(slug=_safe(slug)), "regions")
    if what == "offered":
        return _offered(picker)
    if what == "dependents":
        found = dependents_of(picker)
        slugs = [slug for slug, _ in found.hard]
        return Ticked(
            _with(picker, "services", slugs), f"{len(slugs)} dependents are ticked as services."
        )
    if what == "clear":
        return Ticked(picker.having(slug, ()) if slug in ("services", "regions") else picker, "")
    return _pasted(picker, text) if what == "pasted" else Ticked(picker, "")


def dependents_of(picker: Picker) -> Dependents:
    """Hard ones fail with what they need; of soft ones that is not said."""
    rows = (
        Dependency.objects.filter(
            depends_on__slug__in=_clean(picker.services),
            service__retired_at__isnull=True,
            service__offerings__region__slug__in=_clean(picker.regions),
            service__offerings__retired_at__isnull=True,
        )
        .exclude(service__slug__in=_clean(picker.services))
        .order_by("service__name")
        .values_list("service__slug", "service__name", "strength")
        .distinct()
    )
    hard = {slug: name for slug, name, strength in rows if strength == Strength.HARD}
    soft = {slug: name for slug, name, strength in rows if slug not in hard}
    return Dependents(list(hard.items()), list(soft.items()))


def services_named() -> list[Named]:
    rows = Service.objects.current().order_by("category__position", "position")
    return _named("service", rows, "service")


def regions_named() -> list[Named]:
    rows = Region.objects.current().order_by("geography__position", "position")
    return _named("region", rows, "region")


def groups_named(what: str) -> list[Named]:
    """Categories of services, or geographies of regions."""
    if what == "services":
        categories = ServiceCategory.objects.order_by("position")
        return [Named("category", each.slug, each.name) for each in categories]
    return _named("geography", Geography.objects.order_by("position"), "geography")


def looked_up(what: str, text: str) -> tuple[list[Match], Named | None]:
    """What a typed name finds among services or regions, and what it means for certain: one, or a group."""
    found = search(text, services_named() if what == "services" else regions_named())
    meant = certain(found)
    if not found or found[0].how > How.INITIALS:
        groups = [each for each in search(text, groups_named(what)) if each.how <= How.INITIALS]
        meant = groups[0].named if groups else meant
    return found, meant


def _group(picker: Picker, rows: QuerySet[Region] | QuerySet[Service], name: str) -> Ticked:
    slugs = list(rows.order_by("position").values_list("slug", flat=True))
    ticked = picker.ticked(name)
    if slugs and set(slugs) <= set(ticked):
        return Ticked(picker.having(name, [each for each in ticked if each not in slugs]), "")
    return Ticked(_with(picker, name, slugs), "")


def _offered(picker: Picker) -> Ticked:
    """Every region where a ticked service is offered."""
    offered = Offering.objects.current().filter(service__slug__in=_clean(picker.services))
    regions = Region.objects.current().filter(pk__in=offered.values("region")).order_by("position")
    slugs = list(regions.values_list("slug", flat=True))
    if not slugs:
        return Ticked(picker, "Tick a service first: its regions are then ticked.")
    return Ticked(
        _with(picker, "regions", slugs),
        f"{len(slugs)} regions are ticked, all where it is offered.",
    )


def _pasted(picker: Picker, text: str) -> Ticked:
    among = [*services_named(), *regions_named(), *groups_named("regions")]
    read = pasted(text, among)
    services = [each.slug for each in read.found if each.kind == "service"]
    places = [each.slug for each in read.found if each.kind == "region"]
    whole = [each.slug for each in read.found if each.kind == "geography"]
    places += (
        Region.objects.current().filter(geography__slug__in=whole).values_list("slug", flat=True)
    )
    picker = _with(_with(picker, "services", services), "regions", places)
    words = f"{len(services)} services and {len(places)} regions of the list are ticked."
    if read.unknown:
        words += (
            f" Not found: {listed([_with_close(each, among) for each in read.unknown], NAMED)}."
        )
    return Ticked(picker, words)


def _with_close(piece: str, among: list[Named]) -> str:
    close = [each.named.name for each in search(piece, among, most=MOST_CLOSE)]
    return f"“{piece}” ({' or '.join(close)}?)" if close else f"“{piece}”"


def _with(picker: Picker, name: str, slugs: Iterable[str]) -> Picker:
    return picker.having(name, [*picker.ticked(name), *slugs])


def _named(kind: str, rows: Iterable[Service | Region | Geography], owner: str) -> list[Named]:
    aliases: dict[int, list[str]] = {}
    for pk, name in Alias.objects.filter(**{f"{owner}__isnull": False}).values_list(owner, "name"):
        aliases.setdefault(pk, []).append(name)
    return [Named(kind, each.slug, each.name, tuple(aliases.get(each.pk, ()))) for each in rows]


def _clean(slugs: Iterable[str]) -> list[str]:
    """PostgreSQL refuses a NUL in a text before it looks for it."""
    return [slug for slug in slugs if "\x00" not in slug]


def _safe(slug: str) -> str:
    return slug.replace("\x00", "")
