"""Writes the catalogue: makes the tables say what a catalogue file says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Manager

from incidents.importers.catalogue_file import Catalogue, fold_name
from incidents.models.catalogue import (
    Alias,
    Dependency,
    Geography,
    Offering,
    Region,
    Service,
    ServiceCategory,
)

Slugged = Geography | Region | ServiceCategory | Service
Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one table. What history may name is retired, all else removed."""

    total: int
    new: int = 0
    changed: int = 0
    back: int = 0
    retired: int = 0
    removed: int = 0

    def __bool__(self) -> bool:
        return any((self.new, self.changed, self.back, self.retired, self.removed))

    def __str__(self) -> str:
        parts = [
            f"{count} {word}"
            for count, word in (
                (self.new, "new"),
                (self.changed, "changed"),
                (self.back, "back"),
                (self.retired, "retired"),
                (self.removed, "removed"),
            )
            if count
        ]
        return f"{self.total} ({', '.join(parts) or 'as before'})"


@dataclass(frozen=True, slots=True)
class CatalogueCounts:
    """One `Change` a table, in the order of loading."""

    tables: dict[str, Change] = field(default_factory=dict)

    @property
    def nothing_changed(self) -> bool:
        return not any(self.tables.values())


def apply_catalogue(
    *, catalogue: Catalogue, now: datetime, progress: Report | None = None
) -> CatalogueCounts:
    """Store the catalogue in one transaction; what it no longer names is retired as of `now` (UTC).

    Reappearing ends retirement. `progress` gets one line a
    table. A handful of queries whatever the size: everything is compared here and written in bulk.
    """
    counts = CatalogueCounts()
    with transaction.atomic():
        wait_for_other_loads()
        for table, change in _load(catalogue, now):
            counts.tables[table] = change
            if progress:
                progress(f"{table}: {change}")
    return counts


def wait_for_other_loads() -> None:
    """Two loads at once would each insert what the other has not committed. Readers don't wait."""
    with connection.cursor() as cursor:
        tables = ", ".join(
            connection.ops.quote_name(model._meta.db_table) for model in (Region, Service)
        )
        cursor.execute(f"LOCK TABLE {tables} IN SHARE ROW EXCLUSIVE MODE")


def _load(catalogue: Catalogue, now: datetime) -> Iterator[tuple[str, Change]]:
    """Each table after those that it refers to."""
    change, geographies = _mirror(
        Geography,
        [
            Geography(slug=entry.slug, name=entry.name, position=position)
            for position, entry in enumerate(catalogue.geographies)
        ],
        ("name", "position"),
        None,
    )
    yield "geographies", change

    change, regions = _mirror(
        Region,
        [
            Region(
                slug=entry.slug,
                name=entry.name,
                geography_id=geographies[entry.geography],
                zones=list(entry.zones),
                position=position,
                is_global=entry.is_global,
            )
            for position, entry in enumerate(catalogue.regions)
        ],
        ("name", "geography_id", "zones", "position", "is_global"),
        now,
    )
    yield "regions", change

    change, categories = _mirror(
        ServiceCategory,
        [
            ServiceCategory(slug=entry.slug, name=entry.name, position=position)
            for position, entry in enumerate(catalogue.categories)
        ],
        ("name", "position"),
        None,
    )
    yield "categories", change

    change, services = _mirror(
        Service,
        [
            Service(
                slug=entry.slug,
                name=entry.name,
                category_id=categories[entry.category],
                non_regional=entry.non_regional,
                position=position,
            )
            for position, entry in enumerate(catalogue.services)
        ],
        ("name", "category_id", "non_regional", "position"),
        now,
    )
    yield "services", change

    yield "aliases", _mirror_aliases(catalogue, geographies, regions, services)
    cells = [(services[service], regions[region]) for service, region in catalogue.offerings]
    yield "cells", _mirror_offerings(cells, now)
    needs = [
        Dependency(
            service_id=services[entry.service],
            depends_on_id=services[entry.depends_on],
            strength=entry.strength,
            plane=entry.plane,
        )
        for entry in catalogue.dependencies
    ]
    yield "dependencies", _mirror_dependencies(needs)


