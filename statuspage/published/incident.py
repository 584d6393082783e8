"""One incident's page: what the template needs, computed from the view. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext

from statuspage.published import history, labels, times
from statuspage.published.drawing import Bar, draw
from statuspage.published.picture import (
    CommunicationView,
    IncidentView,
    NamedView,
    RepairItemView,
    WindowView,
)

ROWS_DRAWN = 10


@dataclass(frozen=True, slots=True)
class Window:
    view: WindowView
    name: str
    length: str
    drawing: SafeString


@dataclass(frozen=True, slots=True)
class Update:
    view: CommunicationView
    stage: str
    kind: str  # empty for an ordinary update
    html: SafeString


@dataclass(frozen=True, slots=True)
class Section:
    anchor: str
    heading: str
    html: SafeString


@dataclass(frozen=True, slots=True)
class Repair:
    item: RepairItemView
    state: str
    overdue: bool


def context(incident: IncidentView, now: datetime) -> dict[str, Any]:
    """The template's values; `now` (UTC) decides what is overdue and where open windows end."""
    review = incident.review
    sections = _sections(incident)
    repairs = [_repair(item, now) for item in review.repair_items] if review else []
    timeline = [
        (row, times.offset(row.at, incident.started_at), row.at.date())
        for row in (review.timeline if review else ())
    ]
    return {
        "incident": incident,
        "review": review,
        "state": labels.state_of(incident.kind, incident.level),
        "kind": labels.KINDS.get(incident.kind, incident.kind),
        "level": labels.LEVELS.get(incident.level, incident.level),
        "stage": labels.STAGES.get(incident.stage, incident.stage),
        "badge": labels.BADGES.get(review.kind, "") if review else "",
        "windows": [_window(incident, window, now) for window in incident.windows],
        "length": times.length(incident.ended_at - incident.started_at)
        if incident.ended_at
        else "",
        "services": _roles(incident.services),
        "regions": _roles(incident.regions),
        "geographies": _roles(incident.geographies),
        "impacts": [(i, labels.EXTENTS.get(i.extent, i.extent)) for i in incident.impacts],
        "updates": [_update(one) for one in incident.communications],
        "sections": sections,
        "timeline": timeline,
        "repairs": repairs,
        "repairs_done": sum(repair.item.state == "done" for repair in repairs),
        "leads": _leads(incident),
        "video": _web(review.video) if review else "",
        "survey": _web(review.survey) if review else "",
        "versions": [
            (number, labels.BADGES.get(kind, kind), at)
            for number, kind, at in reversed(review.versions if review else ())
        ],
        # Safe: the reader sanitised it (`note_html`).
        "note": mark_safe(incident.note_html),  # noqa: S308
        "description": history.excerpt(incident),
    }


def _sections(incident: IncidentView) -> list[Section]:
    if incident.review is None:
        return []
    return [
        # Safe: sections are sanitised when they are stored and read.
        Section(f"section-{number}", section.heading, mark_safe(section.html))  # noqa: S308
        for number, section in enumerate(incident.review.sections, start=1)
    ]


def _update(view: CommunicationView) -> Update:
    kind = "" if view.kind == "update" else str(labels.COMMUNICATIONS.get(view.kind, view.kind))
    # Safe: statements are sanitised by the reader (`html`).
    return Update(view, str(labels.STAGES.get(view.stage, view.stage)), kind, mark_safe(view.html))  # noqa: S308


def _roles(views: Sequence[NamedView]) -> dict[str, list[NamedView]]:
    return {
        role: [view for view in views if (view.role == "impacted") == (role == "impacted")]
        for role in ("impacted", "mentioned")
    }


def _repair(item: RepairItemView, now: datetime) -> Repair:
    """Overdue once the month it was promised for is over and nobody has reported it done."""
    overdue = bool(item.due) and item.state != "done" and item.due < now.strftime("%Y-%m")
    return Repair(item, str(labels.REPAIRS.get(item.state, item.state)), overdue)


def _window(incident: IncidentView, window: WindowView, now: datetime) -> Window:
    state = labels.state_of(incident.kind, incident.level)
    name = window.label or gettext("Impact")
    end = window.end or max(now, window.start)
    length = times.length(end - window.start)
    bars = _bars(incident, window, state)
    moments = [row.at for row in incident.review.timeline] if incident.review else []
    until = times.full(window.end) if window.end else gettext("still going on")
    label = gettext("%(name)s: from %(start)s, until %(end)s") % {
        "name": name,
        "start": times.full(window.start),
        "end": until,
    }
    return Window(window, name, length, draw(bars, moments, end, label))


def _bars(incident: IncidentView, window: WindowView, state: str) -> list[Bar]:
    """A row per region where their times are known and few; else one for the window."""
    spans: dict[str, list[tuple[datetime, datetime | None]]] = {}
    for impact in incident.impacts:
        inside = window.end is None or impact.start < window.end
        if inside and (impact.end is None or impact.end > window.start):
            spans.setdefault(impact.region.name, []).append((impact.start, impact.end))
    if not 1 < len(spans) <= ROWS_DRAWN:
        return [Bar("", state, window.start, window.end)]
    bars = []
    for region, parts in spans.items():
        ends = [end for _, end in parts]
        latest = None if None in ends else max(end for end in ends if end is not None)
        bars.append(Bar(region, state, min(start for start, _ in parts), latest))
    return bars


def _leads(incident: IncidentView) -> list[tuple[str, str]]:
    """How long after the beginning of the impact something came: only what is really known."""
    found = []
    first = min((c.at for c in incident.communications), default=None)
    if first is not None and not incident.backfilled and first >= incident.started_at:
        found.append(
            (gettext("until the first public statement"), times.length(first - incident.started_at))
        )
    closed = [window.end - window.start for window in incident.windows if window.end]
    if len(incident.windows) > 1 and len(closed) == len(incident.windows):
        together = sum(closed, timedelta())
        found.append((gettext("of impact, all windows together"), times.length(together)))
    elif incident.ended_at is not None:
        length = times.length(incident.ended_at - incident.started_at)
        found.append((gettext("until mitigated"), length))
    published = incident.review.published_at if incident.review else None
    if published is not None and not incident.backfilled and incident.ended_at is not None:
        after = times.length(max(published - incident.ended_at, published - published))
        found.append((gettext("from there to the review"), after))
    return found


def _web(address: str) -> str:
    """The address if it is one a reader may safely click, else nothing."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    return address if parts.scheme in ("http", "https") and parts.netloc else ""
