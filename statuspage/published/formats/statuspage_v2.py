"""Statuspage's public API, version 2: regions are groups, cells are components. Pure.

Field names and values are those that its many readers parse strictly; absent values are null, never
left out. Ids are derived from slugs and tracking IDs, so they are the same after every restart.
"""

from __future__ import annotations

import json
from base64 import b32encode
from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from django.conf import settings

from statuspage.published import mapping
from statuspage.published.picture import CommunicationView, IncidentView, Picture, RegionView
from statuspage.published.sentences import is_upcoming
from statuspage.published.site import Page

JSON = "application/json"
NEWEST = 50
# The catalogue does not say since when it has something; readers want a date nevertheless.
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)

OF_CELL = {
    "critical": "partial_outage", "warning": "degraded_performance", "information": "operational",
    "maintenance": "under_maintenance",
}  # fmt: skip
WORST = (
    "major_outage",
    "partial_outage",
    "degraded_performance",
    "under_maintenance",
    "operational",
)
IMPACTS = {"error": "major", "warning": "minor", "informational": "none"}
DESCRIPTIONS = {
    "none": "All Systems Operational",
    "minor": "Partially Degraded Service",
    "major": "Partial System Outage",
    "critical": "Major Service Outage",
}


def ident(*parts: str) -> str:
    """Twelve lower-case letters and digits, as the original has them."""
    return b32encode(sha256("/".join(parts).encode()).digest())[:12].decode().lower()


