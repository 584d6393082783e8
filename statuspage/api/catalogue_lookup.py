"""The catalogue's slugs that a script has sent, as rows; an unknown one is refused with what is close to it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from http import HTTPStatus
from typing import TypeVar

from incidents.models import Geography, Region, Service, ServiceCategory
from incidents.services.inputs import Hit
from statuspage.api.answers.problems import Wrong, problem
from statuspage.api.schemas.requests import Cell

Place = TypeVar("Place", Service, Region, ServiceCategory, Geography)


def hits_of(cells: Sequence[Cell]) -> list[Hit]:
    """Raises ProblemError (422) naming every cell with an unknown service or region."""
    pairs = pairs_of("impacts", [(cell.service, cell.region) for cell in cells])
    return [
        Hit(service, region, extent=cell.extent, level=cell.level, zones=tuple(cell.zones))
        for (service, region), cell in zip(pairs, cells, strict=True)
    ]


def pairs_of(field: str, slugs: Sequence[tuple[str, str]]) -> list[tuple[Service, Region]]:
    """The cells of these slugs. Raises ProblemError (422)."""
    services = _known(Service.objects.current(), (service for service, _ in slugs))
    regions = _known(Region.objects.current(), (region for _, region in slugs))
    wrong = []
    for index, (service, region) in enumerate(slugs):
        if service not in services:
            wrong.append(_unknown(f"{field}[{index}].service", service, Service))
        if region not in regions:
            wrong.append(_unknown(f"{field}[{index}].region", region, Region))
    _refuse(wrong)
    return [(services[service], regions[region]) for service, region in slugs]


def found(field: str, slugs: Sequence[str], model: type[Place]) -> list[Place]:
    """The rows, also of what is retired meanwhile. Raises ProblemError (422)."""
    known = _known(model.objects.all(), slugs)
    _refuse(
        [
            _unknown(f"{field}[{index}]", slug, model)
            for index, slug in enumerate(slugs)
            if slug not in known
        ]
    )
    return [known[slug] for slug in dict.fromkeys(slugs)]


def _known(rows: Iterable[Place], slugs: Iterable[str]) -> dict[str, Place]:
    wanted = set(slugs)
    return {row.slug: row for row in rows if row.slug in wanted}


def _unknown(field: str, slug: str, model: type[Place]) -> Wrong:
    noun = model._meta.verbose_name
    every = model.objects.values_list("slug", flat=True)
    close = get_close_matches(slug, every, 3)
    remedy = f"use {' or '.join(close)}" if close else f"use a slug of /api/v1/{noun}s"
    return Wrong(field, slug, f"is no {noun} of the catalogue", remedy)


def _refuse(wrong: list[Wrong]) -> None:
    if wrong:
        raise problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "The catalogue does not have everything that was named; nothing was changed.",
            *wrong[:100],
        )