def _mirror(
    model: type[Slugged], wanted: Sequence[Slugged], fields: tuple[str, ...], now: datetime | None
) -> tuple[Change, dict[str, int]]:
    """Make the rows with these slugs be as wanted; returns their ids by slug.

    `now` set: rows that are not wanted are retired. None: they stay, as a heading without entries.
    """
    rows: Manager[Any] = model._default_manager
    stored: dict[str, Slugged] = {row.slug: row for row in rows.all()}
    slugs = {row.slug for row in wanted}
    new = [row for row in wanted if row.slug not in stored]
    kept = [(row, stored[row.slug]) for row in wanted if row.slug in stored]
    back = [row for row, old in kept if _is_retired(old)]
    changed = [
        row
        for row, old in kept
        if not _is_retired(old) and any(getattr(row, name) != getattr(old, name) for name in fields)
    ]
    written = rows.bulk_create(
        [*new, *back, *changed],
        update_conflicts=True,
        unique_fields=["slug"],
        update_fields=[
            model._meta.get_field(name).name
            for name in (*fields, *(("retired_at",) if now else ()))
        ],
    )
    ids = {row.slug: row.pk for row in (*stored.values(), *written) if row.slug in slugs}
    retired = 0
    if now:
        lost = [r.pk for r in stored.values() if r.slug not in slugs and not _is_retired(r)]
        retired = rows.filter(pk__in=lost).update(retired_at=now)
    return Change(len(wanted), len(new), len(changed), len(back), retired), ids


def _is_retired(row: Slugged) -> bool:
    return getattr(row, "retired_at", None) is not None


def _mirror_aliases(
    catalogue: Catalogue,
    geographies: dict[str, int],
    regions: dict[str, int],
    services: dict[str, int],
) -> Change:
    """Aliases of what is retired stay, for old texts, unless somebody else is called so now."""
    ids = {"geography": geographies, "region": regions, "service": services}
    wanted: dict[str, Alias] = {}
    taken: set[str] = set()
    for named in catalogue.names():
        taken.add(fold_name(named.name))
        owner = {f"{named.kind}_id": ids[named.kind][named.slug]}
        for alias in named.aliases:
            wanted[fold_name(alias)] = Alias(name=alias, folded=fold_name(alias), **owner)
    fields = ("name", "service_id", "region_id", "geography_id")
    stored = {alias.folded: alias for alias in Alias.objects.all()}
    new = [alias for folded, alias in wanted.items() if folded not in stored]
    changed = [
        alias
        for folded, alias in wanted.items()
        if folded in stored
        and any(getattr(alias, name) != getattr(stored[folded], name) for name in fields)
    ]
    Alias.objects.bulk_create(
        [*new, *changed],
        update_conflicts=True,
        unique_fields=["folded"],
        update_fields=["name", "service", "region", "geography"],
    )
    present = {(kind, pk) for kind, by_slug in ids.items() for pk in by_slug.values()}
    lost = [
        alias.pk
        for folded, alias in stored.items()
        if folded not in wanted and (folded in taken or _owner(alias) in present)
    ]
    if lost:
        Alias.objects.filter(pk__in=lost).delete()
    return Change(len(wanted), len(new), len(changed), removed=len(lost))


def _owner(alias: Alias) -> tuple[str, int | None]:
    if alias.service_id is not None:
        return "service", alias.service_id
    if alias.region_id is not None:
        return "region", alias.region_id
    return "geography", alias.geography_id


def _mirror_offerings(cells: Sequence[tuple[int, int]], now: datetime) -> Change:
    stored = {
        (service, region): (pk, retired_at)
        for pk, service, region, retired_at in Offering.objects.values_list(
            "pk", "service_id", "region_id", "retired_at"
        )
    }
    wanted = set(cells)
    new = [cell for cell in cells if cell not in stored]
    back = [pk for cell, (pk, retired) in stored.items() if retired and cell in wanted]
    lost = [pk for cell, (pk, retired) in stored.items() if not retired and cell not in wanted]
    Offering.objects.bulk_create(
        [Offering(service_id=service, region_id=region) for service, region in new]
    )
    if back:
        Offering.objects.filter(pk__in=back).update(retired_at=None)
    if lost:
        Offering.objects.filter(pk__in=lost).update(retired_at=now)
    return Change(len(cells), len(new), back=len(back), retired=len(lost))


def _mirror_dependencies(wanted: Sequence[Dependency]) -> Change:
    """Dependencies are compared by what needs what; how it does may change."""

    def pair(row: Dependency) -> tuple[int, int]:
        return row.service_id, row.depends_on_id

    stored = {pair(row): row for row in Dependency.objects.all()}
    new = [row for row in wanted if pair(row) not in stored]
    changed = [
        row
        for row in wanted
        if (old := stored.get(pair(row))) and (old.strength, old.plane) != (row.strength, row.plane)
    ]
    kept = {pair(row) for row in wanted}
    lost = [row.pk for row in stored.values() if pair(row) not in kept]
    Dependency.objects.bulk_create(
        [*new, *changed],
        update_conflicts=True,
        unique_fields=["service", "depends_on"],
        update_fields=["strength", "plane"],
    )
    if lost:
        Dependency.objects.filter(pk__in=lost).delete()
    return Change(len(wanted), len(new), len(changed), removed=len(lost))
