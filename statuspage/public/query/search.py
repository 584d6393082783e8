"""Is it me? Services and regions by words, from the generation's index: no database, no snapshot."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Protocol
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from incidents.texts.name_search import Named, search
from statuspage import languages
from statuspage.public.query import answers, subjects
from statuspage.public.query.choices import choices
from statuspage.public.render.layout import Layout, render
from statuspage.public.render.page import Page
from statuspage.public.render.table import dependents, labels, matrix, offered

STATUS = "/status/"
MOST_FOUND = 50
LONGEST = 200  # characters of a value that are looked at and echoed
MAX_AGE = 30


class Generation(Protocol):
    """What an answer may read: the same values as those of the `Site` it was written from."""

    @property
    def pages(self) -> Mapping[str, Page]: ...
    @property
    def parts(self) -> Mapping[str, bytes]: ...
    @property
    def index(self) -> Mapping[str, Any]: ...
    @property
    def revision(self) -> int: ...
    @property
    def as_of(self) -> datetime: ...


def find(query: Mapping[str, str], generation: Generation) -> Page | None:
    """`?q=`: the service in the region that was asked for, else the services and regions that fit, with their state.

    Exact names come first, slips of the fingers last: one ranking with the desk's pickers.
    """
    asked = " ".join(query.get("q", "").split())[:LONGEST]
    if not asked:
        return None
    index = generation.index
    kinds = askable(index)
    asked_for = services_asked, regions_asked = subjects.subjects(asked, *kinds)
    words = subjects.words_found(asked, *kinds)
    by_service, by_region = chips_of(index)
    possible, possible_regions = possible_of(index, _slugs(regions_asked, index))
    names = {one.name for one in regions_asked.members} if regions_asked else None

    def item(
        one: Mapping[str, Any], chips: list[matrix.Chip], may: str, among: set[str] | None = None
    ) -> tuple[str, tuple[str, str]]:
        """Its line, and its name with its state."""
        shown = [chip for chip in chips if among is None or chip.name in among]
        states = [chip.state for chip in shown]
        state = min(states, key=labels.TROUBLE.index, default="possible" if may else "good")
        line = matrix.found_item(one["slug"], one["name"], shown, generation.as_of, may)
        return line, (one["name"], state)

    services = [
        item(one, by_service.get(one["slug"], []), possible.get(one["slug"], ""), names)
        for one in _found(words, index["services"], services_asked)
    ]
    places = _found(words, regions_of(index), None if services_asked else regions_asked)
    regions = [
        item(one, by_region.get(one["slug"], []), possible_regions.get(one["slug"], ""))
        for one in places
    ]
    answer = answer_about(*asked_for, generation)
    named = [said for _, said in services]
    named += [said for one, (_, said) in zip(places, regions, strict=True) if one["geography"]]
    several = None if answer else choices(words, named)
    told, headline = answer or several, headline_of(index)
    context = {
        "asked": asked,
        "about": _about(asked_for) if answer else words if services or regions else "",
        "query": urlencode({"q": asked}),
        "headline": headline,
        "state": told.state if told else headline["state"],
        "answer": answer,
        "choices": several,
        "found_services": [line for line, _ in services[:MOST_FOUND]],
        "found_regions": [line for line, _ in regions[:MOST_FOUND]],
        "left_out": max(0, len(services) - MOST_FOUND) + max(0, len(regions) - MOST_FOUND),
    }
    layout = Layout(generation.as_of, generation.revision)
    return Page(render("status/find.html", layout, STATUS, context), max_age=MAX_AGE)


def _about(asked_for: subjects.Subjects) -> str:
    service, region = (subject.name if subject else "" for subject in asked_for)
    return answers.pair_name(service, region)


def meant(asked: str, index: Mapping[str, Any]) -> subjects.Subjects:
    """The services and the regions that were meant."""
    return subjects.subjects(asked, *askable(index))


def askable(index: Mapping[str, Any]) -> tuple[subjects.Askable, subjects.Askable]:
    """The services and the regions, in their groups."""
    regions = regions_of(index)
    geographies = [(_named(one), one["slug"]) for one in index["geographies"]]
    categories = dict.fromkeys(one["category"] for one in index["services"])
    return (
        subjects.Askable(
            [_named(one) for one in index["services"]],
            [
                (
                    _kept(name, name),
                    [_named(o) for o in index["services"] if o["category"] == name],
                )
                for name in categories
            ],
        ),
        subjects.Askable(
            [_named(one) for one in regions],
            [
                (geography, [_named(one) for one in regions if one["geography"] == slug])
                for geography, slug in geographies
            ],
        ),
    )


def answer_about(
    services: subjects.Subject | None, regions: subjects.Subject | None, generation: Generation
) -> answers.CellAnswer | None:
    if not services and not regions:
        return None
    index, now = generation.index, generation.as_of
    slugs = _slugs(regions, index, everywhere=services is not None)
    asked = {one.slug for one in services.members} if services else None
    cells = answers.worst(
        [
            cell
            for service, region, cell in cells_of(index)
            if (asked is None or service in asked) and (slugs is None or region in slugs)
        ]
    )
    service, region = (subject and subject.only for subject in (services, regions))
    filters = {key: one.slug for key, one in (("service", service), ("region", region)) if one}
    if service and region and not cells and absent_in(index, service.slug, [region.slug]):
        return answers.absent(service.name, region.name, {"service": service.slug})
    may = ""
    if not (cells and services and regions):
        possible, possible_regions = possible_of(index, slugs)
        concerned = asked & possible.keys() if asked else possible.keys()
        if service:
            may = possible.get(service.slug, "")
        elif region and not services:
            may = possible_regions.get(region.slug, "")
        elif concerned:
            may = _("some services may be affected by what they depend on")
    return answers.answer(answers.called(services, regions, cells), cells, may, now, filters)


def _slugs(
    regions: subjects.Subject | None, index: Mapping[str, Any], *, everywhere: bool = True
) -> set[str] | None:
    """What runs in no region is meant wherever it is asked for. None: no region was."""
    if regions is None:
        return None
    nowhere = {one["slug"] for one in regions_of(index) if not one["geography"]}
    return {one.slug for one in regions.members} | (nowhere if everywhere else set())


def _named(one: Mapping[str, Any]) -> Named:
    return _kept(one["slug"], one["name"], tuple(one.get("aliases", ())))


@lru_cache(maxsize=4096)
def _kept(slug: str, name: str, aliases: tuple[str, ...] = ()) -> Named:
    """The same for every question, as its spellings are derived once."""
    return Named("", slug, name, aliases)


def _found(
    asked: str, rows: Sequence[Mapping[str, Any]], subject: subjects.Subject | None
) -> list[Mapping[str, Any]]:
    """What fits the words; where several are meant, these."""
    by_slug = {one["slug"]: one for one in rows}
    if subject and not subject.only:
        return [by_slug[one.slug] for one in subject.members]
    found = search(asked, [_named(one) for one in rows], most=len(rows))
    return [by_slug[match.named.slug] for match in found]


def headline_of(index: Mapping[str, Any]) -> Mapping[str, str]:
    """The sentence of the whole page in the current language, else in English."""
    return index["headlines"].get(languages.current()) or index["headlines"][languages.DEFAULT]  # type: ignore[no-any-return]  # JSON


def regions_of(index: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The regions of the index; the one without a geography is no place, and named in words."""
    return [
        one if one["geography"] else {**one, "name": _("Non-regional")} for one in index["regions"]
    ]


