"""Incidents in the shape of Google Cloud's incidents.json, and as scrapers keep them, as recordings.

What the shape does not say is taken as follows, and marked as assumed:

- the extent: part of a region, since only locations are published;
- the audience: estimated, since every cell has customers whose footprint is known;
- products before the first sight of them: those of the first sight;
- the label: a provider that posts only what is broad since March 2025 (everything else goes to the
  personalised dashboard) meant "public" by each post since, and would have posted few before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

LEVEL_OF = {
    "SERVICE_INFORMATION": "informational",
    "SERVICE_DISRUPTION": "warning",
    "SERVICE_OUTAGE": "error",
}
POSTS_ONLY_BROAD_SINCE = datetime(2025, 3, 1, tzinfo=UTC)
NOT_PUBLISHED = "not published"  # the one region of an incident that was posted without any
# What was changed later was edited for the record; nobody decided by it.
EDITED_AFTER = timedelta(hours=24)


def from_scraper(document: Mapping[str, Any]) -> dict[str, object]:
    """From `begin, posted, end, facts[{seen, …}], updates[{at, …}]`. Raises KeyError, ValueError."""
    posted, ended = document["posted"], document.get("end")
    last = _utc(ended) + EDITED_AFTER if ended else None
    facts = [
        fact
        for number, fact in enumerate(document["facts"])
        if number == 0 or last is None or _utc(fact["seen"]) <= last
    ]
    return {
        "id": document["id"],
        "began": document["begin"],
        "posted": posted,
        "ended": ended,
        **_label(document, posted),
        "facts": list(_facts(facts, document.get("updates") or [], posted)),
    }


def from_feed(document: Mapping[str, Any]) -> dict[str, object]:
    """From an entry of incidents.json. Raises KeyError, ValueError."""
    where = [
        *document.get("currently_affected_locations", []),
        *document.get("previously_affected_locations", []),
    ]
    seen = {
        "seen": document["created"],
        "services": [product["title"] for product in document["affected_products"]],
        "regions": [place["id"] for place in where],
        "impact": document["status_impact"],
    }
    updates = [
        {
            "at": update["when"],
            "impact": update.get("status", "AVAILABLE"),
            "regions": [place["id"] for place in update.get("affected_locations", [])],
        }
        for update in document.get("updates", [])
    ]
    updates.sort(key=lambda update: _utc(update["at"]))
    return {
        "id": document["id"],
        "title": " ".join(document.get("external_desc", "").split())[:500] or document["id"],
        "began": document["begin"],
        "posted": document["created"],
        "ended": document.get("end"),
        **_label(document, document["created"]),
        "facts": list(_facts([seen], updates, document["created"])),
    }


def _label(document: Mapping[str, Any], posted: str) -> dict[str, object]:
    if "public" in document:
        return {"public": document["public"], "label": "stated"}
    return {
        "public": _utc(posted) >= POSTS_ONLY_BROAD_SINCE,
        "label": "assumed from the date: only what is broad is posted since March 2025",
    }


def _facts(
    seen: Sequence[Mapping[str, Any]], updates: Sequence[Mapping[str, Any]], posted: str
) -> Iterator[dict[str, object]]:
    """The published facts at each moment one of them changed, in time order."""
    start = _utc(posted)
    changes = [
        (max(_utc(fact["seen"]), start) if number else start, 0, fact)
        for number, fact in enumerate(seen)
    ]
    changes += [(max(_utc(each["at"]), start), 1, each) for each in updates]
    for number, (at, _, change) in enumerate(sorted(changes, key=lambda change: change[:2])):
        fact: dict[str, object] = {"at": at.isoformat(), "basis": "stated"}
        if services := change.get("services"):
            fact["services"] = [_name(service) for service in services]
        if regions := change.get("regions"):
            fact["regions"] = regions
        if level := LEVEL_OF.get(change["impact"]):
            fact["level"] = level
        if not number:
            fact.setdefault("level", "informational")
            fact.setdefault("services", [NOT_PUBLISHED])
            fact.setdefault("regions", [NOT_PUBLISHED])
            fact |= {"audience": "estimated", "audience_basis": "assumed"}
        yield fact


def _name(text: str) -> str:
    return " ".join(text.split()) or NOT_PUBLISHED


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
