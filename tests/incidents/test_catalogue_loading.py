"""A catalogue goes into the tables, twice is once, and what it drops is retired, not lost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from incidents.importers.catalogue_file import load_shipped, read_catalogue
from incidents.models import (
    Alias,
    Dependency,
    Geography,
    Offering,
    Region,
    Revision,
    Service,
    ServiceCategory,
)
from incidents.services.imports.catalogue import CatalogueCounts, apply_catalogue

pytestmark = pytest.mark.django_db

NOW = datetime(2024, 1, 21, 9, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=1)

FULL = """\
geographies:
  - name: Europe
    aliases: [European]
    regions:
      - {name: West Europe, zones: [1, 2], aliases: [westeurope]}
      - {name: UK West, aliases: [ukwest]}
  - {name: Asia, regions: [East Asia]}
categories:
  - name: Storage
    services:
      - {name: Storage, aliases: [Blobs]}
      - {name: Files, aliases: [Shares], offered: [Europe], depends_on: [Storage]}
  - name: Identity
    services:
      - {name: Entra, non_regional: true}
"""
# Files, UK West and the geography Asia are gone.
REDUCED = """\
geographies:
  - name: Europe
    aliases: [European]
    regions:
      - {name: West Europe, zones: [1, 2, 3], aliases: [westeurope]}
categories:
  - name: Storage
    services:
      - {name: Storage, aliases: [Blob Storage]}
  - name: Identity
    services:
      - {name: Entra, non_regional: true}
