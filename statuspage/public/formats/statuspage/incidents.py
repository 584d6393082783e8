"""Incidents and maintenance as one view of Statuspage sees them. Pure.

The worst an incident did anywhere is not what it did here: a view of some cells tells of these alone, and
there an incident is over once none of them is hit any more, if it goes on elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from incidents.cells import Cell
from incidents.identity import opaque
from incidents.status_mapping import IMPACT, IMPACTS, STAGE_ON_STATUSPAGE, Shown, shown
from incidents.texts.timestamps import millis
from incidents.vocabulary import Kind, Role, Stage
from statuspage.public.formats.catalogue import FormatCatalogue
from statuspage.public.formats.plain import clean, line
from statuspage.public.formats.statuspage.components import Components, JsonRow, worst_of_cells
from statuspage.public.formats.statuspage.identity import incident_url
from statuspage.public.formats.statuspage.incident_timeline import (
    OVER,
    TimelineEvent,
    open_states,
    sentence,
    timeline_events,
)
from statuspage.public.formats.views import Component, View
from statuspage.public.render.history import plain
from statuspage.public.snapshot.values import ImpactView, IncidentView

MOST_UNCHANGED = 20  # components repeated with a statement that changes none of them

UPCOMING, RUNNING = ("scheduled",), ("in_progress", "verifying")
OPEN = ("investigating", "identified", "monitoring")
ENDED = ("resolved", "postmortem", "completed")


@dataclass(frozen=True, slots=True)
class Told:
    """A moment, and the status that it left the incident in as this view sees it."""

    moment: TimelineEvent
    status: str


class Incidents:
    """Rows of incidents for one view; `components` are those of the same view."""

    def __init__(
        self,
        view: View,
        catalogue: FormatCatalogue,
        components: Components,
        *,
        page_id: str,
        base_url: str,
        now: datetime,
    ) -> None:
        self._view = view
        self._homes = {region: home for region, (_name, home) in catalogue.regions.items()}
        self._components = components
        self._page_id = page_id
        self._base_url = base_url
        self._now = now

    def concerns(self, incident: IncidentView) -> bool:
        """By its cells; where it has none, by the places that its text names."""
        if not self._view.narrow:
            return True
        if incident.impacts:
            return any(_cell(one) in self._view.by_cell for one in incident.impacts)
        services = {one.slug for one in incident.services if one.role == Role.IMPACTED}
        places = {
            one.slug
            for one in (*incident.regions, *incident.geographies)
            if one.role == Role.IMPACTED
        }
        here = self._view.regions | {self._homes[region] for region in self._view.regions}
        return (not services or not services.isdisjoint(self._view.services)) and (
            not places or not places.isdisjoint(here)
        )

    def row(self, incident: IncidentView) -> JsonRow:
        """An incident, or a planned maintenance with its two additional fields."""
        here = self._here(incident)
        told = self._told(here, partial=len(here.impacts) < len(incident.impacts))
        updates = self._updates(here, told)
        status = updates[0]["status"] if updates else _status(here)
        oldest = updates[-1]["created_at"] if updates else millis(min(here.started_at, self._now))
        newest = updates[0]["created_at"] if updates else oldest
        started = min((one.start for one in here.impacts), default=here.started_at)
        override = self._override(here)
        row: JsonRow = {
            "id": opaque("incident", incident.tracking_id),
            "name": line(incident.title),
            "status": status,
            "created_at": oldest,
            "updated_at": max(newest, millis(min(incident.updated_at, self._now))),
            "monitoring_at": None if status in OPEN[:2] else millis(_mitigated(here, told)),
            "resolved_at": millis(_resolved(here, told)) if status in ENDED else None,
            "impact": override or self._impact(here),
            "impact_override": override,
            "shortlink": incident_url(self._base_url, incident.tracking_id),
            "started_at": millis(started) if started <= self._now else oldest,
            "page_id": self._page_id,
            "reminder_intervals": None,
            "incident_updates": updates,
            **self._postmortem(here),
            "components": self._hit(here),
        }
        if incident.kind == Kind.PLANNED_MAINTENANCE:
            start = incident.scheduled_for or incident.started_at
            until = incident.scheduled_until or incident.ended_at or start
            row |= {
                "monitoring_at": None,
                "scheduled_for": millis(start),
                "scheduled_until": millis(until),
            }
        return row

    def _impact(self, here: IncidentView) -> str:
        """The worst of its cells over its whole life, or what its level alone says.

        In a narrow view what it does now, as long as it does anything: a place must not be taken for
        worse than it is.
        """
        if here.kind == Kind.PLANNED_MAINTENANCE:
            return "maintenance"
        now = open_states(here, self._now).values() if self._view.narrow else ()
        states = [*now] or [shown(here.kind, one.level, one.extent) for one in here.impacts]
        states = states or [shown(here.kind, here.level, "subset")]
        return max((IMPACT[one.component] for one in states), key=IMPACTS.index)

    def _override(self, here: IncidentView) -> str | None:
        """Where the incident was said to be graver than any of its cells ever was, or has none: theirs follows from
        components alone. Of a place its cells are all that counts.
        """
        stated = [
            IMPACT[shown(here.kind, here.level, one.extent).component] for one in here.impacts
        ] or [IMPACT[shown(here.kind, here.level, "subset").component]]
        override = max(stated, key=IMPACTS.index)
        is_derived = any(one.level == here.level for one in here.impacts)
        if self._view.narrow or here.kind == Kind.PLANNED_MAINTENANCE or is_derived:
            return None
        if here.impacts and IMPACTS.index(override) <= IMPACTS.index(self._impact(here)):
            return None
        return None if override == "none" else override

    def _here(self, incident: IncidentView) -> IncidentView:
        """What it did to the cells of this view, and since when that is over."""
        if not self._view.narrow or not incident.impacts:
            return incident
        impacts = tuple(one for one in incident.impacts if _cell(one) in self._view.by_cell)
        ends = [one.end for one in impacts if one.end is not None]
        ended = max(ends) if len(ends) == len(impacts) else incident.ended_at
        return replace(incident, impacts=impacts, windows=(), ended_at=ended)

    def _told(self, here: IncidentView, *, partial: bool) -> list[Told]:
        """Oldest first. `partial`: it hit other places, too, and what is said of those is left out once it
        is over here."""
        found: list[Told] = []
        over = False
        for moment in timeline_events(here, self._now):
            begun = any(one.start <= moment.at for one in here.impacts)
            over = self._view.narrow and begun and not moment.after
            status = _stage(moment.stage)
            if over and here.kind != Kind.PLANNED_MAINTENANCE:
                if partial and not moment.changed and moment.stage not in OVER:
                    continue
                status = "resolved" if partial else _watched(status)
            found.append(Told(moment, status))
        if found and not (over and partial):
            # What it is now, also where that was done without a word.
            status = _watched(_status(here)) if over else _status(here)
            found[-1] = replace(found[-1], status=status)
        return found

    def _hit(self, here: IncidentView) -> list[JsonRow]:
        """The components it ever concerned, with their state of now."""
        by_cell, by_id = self._view.by_cell, self._components.by_id
        cells = (_cell(one) for one in here.impacts)
        names = dict.fromkeys(by_cell[cell].id for cell in cells if cell in by_cell)
        return [by_id[name] for name in names]

    def _updates(self, here: IncidentView, told: list[Told]) -> list[JsonRow]:
        """Newest first; a published review is one of them, and what follows is after it."""
        rows = [self._update(here, one) for one in told]
        if (review := self._review(here)) is not None:
            name, body, at = review
            rows.append(self._row(here, name, "postmortem", body, at, told=not here.backfilled))
            for row in rows[:-1]:
                if row["created_at"] >= rows[-1]["created_at"]:
                    row["status"] = "postmortem"
        return sorted(rows, key=lambda row: str(row["created_at"]))[::-1]

    def _review(self, here: IncidentView) -> tuple[str, str, datetime] | None:
        """Name, text and time of the published review of what is over."""
        review = here.review
        if review is None or review.published_at is None or not _is_over(here):
            return None
        body = "\n\n".join(f"{s.heading}\n\n{plain(s.html)}" for s in review.sections)
        return f"review-{review.version}", clean(body), min(review.published_at, self._now)

    def _postmortem(self, here: IncidentView) -> JsonRow:
        review = self._review(here)
        body, at = (review[1], millis(review[2])) if review else (None, None)
        return {
            "postmortem_body": body,
            "postmortem_body_last_updated_at": at,
            "postmortem_ignored": False,
            "postmortem_published_at": at,
            "postmortem_notified_subscribers": review is not None and not here.backfilled,
            "postmortem_notified_twitter": False,
        }

    def _update(self, here: IncidentView, one: Told) -> JsonRow:
        moment, said = one.moment, one.moment.said
        name = f"{said.number}" if said else f"window-{millis(moment.at)}"
        body = said.text if said else sentence(here, moment)
        row = self._row(
            here, name, one.status, body, moment.at, told=said is not None and said.announced
        )
        row["affected_components"] = self._affected(moment) or None
        return row

    def _affected(self, moment: TimelineEvent) -> list[dict[str, str]]:
        """The components that changed; where none did, those that are hit, unless they are many."""
        hit: dict[str, tuple[Component, list[Cell]]] = {}
        for cell in dict.fromkeys((*moment.after, *moment.before)):
            if (one := self._view.by_cell.get(cell)) is not None:
                hit.setdefault(one.id, (one, []))[1].append(cell)
        states = [
            (one, worst_of_cells(cells, moment.before), worst_of_cells(cells, moment.after))
            for one, cells in hit.values()
        ]
        changed = [one for one in states if one[1] != one[2]]
        if not changed and len(states) > MOST_UNCHANGED:
            return []
        return [_change(*one) for one in changed or states]

    def _row(
        self, here: IncidentView, name: str, status: str, body: str, at: datetime, *, told: bool
    ) -> JsonRow:
        moment = millis(at)
        return {
            "id": opaque("update", here.tracking_id, name),
            "status": status,
            "body": clean(body),
            "incident_id": opaque("incident", here.tracking_id),
            "created_at": moment,
            "updated_at": moment,
            "display_at": moment,
            "affected_components": None,
            "deliver_notifications": told,
            "custom_tweet": None,
            "tweet_id": None,
        }


def _change(one: Component, before: Shown, after: Shown) -> dict[str, str]:
    return {
        "code": one.id,
        "name": one.name,
        "old_status": before.component,
        "new_status": after.component,
    }


def _cell(impact: ImpactView) -> Cell:
    return impact.service.slug, impact.region.slug


def _stage(stage: str) -> str:
    return STAGE_ON_STATUSPAGE.get(stage, "investigating")


def _watched(status: str) -> str:
    """Of what hits nothing any more, whether or not that has been said yet."""
    return "monitoring" if status in OPEN else status


def _is_over(incident: IncidentView) -> bool:
    return _stage(incident.stage) == Stage.RESOLVED or not incident.active


def _status(incident: IncidentView) -> str:
    """By where it stands now."""
    if incident.kind != Kind.PLANNED_MAINTENANCE and _is_over(incident):
        return "resolved"
    return _stage(incident.stage)


def _mitigated(here: IncidentView, told: list[Told]) -> datetime | None:
    if here.ended_at is not None:
        return here.ended_at
    said = (one.moment for one in reversed(told) if one.moment.said)
    return next((one.at for one in said if one.stage == Stage.MITIGATED), None)


def _resolved(here: IncidentView, told: list[Told]) -> datetime:
    """The end of the last window; where none is known, when it was said last."""
    ends = [window.end for window in here.windows if window.end is not None]
    if here.ended_at is not None or ends:
        return here.ended_at or max(ends)
    return told[-1].moment.at if told else here.updated_at
