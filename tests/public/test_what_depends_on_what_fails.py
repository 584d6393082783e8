"""What depends on a failing service may be affected: said as that, never as good, never counted as known."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from statuspage.public.formats.feed.feed_queries import badge_of, document
from statuspage.public.query.filtered import assemble
from statuspage.public.render.headline import headline
from statuspage.public.render.page import Page
from statuspage.public.render.table.matrix import table, tabs
from statuspage.public.renderer import render_site
from statuspage.public.snapshot.dependents import may_be_affected
from statuspage.public.snapshot.values import Cause, CellView, DependencyView, Snapshot
from tests.public import snapshots

ARM = "resource-manager"
NEEDS = (
    DependencyView("storage", ARM),
    DependencyView("key-vault", ARM),
    DependencyView("bastion", ARM, managing=True),
    DependencyView("portal", ARM),
    DependencyView("backup", "storage"),
    DependencyView("sql-database", "identity"),
)
SINCE = snapshots.at("2024-01-21 01:30")


def hit(*cells: tuple[str, str], state: str = "critical") -> Snapshot:
    calm = snapshots.calm(snapshots.NIGHT)
    offered = calm.offered | {(ARM, "global")}
    found = {cell: CellView(state, ("MANA-GER",), SINCE) for cell in cells}
    return replace(
        calm,
        offered=offered,
        cells=found,
        dependencies=NEEDS,
        dependents=may_be_affected(found, offered, NEEDS, "global"),
    )


NIGHT = hit((ARM, "west-europe"), (ARM, "east-us"))


def page(path: str = "/status/", **query: str) -> str:
    site = render_site(NIGHT)
    found = assemble(path, query, site) if query else site.pages[path]
    assert isinstance(found, Page)
    return " ".join(found.body.decode().split())


def test_a_dependent_is_concerned_where_what_it_needs_fails_and_nowhere_else() -> None:
    regions = {region for service, region in NIGHT.dependents if service == "storage"}
    assert regions == {"west-europe", "east-us"}
    cause = NIGHT.dependents["storage", "west-europe"].causes
    assert cause == (Cause(ARM, "west-europe"),)


def test_what_runs_without_region_is_concerned_by_any_place_of_what_is_one_worldwide() -> None:
    assert ("portal", "global") in NIGHT.dependents


def test_what_fails_worldwide_concerns_every_region_of_its_dependents() -> None:
    found = hit(("identity", "global"))
    regions = {region for service, region in found.dependents if service == "sql-database"}
    assert regions == {region for service, region in found.offered if service == "sql-database"}


def test_only_what_is_named_is_followed_not_a_chain() -> None:
    assert not any(service == "backup" for service, _ in NIGHT.dependents)


@pytest.mark.parametrize("state", ["maintenance", "information"])
def test_planned_work_and_notices_take_nothing_along(state: str) -> None:
    assert hit((ARM, "west-europe"), state=state).dependents == {}


def test_what_is_known_to_be_hit_is_not_called_possible() -> None:
    found = hit((ARM, "west-europe"), ("storage", "west-europe"))
    assert ("storage", "west-europe") not in found.dependents
    assert ("key-vault", "west-europe") in found.dependents


def test_the_list_says_what_it_depends_on_and_where() -> None:
    text = page()
    assert "may be affected: depends on Resource Manager in East US, West Europe" in text
    assert "managing it may be affected: depends on Resource Manager in" in text
    assert "3 other services may be affected: they depend on one" in text
    assert "1 other service may be affected when it is created, changed or scaled" in text
    good = text.partition('class="found good columns"')[2].partition("</ul>")[0]
    assert "Data Lake" in good
    assert "Key Vault" not in good


def test_the_matrix_gives_it_a_word_and_a_mark_of_its_own() -> None:
    europe = next(one for one in NIGHT.geographies if one.slug == "europe")
    row = table(NIGHT, europe).partition("Key Vault")[2].partition("<tr")[0]
    assert row.count("<td class=p>") == 1
    assert "<td class=q>" in table(NIGHT, europe).partition("Bastion")[2].partition("<tr")[0]
    assert "May be affected" in row
    # The card of the cell says why.
    assert 'data-why="may be affected: depends on Resource Manager in West Europe"' in row


def test_search_and_my_services_say_it_for_the_place_that_is_asked_for() -> None:
    assert "may be affected: depends on Resource Manager" in page(q="storage")
    assert "3 services may be affected" in page(q="west europe")
    here = page(services="storage,load-balancer", regions="west-europe")
    assert "No public incident touches your 2 services in West Europe." in here
    assert "1 of them may be affected by what it depends on." in here
    assert "may be affected: depends on Resource Manager in West Europe<" in here
    assert 'class="mine possible"' in here
    assert (
        "may be affected"
        not in page(services="storage", regions="japan-east").partition("<form")[0]
    )


def test_nothing_that_is_confirmed_counts_it() -> None:
    without = replace(NIGHT, dependents={}, dependencies=())
    assert headline(NIGHT) == headline(without)
    assert tabs(NIGHT) == tabs(without)
    assert 'Affected services <span class="count">1</span>' in page()


def test_data_calls_it_operational_and_describes_it() -> None:
    site = render_site(NIGHT)
    whole = site.pages["/api/v2/components.json"]
    region = document("/api/v2/regions/west-europe/components.json", {}, site)
    assert region is not None
    for found, where in (whole, "East US, West Europe"), (region, "West Europe"):
        rows = json.loads(found.body)["components"]
        said = {row["description"]: row for row in rows if "may be" in (row["description"] or "")}
        assert f"may be affected: depends on Resource Manager in {where}" in said
        assert {row["status"] for row in said.values()} == {"operational"}


def test_a_badge_shows_it() -> None:
    badge = badge_of("/badge/storage/west-europe.svg", {}, render_site(NIGHT))
    assert badge is not None
    assert b"May be affected" in badge.body
