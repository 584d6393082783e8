"""Incidents in the shape of the Statuspage v2 API, and as scrapers keep them, as recordings.

What the shape does not say is taken as follows, and marked as assumed:

- the region: `global`, since components are not regional;
- the extent: the whole for `critical`, a part of it otherwise;
- the audience: estimated, since whoever uses a component is concerned;
- the level: the incident's impact from the start, since its changes are not published.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

LEVEL_OF = {
    "none": "informational",
    "maintenance": "informational",
    "minor": "warning",
    "major": "error",
    "critical": "error",
}
NOT_NAMED = "not named"  # the one service of an incident that names no component


def from_scraper(document: Mapping[str, Any]) -> dict[str, object]:
    """From `begin, posted, end, severity, services, updates[{at, status, services}]`.

    Raises KeyError, ValueError."""
    updates = [(update["at"], update["services"]) for update in document["updates"]]
    return {
        "id": document["id"],
        "began": document["begin"],
        "posted": document["posted"],
        "ended": document.get("end"),
        **_common(document, document["severity"], document["services"], updates),
    }


def from_api(document: Mapping[str, Any]) -> dict[str, object]:
    """From an entry of /api/v2/incidents.json. Raises KeyError, ValueError."""
    names = [component["name"] for component in document.get("components", [])]
    updates = [
        (
            update.get("display_at") or update["created_at"],
            [each["name"] for each in update.get("affected_components") or []],
        )
        for update in document.get("incident_updates", [])
    ]
    return {
        "id": document["id"],
        "title": " ".join(document.get("name", "").split())[:500] or document["id"],
        "began": document.get("started_at") or document["created_at"],
        "posted": document["created_at"],
        "ended": document.get("resolved_at"),
        **_common(document, document["impact"], names, updates),
    }


def _common(
    document: Mapping[str, Any],
    severity: str,
    services: Sequence[str],
    updates: Sequence[tuple[str, Sequence[str]]],
) -> dict[str, object]:
    label = {"public": document["public"], "label": "stated"} if "public" in document else {}
    return {
        **label,
        "kind": "planned-maintenance" if severity == "maintenance" else "service-issue",
        "facts": list(_facts(severity, services, updates)),
    }


def _facts(
    severity: str, services: Sequence[str], updates: Sequence[tuple[str, Sequence[str]]]
) -> Iterator[dict[str, object]]:
    """First the components of the first update that names any, else the incident's own."""
    in_order = sorted(((_utc(at), named) for at, named in updates), key=lambda each: each[0])
    first = next((named for _, named in in_order if named), services) or [NOT_NAMED]
    for number, (at, named) in enumerate(in_order):
        fact: dict[str, object] = {"at": at.isoformat(), "basis": "stated"}
        if named:
            fact["services"] = [_name(service) for service in named]
        if not number:
            fact |= {
                "services": [_name(service) for service in named or first],
                "regions": ["global"],
                "level": LEVEL_OF[severity],
                "extent": "region" if severity == "critical" else "subset",
                "audience": "estimated",
                "audience_basis": "assumed",
            }
        yield fact


def _name(text: str) -> str:
    return " ".join(text.split()) or NOT_NAMED


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