"""


def load(text: str, now: datetime = NOW) -> CatalogueCounts:
    return apply_catalogue(catalogue=read_catalogue(text), now=now)


def cells() -> set[tuple[str, str]]:
    return set(Offering.objects.current().values_list("service__slug", "region__slug"))


def snapshot_number() -> int:
    return Revision.objects.values_list("number", flat=True).get(id=1)


def test_everything_in_the_file_is_in_the_tables() -> None:
    load(FULL)
    assert list(Geography.objects.order_by("position").values_list("slug", flat=True)) == [
        "europe",
        "asia",
        "global",
    ]
    region = Region.objects.get(slug="west-europe")
    assert (region.name, region.geography.slug, region.zones) == (
        "West Europe",
        "europe",
        ["1", "2"],
    )
    service = Service.objects.get(slug="files")
    assert (service.category.name, service.non_regional) == ("Storage", False)
    assert cells() == {
        ("storage", "west-europe"),
        ("storage", "uk-west"),
        ("storage", "east-asia"),
        ("files", "west-europe"),
        ("files", "uk-west"),
        ("entra", "global"),
    }
    assert Dependency.objects.get().depends_on.slug == "storage"
    owner = Alias.objects.get(folded="european")
    assert owner.geography is not None
    assert owner.geography.slug == "europe"


def test_loading_twice_changes_nothing_and_leaves_the_public_snapshot_alone() -> None:
    assert not load(FULL).nothing_changed
    before = snapshot_number()
    assert load(FULL, LATER).nothing_changed
    assert snapshot_number() == before


def test_a_change_moves_the_public_snapshot() -> None:
    load(FULL)
    before = snapshot_number()
    load(REDUCED, LATER)
    assert snapshot_number() > before


def test_a_second_load_of_the_shipped_catalogue_costs_ten_queries() -> None:
    shipped = load_shipped()
    apply_catalogue(catalogue=shipped, now=NOW)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        counts = apply_catalogue(catalogue=shipped, now=LATER)
    assert counts.nothing_changed
    # Savepoint and release, one lock, one read a table.
    assert len(queries) == 10, [query["sql"][:100] for query in queries]


def test_the_first_load_of_the_shipped_catalogue_is_done_in_bulk() -> None:
    shipped = load_shipped()
    with CaptureQueriesContext(connection) as queries:
        counts = apply_catalogue(catalogue=shipped, now=NOW)
    assert len(queries) <= 30, [query["sql"][:100] for query in queries]
    assert Offering.objects.count() == len(shipped.offerings)
    assert Dependency.objects.count() == len(shipped.dependencies)
    assert counts.tables["cells"].new == len(shipped.offerings)


def test_what_the_file_no_longer_names_is_retired_and_kept() -> None:
    load(FULL)
    load(REDUCED, LATER)
    assert Service.objects.get(slug="files").retired_at == LATER
    assert Region.objects.get(slug="uk-west").retired_at == LATER
    assert Offering.objects.filter(retired_at=LATER).count() == 4
    assert cells() == {("storage", "west-europe"), ("entra", "global")}


def test_what_is_retired_keeps_the_time_of_its_retirement() -> None:
    load(FULL)
    load(REDUCED, LATER)
    assert load(REDUCED, LATER + timedelta(days=1)).nothing_changed
    assert Service.objects.get(slug="files").retired_at == LATER


def test_what_returns_is_the_row_it_was() -> None:
    load(FULL)
    ids = dict(Service.objects.values_list("slug", "pk"))
    offerings = set(Offering.objects.values_list("pk", flat=True))
    load(REDUCED, LATER)
    counts = load(FULL, LATER + timedelta(days=1))
    assert dict(Service.objects.current().values_list("slug", "pk")) == ids
    assert set(Offering.objects.current().values_list("pk", flat=True)) == offerings
    assert (counts.tables["services"].back, counts.tables["cells"].back) == (1, 4)


def test_only_what_has_something_to_show_is_current() -> None:
    load(FULL)
    load(REDUCED.replace("Identity", "Access"), LATER)
    current = set(Geography.objects.current().values_list("slug", flat=True))
    assert current == {"europe", "global"}
    categories = set(ServiceCategory.objects.current().values_list("slug", flat=True))
    assert categories == {"storage", "access"}
    assert not Region.objects.current().filter(slug="uk-west").exists()


def test_a_changed_value_is_stored_and_counted() -> None:
    load(FULL)
    counts = load(FULL.replace("zones: [1, 2]", "zones: [1, 2, 3]"), LATER)
    assert Region.objects.get(slug="west-europe").zones == ["1", "2", "3"]
    assert {name: change.changed for name, change in counts.tables.items() if change} == {
        "regions": 1
    }


def test_a_region_may_move_to_another_geography() -> None:
    load(FULL)
    load(
        FULL.replace("      - {name: UK West, aliases: [ukwest]}\n", "").replace(
            "regions: [East Asia]", "regions: [East Asia, UK West]"
        ),
        LATER,
    )
    assert Region.objects.get(slug="uk-west").geography.slug == "asia"


def test_an_alias_that_the_file_drops_is_removed_but_old_names_of_the_retired_stay() -> None:
    load(FULL)
    load(REDUCED, LATER)
    assert set(Alias.objects.values_list("name", flat=True)) == {
        "European",
        "westeurope",
        "ukwest",
        "Blob Storage",
        "Shares",
    }


def test_an_alias_of_the_retired_gives_way_to_a_new_owner_and_to_a_new_name() -> None:
    load(FULL)
    load(REDUCED.replace("Blob Storage", "Shares").replace("Entra", "UKWest"), LATER)
    owner = Alias.objects.get(folded="shares")
    assert owner.service is not None
    assert owner.service.slug == "storage"
    assert not Alias.objects.filter(folded="ukwest").exists()


def test_how_a_service_depends_on_another_may_change() -> None:
    load(FULL)
    assert str(Dependency.objects.get().strength) == "hard"
    counts = load(
        FULL.replace("depends_on: [Storage]", "depends_on: {soft control: [Storage]}"), LATER
    )
    dependency = Dependency.objects.get()
    assert (dependency.strength, dependency.plane) == ("soft", "control")
    assert str(counts.tables["dependencies"]) == "1 (1 changed)"


def test_a_dependency_that_the_file_drops_is_removed() -> None:
    load(FULL)
    counts = load(FULL.replace(", depends_on: [Storage]", ""), LATER)
    assert not Dependency.objects.exists()
    assert str(counts.tables["dependencies"]) == "0 (1 removed)"


def test_progress_is_one_line_a_table() -> None:
    lines: list[str] = []
    apply_catalogue(catalogue=read_catalogue(FULL), now=NOW, progress=lines.append)
    assert lines == [
        "geographies: 3 (3 new)",
        "regions: 4 (4 new)",
        "categories: 2 (2 new)",
        "services: 3 (3 new)",
        "aliases: 5 (5 new)",
        "cells: 6 (6 new)",
        "dependencies: 1 (1 new)",
    ]


def test_a_load_that_fails_half_way_stores_nothing() -> None:
    catalogue = read_catalogue(FULL)

    def fail_at_cells(line: str) -> None:
        if line.startswith("cells"):
            raise OSError("standard output is closed")

    with pytest.raises(OSError, match="closed"):
        apply_catalogue(catalogue=catalogue, now=NOW, progress=fail_at_cells)
    assert not Region.objects.exists()


def test_the_database_refuses_an_alias_without_or_with_two_owners() -> None:
    load(FULL)
    service, region = Service.objects.get(slug="entra"), Region.objects.get(slug="uk-west")
    for owners in ({}, {"service": service, "region": region}):
        with pytest.raises(IntegrityError, match="alias_has_one_owner"), transaction.atomic():
            Alias.objects.create(name="X", folded="x", **owners)


def test_the_database_refuses_a_service_that_depends_on_itself() -> None:
    load(FULL)
    service = Service.objects.get(slug="entra")
    with pytest.raises(IntegrityError, match="dependency_not_on_itself"), transaction.atomic():
        Dependency.objects.create(service=service, depends_on=service)


def test_the_database_refuses_a_slug_that_no_address_can_hold() -> None:
    load(FULL)
    with pytest.raises(IntegrityError, match="region_slug_in_form"), transaction.atomic():
        Region.objects.filter(slug="uk-west").update(slug="UK West/")


def test_the_database_knows_one_global_region_by_its_slug() -> None:
    load(FULL)
    with pytest.raises(IntegrityError, match="region_global"), transaction.atomic():
        Region.objects.filter(slug="uk-west").update(is_global=True)
