"""Snapshots for the tests of feeds and formats: nothing, an eventful day, a large cloud, hostile words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from incidents import status_mapping
from statuspage.public.formats import format_answers, format_index, format_pages, format_parts
from statuspage.public.render.page import Page
from statuspage.public.snapshot.values import (
    CategoryView,
    CellView,
    CommunicationView,
    GeographyView,
    ImpactView,
    IncidentView,
    NamedView,
    RegionView,
    ReviewView,
    SectionView,
    ServiceView,
    Snapshot,
    WindowView,
)

NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
NAME, BASE = "Example Cloud", "https://status.example.com"

GEOGRAPHIES = (
    GeographyView("americas", "Americas", (RegionView("east-us", "East US", ("1", "2")),)),
    GeographyView(
        "europe",
        "Europe",
        (RegionView("west-europe", "West Europe"), RegionView("north-europe", "North Europe")),
    ),
)
WORLD = RegionView("global", "Global")
CATEGORIES = (
    CategoryView("storage", "Storage", (ServiceView("storage", "Storage"), ServiceView("key-vault", "Key Vault"))),
    CategoryView("web", "Web", (ServiceView("portal", "Portal & Co"),)),
)  # fmt: skip
OFFERED = frozenset(
    {(s, r) for s in ("storage", "key-vault") for r in ("east-us", "west-europe", "north-europe")}
    - {("key-vault", "north-europe")}
    | {("portal", "global")}
)
SERVICES = {s.slug: NamedView(s.slug, s.name) for c in CATEGORIES for s in c.services}
REGIONS = {r.slug: NamedView(r.slug, r.name) for g in GEOGRAPHIES for r in g.regions}
REGIONS["global"] = NamedView("global", "Global")


def at(text: str) -> datetime:
    """`09:00` of today, or `2026-02-01 09:00`."""
    moment = text if " " in text else f"2026-03-01 {text}"
    return datetime.fromisoformat(moment).replace(tzinfo=UTC)


def said(number: int, stage: str, time: str, text: str, kind: str = "update") -> CommunicationView:
    return CommunicationView(number, kind, stage, at(time), f"<p>{text}</p>", text, "en")


def impact(
    service: str,
    region: str,
    start: str,
    end: str = "",
    level: str = "error",
    extent: str = "subset",
) -> ImpactView:
    return ImpactView(
        SERVICES[service], REGIONS[region], (), extent, level, at(start), at(end) if end else None
    )


def incident(tracking_id: str, title: str, *impacts: ImpactView, **more: Any) -> IncidentView:
    """An active service issue; its windows, places and times are those of the impacts."""
    spans = dict.fromkeys((one.start, one.end) for one in impacts)
    ends = [end for _start, end in spans if end is not None]
    values: dict[str, Any] = {
        "tracking_id": tracking_id,
        "kind": "service-issue",
        "level": "error",
        "title": title,
        "stage": "investigating",
        "active": True,
        "started_at": min((one.start for one in impacts), default=at("09:00")),
        "ended_at": max(ends) if len(ends) == len(spans) and ends else None,
        "updated_at": at("09:20"),
        "scenario": 1,
        "note": "",
        "windows": tuple(WindowView("", start, end) for start, end in spans),
        "impacts": impacts,
        "services": tuple({one.service.slug: one.service for one in impacts}.values()),
        "regions": tuple({one.region.slug: one.region for one in impacts}.values()),
        "geographies": (),
        "communications": (),
        "review": None,
    }
    return IncidentView(**(values | more))


def snapshot(*incidents: IncidentView, **more: Any) -> Snapshot:
    """Newest start first, with the cells that their open impacts make."""
    cells: dict[tuple[str, str], CellView] = {}
    for one in incidents:
        if one.kind == "planned-maintenance" and one.stage != "in-progress":
            continue
        for hit in one.impacts:
            if hit.end is not None and hit.end <= NOW:
                continue
            key = (hit.service.slug, hit.region.slug)
            state = status_mapping.cell_state(one.kind, hit.level, hit.extent)
            known = cells.get(key)
            worst = max(known.state if known else "good", state, key=status_mapping.GRAVITY.index)
            cells[key] = CellView(worst, (one.tracking_id,), hit.start)
    ordered = sorted(incidents, key=lambda one: one.started_at, reverse=True)
    values: dict[str, Any] = {
        "revision": 7,
        "as_of": NOW,
        "geographies": GEOGRAPHIES,
        "non_regional": WORLD,
        "categories": CATEGORIES,
        "offered": OFFERED,
        "cells": cells,
        "incidents": tuple(ordered),
    }
    return Snapshot(**(values | more))


def maintenance(
    tracking_id: str, title: str, stage: str, begin: str, end: str, **more: Any
) -> IncidentView:
    return incident(
        tracking_id,
        title,
        impact("storage", "north-europe", begin, level="informational"),
        kind="planned-maintenance",
        level="informational",
        stage=stage,
        active=stage in ("planned", "rescheduled", "in-progress"),
        scheduled_for=at(begin),
        scheduled_until=at(end),
        **more,
    )  # fmt: skip


REVIEW = ReviewView(
    "final",
    2,
    at("2026-01-20 12:00"),
    (SectionView("what-happened", "What happened?", "<p>Keys were <em>late</em>.</p>"),),
    (),
    (),
    "",
    "",
)

TWICE = incident(
    "TWIC-001",
    "Storage fails twice",
    impact("storage", "east-us", "2026-02-10 08:00", "2026-02-10 09:00", extent="zone"),
    impact("storage", "west-europe", "2026-02-10 08:30", "2026-02-10 09:00", level="warning"),
    impact("storage", "east-us", "2026-02-10 11:00", "2026-02-10 12:00"),
    stage="resolved",
    active=False,
    updated_at=at("2026-02-10 13:00"),
    communications=(
        said(3, "resolved", "2026-02-10 13:00", "Over for good."),
        said(2, "mitigated", "2026-02-10 09:05", "A fix is in place."),
        said(1, "investigating", "2026-02-10 08:10", "We are looking."),
    ),
)
NOW_BROKEN = incident(
    "NOWB-002",
    "Key Vault requests fail",
    impact("key-vault", "west-europe", "08:50", extent="region"),
    impact("key-vault", "east-us", "09:00", level="warning"),
    stage="identified",
    communications=(
        said(2, "identified", "09:20", "A gateway is overloaded."),
        said(1, "investigating", "09:05", "Some requests fail."),
    ),
)
REVIEWED = incident(
    "KEYS-003",
    "Keys were late",
    stage="resolved",
    active=False,
    backfilled=True,
    started_at=at("2026-01-02 10:00"),
    ended_at=at("2026-01-02 14:00"),
    updated_at=at("2026-01-20 12:00"),
    windows=(WindowView("", at("2026-01-02 10:00"), at("2026-01-02 14:00")),),
    services=(SERVICES["key-vault"], NamedView("storage", "Storage", "mentioned")),
    geographies=(NamedView("europe", "Europe"),),
    review=REVIEW,
)
PLANNED = maintenance(
    "PLAN-004", "Routers, replaced; twice", "planned", "2026-03-08 22:00", "2026-03-09 00:00",
    communications=(said(1, "planned", "2026-02-25 12:00", "We replace routers."),),
    updated_at=at("2026-02-25 12:00"),
)  # fmt: skip
CANCELLED = maintenance(
    "CANC-005", "Switches, replaced", "cancelled", "2026-03-05 22:00", "2026-03-06 00:00",
    communications=(
        said(2, "cancelled", "2026-02-26 12:00", "Not this time."),
        said(1, "planned", "2026-02-25 12:00", "We replace switches."),
    ),
    updated_at=at("2026-02-26 12:00"),
)  # fmt: skip
RUNNING = maintenance(
    "RUNN-006", "Disks, replaced", "in-progress", "09:00", "11:00",
    communications=(
        said(2, "in-progress", "09:01", "We have begun."),
        said(1, "planned", "2026-02-25 12:00", "We replace disks."),
    ),
)  # fmt: skip

EMPTY = snapshot()
EVENTFUL = snapshot(TWICE, NOW_BROKEN, REVIEWED, PLANNED, CANCELLED, RUNNING)


def large(regions: int = 70, services: int = 200, most: int = 6500) -> Snapshot:
    """As large as a hyperscaler: `most` cells offered."""
    places = tuple(RegionView(f"region-{n}", f"Region {n}") for n in range(regions - 1))
    offers = tuple(ServiceView(f"service-{n}", f"Service {n}") for n in range(services))
    pairs = [(s.slug, r.slug) for r in (*places, WORLD) for s in offers]
    return snapshot(
        geographies=(GeographyView("everywhere", "Everywhere", places),),
        categories=(CategoryView("all", "All", offers),),
        offered=frozenset(pairs[:most]),
    )


def hostile(text: str) -> Snapshot:
    """`text` in every place that people write into; HTML fields stay as sanitising left them."""
    service, region = NamedView("storage", text), NamedView("east-us", text)
    hit = ImpactView(service, region, (text,), "subset", "error", at("09:00"), None)
    words = CommunicationView(1, "update", "investigating", at("09:10"), "<p>safe</p>", text, "en")
    names: dict[str, Any] = {"services": (service,), "regions": (region,), "title": text}
    work = maintenance("WORK-008", text, "planned", "2026-03-08 22:00", "2026-03-08 23:00")
    return snapshot(
        replace(incident("HOST-007", text, hit), communications=(words,), **names),
        replace(work, communications=(words,), **names),
        replace(REVIEWED, **names),
        geographies=(GeographyView("americas", text, (RegionView("east-us", text),)),),
        categories=(CategoryView("storage", text, (ServiceView("storage", text, (text,)),)),),
        offered=frozenset({("storage", "east-us")}),
    )


def pages_of(shown: Snapshot, name: str = NAME) -> dict[str, Page]:
    return format_pages(shown, site_name=name, base_url=f"{BASE}/")


@dataclass(frozen=True)
class Generation:
    """What a web process holds of it: an index that was JSON in between."""

    index: Mapping[str, Any]
    as_of: datetime = NOW
    parts: Mapping[str, bytes] = field(default_factory=dict)


def generation(shown: Snapshot, name: str = NAME) -> Generation:
    index = format_index(shown, site_name=name, base_url=BASE)
    return Generation(json.loads(json.dumps(index)), shown.as_of, format_parts(shown))


def answer(shown: Snapshot, path: str, **query: str) -> Page | None:
    """As the web process asks: the longest prefix wins."""
    prefix = max((one for one in format_answers if path.startswith(one)), key=len)
    return format_answers[prefix](path, query, generation(shown))


def days(number: float) -> timedelta:
    return timedelta(days=number)
