"""The public API of Statuspage, version 2: regions are groups, cells are their components. Pure.

One file per address below `/api/v2/`, each with all fields that clients may ask for; what is unknown is null.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime

from statuspage.public.formats.components import Components, Row
from statuspage.public.formats.identity import host, incident_url, opaque
from statuspage.public.formats.incident_timeline import (
    Cell,
    States,
    TimelineEvent,
    sentence,
    timeline_events,
)
from statuspage.public.formats.plain import clean, dump, line, millis
from statuspage.public.render.history import plain
from statuspage.public.render.page import Page
from statuspage.public.snapshot.status_mapping import GOOD, STAGE_ON_STATUSPAGE, shown
from statuspage.public.snapshot.values import IncidentView, NamedView, Snapshot

NEWEST = 50
MAX_AGE = 10
MOST_UNCHANGED = 100  # cells repeated with a statement that changes none of them

IMPACT = {
    "operational": "none",
    "under_maintenance": "none",
    "degraded_performance": "minor",
    "partial_outage": "major",
    "major_outage": "critical",
}
DESCRIPTIONS = {
    "none": "All Systems Operational",
    "minor": "Partially Degraded Service",
    "major": "Partial System Outage",
    "critical": "Major Service Outage",
}
UNDER_MAINTENANCE = "Service Under Maintenance"
INDICATORS = tuple(DESCRIPTIONS)
UPCOMING, RUNNING = ("scheduled",), ("in_progress", "verifying")
OPEN = ("investigating", "identified", "monitoring")


def pages(snapshot: Snapshot, *, site_name: str, base_url: str) -> dict[str, Page]:
    """URL path -> page, for the eight addresses. `base_url` without a slash at its end."""
    sheet = _Sheet(snapshot, site_name, base_url)
    components = sheet.components.all
    issues = [one for one in snapshot.incidents if one.kind != "planned-maintenance"]
    planned = [one for one in snapshot.incidents if one.kind == "planned-maintenance"]
    newest = [sheet.incident(one) for one in _bounded(issues)]
    works = [sheet.incident(one) for one in _bounded(planned)]
    unresolved = [row for row in newest if row["status"] in OPEN]
    upcoming = [row for row in works if row["status"] in UPCOMING]
    running = [row for row in works if row["status"] in RUNNING]
    status = roll_up((row["status"] for row in components if not row["group"]), unresolved)
    # Written once, shared by several files: there are thousands of components.
    page, parts, state = dump(sheet.page), dump(components), dump(status)
    still_open, works_key = dump(unresolved), "scheduled_maintenances"
    bodies: dict[str, dict[str, bytes]] = {
        "summary": {
            "components": parts,
            "incidents": still_open,
            works_key: dump([*running, *upcoming]),
            "status": state,
        },
        "status": {"status": state},
        "components": {"components": parts},
        "incidents": {"incidents": dump(newest[:NEWEST])},
        "incidents/unresolved": {"incidents": still_open},
        "scheduled-maintenances": {works_key: dump(works[:NEWEST])},
        "scheduled-maintenances/upcoming": {works_key: dump(upcoming)},
        "scheduled-maintenances/active": {works_key: dump(running)},
    }
    return {
        f"/api/v2/{name}.json": Page(
            _object({"page": page, **fields}), "application/json; charset=utf-8", max_age=MAX_AGE
        )
        for name, fields in bodies.items()
    }


def _object(fields: dict[str, bytes]) -> bytes:
    """A JSON object of values that are JSON already."""
    return b"{%s}" % b",".join(b"%s:%s" % (dump(name), value) for name, value in fields.items())


def _bounded(incidents: list[IncidentView]) -> Iterator[IncidentView]:
    """The newest, and whatever is still open; newest first."""
    for position, one in enumerate(incidents):
        if position < NEWEST or one.active:
            yield one


def roll_up(components: Iterable[str], unresolved: Iterable[Row]) -> dict[str, str]:
    """`{indicator, description}`: critical when most components are out, major when any is.

    An incident that is still worked on raises it to minor or major even where no window is open; one
    that is being watched does not. The indicator `maintenance` is left out: strict clients refuse it.
    """
    count = Counter(components)
    indicator = "none"
    if count["major_outage"] * 2 > count.total():
        indicator = "critical"
    elif count["major_outage"] or count["partial_outage"]:
        indicator = "major"
    elif count["degraded_performance"]:
        indicator = "minor"
    raised = [
        "major" if row["impact"] == "critical" else row["impact"]
        for row in unresolved
        if row["status"] != "monitoring"
    ]
    indicator = max((indicator, *raised), key=INDICATORS.index)
    if indicator == "none" and count["under_maintenance"]:
        return {"indicator": "none", "description": UNDER_MAINTENANCE}
    return {"indicator": indicator, "description": DESCRIPTIONS[indicator]}


class _Sheet:
    """The snapshot in the words of the format."""

    def __init__(self, snapshot: Snapshot, site_name: str, base_url: str) -> None:
        self.now = snapshot.as_of
        self.base_url = base_url
        self.page_id = opaque("page", host(base_url))
        self.page = {
            "id": self.page_id,
            "name": line(site_name),
            "url": base_url,
            "time_zone": "Etc/UTC",
            "updated_at": millis(snapshot.as_of),
        }
        self.components = Components(snapshot, self.page_id)

    def incident(self, incident: IncidentView) -> Row:
        """An incident, or a planned maintenance with its two additional fields."""
        known = self.components.by_cell
        told = timeline_events(incident, self.now)
        said = [one for one in told if one.said is not None]
        status = _status(incident)
        cells = dict.fromkeys((i.service.slug, i.region.slug) for i in incident.impacts)
        row: Row = {
            "id": opaque("incident", incident.tracking_id),
            "name": line(incident.title),
            "status": status,
            "created_at": millis(said[0].at if said else incident.started_at),
            "updated_at": millis(min(incident.updated_at, self.now)),
            "monitoring_at": _at(_mitigated(incident, said)) if status not in OPEN[:2] else None,
            "resolved_at": None,
            "impact": _impact(incident),
            "shortlink": incident_url(self.base_url, incident.tracking_id),
            "started_at": millis(incident.started_at),
            "page_id": self.page_id,
            "reminder_intervals": None,
            "incident_updates": self._updates(incident, told),
            "components": [known[cell] for cell in cells if cell in known],
        }
        if status in ("resolved", "postmortem", "completed"):
            row["resolved_at"] = _at(_resolved(incident, said))
        if incident.kind == "planned-maintenance":
            start = incident.scheduled_for or incident.started_at
            until = incident.scheduled_until or incident.ended_at or start
            row |= {
                "monitoring_at": None,
                "scheduled_for": millis(start),
                "scheduled_until": millis(until),
            }
        return row

    def _updates(self, incident: IncidentView, told: list[TimelineEvent]) -> list[Row]:
        names = {
            (i.service.slug, i.region.slug): _full_name(i.service, i.region)
            for i in incident.impacts
        }
        rows = [self._update(incident, moment, names) for moment in told]
        review = incident.review
        if review is not None and review.published_at is not None and _is_over(incident):
            body = "\n\n".join(f"{s.heading}\n\n{plain(s.html)}" for s in review.sections)
            name = f"review-{review.version}"
            at = min(review.published_at, self.now)
            rows.append(self._row(incident, name, "postmortem", body, at, None))
        return rows[::-1]

    def _update(self, incident: IncidentView, moment: TimelineEvent, names: dict[Cell, str]) -> Row:
        name = f"{moment.said.number}" if moment.said else f"window-{millis(moment.at)}"
        body = moment.said.text if moment.said else sentence(incident, moment)
        affected = moment.changed
        if not affected and len(moment.after) <= MOST_UNCHANGED:
            affected = list(moment.after)
        changes = [
            {
                "code": opaque("component", *cell),
                "name": names[cell],
                "old_status": _component(moment.before, cell),
                "new_status": _component(moment.after, cell),
            }
            for cell in affected
        ]
        status = STAGE_ON_STATUSPAGE.get(moment.stage, "investigating")
        return self._row(incident, name, status, body, moment.at, changes or None)

    def _row(
        self,
        incident: IncidentView,
        name: str,
        status: str,
        body: str,
        at: datetime,
        affected: list[dict[str, str]] | None,
    ) -> Row:
        moment = millis(at)
        return {
            "id": opaque("update", incident.tracking_id, name),
            "status": status,
            "body": clean(body),
            "incident_id": opaque("incident", incident.tracking_id),
            "created_at": moment,
            "updated_at": moment,
            "display_at": moment,
            "affected_components": affected,
            "deliver_notifications": True,
            "custom_tweet": None,
            "tweet_id": None,
        }


def _component(states: States, cell: Cell) -> str:
    return states.get(cell, GOOD).component


def _full_name(service: NamedView, region: NamedView) -> str:
    return line(f"{region.name} - {service.name}")


def _is_over(incident: IncidentView) -> bool:
    return STAGE_ON_STATUSPAGE.get(incident.stage) == "resolved" or not incident.active


def _status(incident: IncidentView) -> str:
    status = STAGE_ON_STATUSPAGE.get(incident.stage, "investigating")
    if incident.kind == "planned-maintenance":
        return status
    if _is_over(incident):
        published = incident.review is not None and incident.review.published_at is not None
        return "postmortem" if published else "resolved"
    return status


def _impact(incident: IncidentView) -> str:
    """The worst of its cells over its whole life, or what its level alone says."""
    if incident.kind == "planned-maintenance":
        return "maintenance"
    states = [shown(incident.kind, one.level, one.extent) for one in incident.impacts]
    states = states or [shown(incident.kind, incident.level, "subset")]
    return max((IMPACT[one.component] for one in states), key=INDICATORS.index)


def _mitigated(incident: IncidentView, said: list[TimelineEvent]) -> datetime | None:
    if incident.ended_at is not None:
        return incident.ended_at
    return next((one.at for one in reversed(said) if one.stage == "mitigated"), None)


def _resolved(incident: IncidentView, said: list[TimelineEvent]) -> datetime:
    """The end of the last window; where none is known, when it was said last."""
    ends = [window.end for window in incident.windows if window.end is not None]
    if incident.ended_at is not None or ends:
        return incident.ended_at or max(ends)
    return said[-1].at if said else incident.updated_at


def _at(moment: datetime | None) -> str | None:
    return millis(moment) if moment else None
