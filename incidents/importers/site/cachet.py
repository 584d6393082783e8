"""Reader of Cachet: incidents and schedules of its API, versions 1 (2.x) and JSON:API (3.x)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from incidents.importers.site.found import FoundOnSite, Reading, Said, identity, list_of
from incidents.vocabulary import Kind, Level, Stage

_CODES = {0: "planned", 1: "investigating", 2: "identified", 3: "mitigating", 4: "resolved"}
_WORDS = {
    "scheduled": "planned", "upcoming": "planned", "in progress": "in-progress", "complete": "complete",
    "investigating": "investigating", "identified": "identified", "watching": "mitigating",
    "monitoring": "mitigating", "fixed": "resolved", "resolved": "resolved",
}  # fmt: skip
_MAINTENANCE = {0: "planned", 1: "in-progress", 2: "complete"}
# What is shown, and how, is that page's own.
_OWN = (
    "human_status", "visible", "stickied", "user_id", "notifications", "meta", "is_resolved", "latest_status",
    "latest_human_status", "latest_icon", "component_id", "duration", "guid", "updated_at", "updated",
    "occurred_at", "created_at", "created", "relationships", "links",
)  # fmt: skip


def cachet(document: Any) -> Iterator[FoundOnSite]:
    """`/api/v1/incidents`, `/api/v1/schedules` and `/api/incidents` of Cachet."""
    for index, each in enumerate(list_of(document, "data")):
        yield _row(_flat(each), f"data[{index}]")


def _flat(value: Any) -> Any:
    """JSON:API keeps what counts in `attributes`."""
    if isinstance(value, dict) and isinstance(value.get("attributes"), dict):
        return {
            "id": value.get("id"),
            **value["attributes"],
            "relationships": value.get("relationships"),
        }
    return value


def _row(value: Any, place: str) -> FoundOnSite:
    row = Reading(value, place)
    scheduled = row.time("scheduled_at", "scheduled")
    planned = scheduled is not None
    began = scheduled or row.must("occurred_at", "occurred", "created_at", "created")
    stage = _stage(row.take("status"), planned=planned)
    updates = [Said(began, "investigating", text)] if (text := row.text("message")) else []
    for update in row.parts("updates"):
        update.ignore("id", "incident_id", "updated_at", "human_status", "user_id", "permalink")
        said = update.take("status")
        updates.append(
            Said(
                update.must("created_at", "created"),
                _stage(said, planned=planned),
                update.text("message"),
            )
        )
    names = row.names("component") + row.names("components")
    names += [] if names else row.names("component_name")
    ended = row.time("resolved_at", "completed_at", "completed") or (
        row.time("updated_at", "updated") if stage == Stage.RESOLVED else None
    )
    title = row.text("name", "title")
    found = FoundOnSite(
        external_id=f"cachet:{'schedule-' if planned else ''}{identity(row, title, began)}",
        title=title,
        kind=Kind.PLANNED_MAINTENANCE if planned else Kind.SERVICE_ISSUE,
        level=Level.INFORMATIONAL if planned else Level.ERROR,
        started_at=began,
        ended_at=ended,
        scheduled_for=scheduled,
        scheduled_until=ended if planned else None,
        names=names,
        updates=updates,
        path=urlsplit(row.text("permalink")).path,
    )
    row.ignore(*_OWN)
    found.unread = list(row.rest())
    return found


def _stage(status: Any, *, planned: bool) -> str:
    """A number, a word, or an object with both."""
    if isinstance(status, dict):
        status = status.get("value", status.get("name", status.get("human")))
    if isinstance(status, str) and status.isascii() and status.isdigit() and len(status) < 3:
        status = int(status)
    otherwise = "planned" if planned else "investigating"
    if isinstance(status, int):
        return (_MAINTENANCE if planned else _CODES).get(status, otherwise)
    return _WORDS.get(str(status).lower().replace("_", " "), otherwise)