def stamp(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def pages(picture: Picture) -> dict[str, Page]:
    statuses = cell_statuses(picture)
    groups, cells = components(picture, statuses)
    everything = [*groups, *cells]
    by_key = {(c["_service"], c["_region"]): c for c in cells}
    for one in cells:
        del one["_service"], one["_region"]
    page = _page(picture)
    issues = [one for one in picture.incidents if one.kind != "planned-maintenance"]
    works = [one for one in picture.incidents if one.kind == "planned-maintenance"]

    def told(chosen: Iterable[IncidentView]) -> list[dict[str, Any]]:
        return [incident(one, by_key) for one in list(chosen)[:NEWEST]]

    unresolved = told(one for one in issues if one.active and one.stage != "resolved")
    upcoming = told(one for one in works if is_upcoming(one, picture.as_of))
    running = told(one for one in works if one.active and one.stage == "in-progress")
    status = rollup(
        statuses.values(), [one for one in issues if one.active and one.stage != "resolved"]
    )
    bodies: dict[str, dict[str, Any]] = {
        "summary": {
            "components": everything, "incidents": unresolved,
            "scheduled_maintenances": [*upcoming, *running], "status": status,
        },
        "status": {"status": status},
        "components": {"components": everything},
        "incidents": {"incidents": told(issues)},
        "incidents/unresolved": {"incidents": unresolved},
        "scheduled-maintenances": {"scheduled_maintenances": told(works)},
        "scheduled-maintenances/upcoming": {"scheduled_maintenances": upcoming},
        "scheduled-maintenances/active": {"scheduled_maintenances": running},
    }  # fmt: skip
    return {
        f"/api/v2/{name}.json": Page(_dump({"page": page, **body}), JSON)
        for name, body in bodies.items()
    }


def _dump(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _page(picture: Picture) -> dict[str, Any]:
    # The last change, not the last reading: a calm page keeps its bytes, and caches their copies.
    changed = max(
        (min(one.updated_at, picture.as_of) for one in picture.incidents), default=LONG_AGO
    )
    return {
        "id": ident("page"), "name": settings.SITE_NAME, "url": str(settings.BASE_URL).rstrip("/"),
        "time_zone": "Etc/UTC", "updated_at": stamp(changed),
    }  # fmt: skip


def cell_statuses(picture: Picture) -> dict[tuple[str, str], str]:
    """Status of every cell that is not operational; the extent of the impact tells major from partial."""
    statuses = {key: OF_CELL[cell.state] for key, cell in picture.cells.items()}
    for one in picture.incidents:
        for impact in one.impacts if one.active and one.kind != "planned-maintenance" else ():
            key = (impact.service.slug, impact.region.slug)
            if key in statuses and (impact.end is None or impact.end > picture.as_of):
                shown = mapping.shown(one.kind, impact.level, impact.extent).component
                statuses[key] = min(statuses[key], shown, key=WORST.index)
    return statuses


def components(
    picture: Picture, statuses: dict[tuple[str, str], str]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """(groups, children), both in the order of the catalogue."""
    regions = [region for geography in picture.geographies for region in geography.regions]
    if picture.non_regional is not None:
        regions.insert(0, picture.non_regional)
    groups, children = [], []
    for position, region in enumerate(regions, start=1):
        members = _members(picture, region, statuses)
        if not members:
            continue
        worst = min((one["status"] for one in members), key=WORST.index)
        group = _component(ident("region", region.slug), region.name, worst, position, None)
        groups.append(group | {"group": True, "components": [one["id"] for one in members]})
        children += members
    return groups, children


def _members(
    picture: Picture, region: RegionView, statuses: dict[tuple[str, str], str]
) -> list[dict[str, Any]]:
    members = []
    for category in picture.categories:
        for service in category.services:
            key = (service.slug, region.slug)
            if key not in picture.offered and key not in statuses:
                continue
            status, cell = statuses.get(key, "operational"), picture.cells.get(key)
            one = _component(
                ident("cell", *key),
                service.name,
                status,
                len(members) + 1,
                ident("region", region.slug),
            )
            if cell is not None:
                one["updated_at"] = stamp(cell.since)
            members.append(one | {"_service": service.slug, "_region": region.slug})
    return members


def _component(
    identity: str, name: str, status: str, position: int, group: str | None
) -> dict[str, Any]:
    return {
        "id": identity, "name": name, "status": status, "created_at": stamp(LONG_AGO),
        "updated_at": stamp(LONG_AGO), "position": position, "description": None, "showcase": False,
        "start_date": None, "group_id": group, "page_id": ident("page"), "group": False,
        "only_show_if_degraded": False,
    }  # fmt: skip


def incident(one: IncidentView, by_key: dict[tuple[str, str], dict[str, Any]]) -> dict[str, Any]:
    """An incident or maintenance with its updates, newest first."""
    works = one.kind == "planned-maintenance"
    status = mapping.STAGE_ON_STATUSPAGE.get(one.stage, "investigating")
    if one.review is not None and not works:
        status = "postmortem"
    touched = [(impact.service.slug, impact.region.slug) for impact in one.impacts]
    first = min((c.at for c in one.communications), default=one.started_at)
    closed = status in ("resolved", "postmortem", "completed")
    told = {
        "id": ident("incident", one.tracking_id), "name": one.title, "status": status,
        "created_at": stamp(first), "updated_at": stamp(one.updated_at),
        "monitoring_at": stamp(one.ended_at) if status == "monitoring" else None,
        "resolved_at": stamp(one.ended_at or one.updated_at) if closed else None,
        "impact": "maintenance" if works else IMPACTS[one.level],
        "shortlink": f"{str(settings.BASE_URL).rstrip('/')}/status/history/{one.tracking_id}/",
        "started_at": stamp(one.started_at), "page_id": ident("page"),
        "incident_updates": [_update(one, c) for c in one.communications],
        "components": [by_key[key] for key in dict.fromkeys(touched) if key in by_key],
        "reminder_intervals": None,
    }  # fmt: skip
    if works:
        told["scheduled_for"] = stamp(one.scheduled_for or one.started_at)
        told["scheduled_until"] = stamp(one.scheduled_until or one.ended_at or one.started_at)
    return told


def _update(one: IncidentView, said: CommunicationView) -> dict[str, Any]:
    at = stamp(said.at)
    return {
        "id": ident("update", one.tracking_id, str(said.number)),
        "status": mapping.STAGE_ON_STATUSPAGE.get(said.stage, "investigating"), "body": said.text,
        "incident_id": ident("incident", one.tracking_id), "created_at": at, "updated_at": at,
        "display_at": at, "affected_components": None, "deliver_notifications": True,
        "custom_tweet": None, "tweet_id": None,
    }  # fmt: skip


def rollup(statuses: Iterable[str], unresolved: Iterable[IncidentView]) -> dict[str, str]:
    """The page's indicator: none, minor or major (maintenance is not among the values readers accept)."""
    seen = set(statuses)
    levels = {one.level for one in unresolved}
    if seen & {"major_outage", "partial_outage"} or "error" in levels:
        indicator = "major"
    elif "degraded_performance" in seen or "warning" in levels:
        indicator = "minor"
    else:
        indicator = "none"
    return {"indicator": indicator, "description": DESCRIPTIONS[indicator]}