def has_words(words: Sequence[str], *names: str) -> bool:
    """Whether all `words` (casefolded) are in these names together."""
    text = " ".join(names).casefold()
    return all(word in text for word in words)


def chips_of(
    index: Mapping[str, Any],
) -> tuple[dict[str, list[matrix.Chip]], dict[str, list[matrix.Chip]]]:
    """What is not good: by service the regions, and by region the services."""
    services = {one["slug"]: one["name"] for one in index["services"]}
    regions = {one["slug"]: one["name"] for one in regions_of(index)}
    by_service: dict[str, list[matrix.Chip]] = {}
    by_region: dict[str, list[matrix.Chip]] = {}
    for service, region, state, incidents, since in index["cells"]:
        href, at = matrix.cell_url(service, region, incidents), moment(since)
        name = regions.get(region, region)
        by_service.setdefault(service, []).append(matrix.Chip(name, state, href, at))
        name = services.get(service, service)
        by_region.setdefault(region, []).append(matrix.Chip(name, state, href, at))
    return by_service, by_region


def possible_of(
    index: Mapping[str, Any], regions: Collection[str] | None = None
) -> tuple[dict[str, str], dict[str, str]]:
    """What may be affected, in words: by service (in these regions, None: in all), and by region."""
    # A generation of a former release has none.
    found = dependents.read(index.get("dependents", ()))
    rows = [row for row in found if regions is None or row[1] in regions]
    services = {one["slug"]: one["name"] for one in index["services"]}
    named = {one["slug"]: one["name"] for one in index["regions"] if one["geography"]}
    return dependents.by_service(rows, services, named), dependents.by_region(rows)


def absent_in(index: Mapping[str, Any], service: str, regions: Collection[str]) -> list[str]:
    """The names of those regions (slugs) in which a service is not offered."""
    # A generation of a former release has no marks.
    mark = index.get("offered", {}).get(service, "")
    places = [one for one in index["regions"] if one["geography"]]
    return [
        one["name"]
        for position, one in enumerate(places)
        if one["slug"] in regions and not offered.is_in(mark, position)
    ]


def cells_of(index: Mapping[str, Any]) -> Iterator[tuple[str, str, answers.HitCell]]:
    """What is not good, by the slugs of service and region."""
    services = {one["slug"]: one["name"] for one in index["services"]}
    # What has no region is named without one.
    regions = {one["slug"]: one["name"] if one["geography"] else "" for one in index["regions"]}
    for service, region, state, incidents, since in index["cells"]:
        href = matrix.cell_url(service, region, incidents)
        names = services.get(service, service), regions.get(region, region)
        yield service, region, answers.HitCell(*names, state, href, moment(since))


def moment(text: str) -> datetime:
    """A time of the index, in UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)
