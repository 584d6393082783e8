"""One incident's page: what the template needs, computed from the view. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext, ngettext

from incidents.texts.markdown import to_html
from incidents.vocabulary import CommunicationKind, Kind, RepairState, Role, Scenario
from incidents.wording import standard
from statuspage.public.render import history, maintenance_plan, times
from statuspage.public.render.charts.response_line import response
from statuspage.public.render.charts.window_chart import Bar, Mark, draw
from statuspage.public.render.review_versions import versions
from statuspage.public.render.table import hit, labels
from statuspage.public.snapshot.values import (
    CommunicationView,
    ImpactView,
    IncidentView,
    NamedView,
    RepairItemView,
    WindowView,
)

ROWS_DRAWN = 12


@dataclass(frozen=True, slots=True)
class DrawnWindow:
    view: WindowView
    name: str
    length: str
    drawing: SafeString


class Update(NamedTuple):
    view: CommunicationView
    stage: str
    kind: str  # empty for an ordinary update
    html: SafeString


class ByRole(NamedTuple):
    impacted: tuple[NamedView, ...]
    mentioned: tuple[NamedView, ...]


@dataclass(frozen=True, slots=True)
class PageSection:
    anchor: str
    kind: str
    heading: str
    html: SafeString
    language: str  # of the heading; empty for that of the page


@dataclass(frozen=True, slots=True)
class Repair:
    item: RepairItemView
    state: str
    overdue: bool


def context(incident: IncidentView, now: datetime) -> dict[str, Any]:
    """The template's values; `now` (UTC) decides what is overdue."""
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
        "level": ""
        if incident.kind == Kind.PLANNED_MAINTENANCE
        else labels.LEVELS.get(incident.level, incident.level),
        "hit": tuple(hit.lines(hit.groups(incident.impacts), most=ROWS_DRAWN)),
        "is_issue": incident.kind == Kind.SERVICE_ISSUE,
        "stage": labels.STAGES.get(incident.stage, incident.stage),
        "review_name": labels.REVIEWS.get(review.kind, "") if review else "",
        "badge": labels.BADGES.get(review.kind, "") if review else "",
        "listed": incident.listed_at <= now,
        "plan": maintenance_plan.sentence(incident, now),
        "promise": promise(incident, now),
        "story": story(incident),
        "windows": [_window(incident, window) for window in history.begun_windows(incident)],
        "services": _roles(incident.services),
        "regions": _roles(incident.regions),
        "geographies": _roles(incident.geographies),
        "impacts": tuple(
            (i, str(labels.EXTENTS.get(i.extent, i.extent))) for i in incident.impacts
        ),
        "ongoing": str(labels.ENDS["ongoing" if incident.active else "unstated"]),
        "updates": [_update(one) for one in incident.communications],
        "sections": sections,
        "timeline": timeline,
        "repairs": repairs,
        "repairs_done": sum(repair.item.state == RepairState.DONE for repair in repairs),
        "numbers": _numbers(incident),
        "response": response(incident),
        "due": _due(incident, now),
        "timeline_after": _last_of(sections, "response"),
        "repairs_after": _last_of(sections, "prevention"),
        "video": _web(review.video) if review else "",
        "survey": _web(review.survey) if review else "",
        "versions": versions(review) if review else [],
        # Safe: `to_html` sanitises.
        "note": mark_safe(to_html(standard(incident.note) or incident.note)),  # noqa: S308
        "audience_unknown": incident.scenario == Scenario.AUDIENCE_UNKNOWN,
        "description": history.excerpt(incident),
    }


def _sections(incident: IncidentView) -> list[PageSection]:
    """Those with words, and those whose words are the timeline or the repair items below them."""
    if (review := incident.review) is None:
        return []
    stands_for = {"response": review.timeline, "prevention": review.repair_items}
    return [
        # Safe: sections are sanitised when they are stored and read.
        PageSection(
            f"section-{number}",
            section.kind,
            standard(section.heading) or section.heading,
            mark_safe(section.html),  # noqa: S308
            "" if standard(section.heading) else incident.language,
        )
        for number, section in enumerate(review.sections, start=1)
        if section.html.strip() or stands_for.get(section.kind)
    ]


def _last_of(sections: Sequence[PageSection], kind: str) -> str:
    """The anchor of the last section of this kind, or nothing."""
    return next((one.anchor for one in reversed(sections) if one.kind == kind), "")


def _update(view: CommunicationView) -> Update:
    view = view.said()
    kind = (
        ""
        if view.kind == CommunicationKind.UPDATE
        else str(labels.COMMUNICATIONS.get(view.kind, view.kind))
    )
    # Safe: statements are sanitised by the reader (`html`).
    return Update(view, labels.said(view.stage), kind, mark_safe(view.html))  # noqa: S308


def _roles(views: Sequence[NamedView]) -> ByRole:
    impacted = tuple(view for view in views if view.role == Role.IMPACTED)
    return ByRole(impacted, tuple(view for view in views if view.role != Role.IMPACTED))


def _repair(item: RepairItemView, now: datetime) -> Repair:
    """Overdue once the month it was promised for is over and nobody has reported it done."""
    overdue = bool(item.due) and item.state != RepairState.DONE and item.due < now.strftime("%Y-%m")
    return Repair(item, str(labels.REPAIRS.get(item.state, item.state)), overdue)


def _window(incident: IncidentView, window: WindowView) -> DrawnWindow:
    """What goes on is drawn up to what was said last, without a length: or the page would change with the clock."""
    state = labels.state_of(incident.kind, incident.level)
    name = window.label or gettext("Impact")
    if window.end is None and not incident.active:
        return DrawnWindow(window, name, "", SafeString(""))  # it ended, and nobody knows when
    end = window.end or max(incident.updated_at, window.start)
    length = times.length(end - window.start) if window.end else ""
    bars = _bars(incident, window, state)
    until = times.full(window.end) if window.end else gettext("still going on")
    label = gettext("%(name)s: from %(start)s, until %(end)s") % {
        "name": name,
        "start": times.full(window.start),
        "end": until,
    }
    return DrawnWindow(window, name, length, draw(bars, _marks(incident), end, label))


def _marks(incident: IncidentView) -> list[Mark]:
    """What the page tells moment by moment: the time line of the review, else what was said."""
    if incident.review and incident.review.timeline:
        rows = enumerate(incident.review.timeline, start=1)
        return [Mark(row.at, number, f"#t-{number}", row.text) for number, row in rows]
    return [
        Mark(one.at, one.number, f"#update-{one.number}", labels.said(one.stage))
        for one in reversed(incident.communications)
        if one.announced
    ]


def story(incident: IncidentView) -> list[str]:
    """What a reader wants to know first, in sentences: what it was, where and when; who was told how soon."""
    return [hit.summary(incident), *filter(None, [how_soon(incident)])]


def how_soon(incident: IncidentView) -> str:
    """Who was told how soon after it began; empty where that was not recorded."""
    facts = incident.response
    if incident.kind != Kind.SERVICE_ISSUE or facts is None:
        return ""
    began = incident.started_at
    told = {
        name: times.length(at - began)
        for name, at in (("affected", facts.targeted_at), ("everybody", facts.public_at))
        if at is not None and at >= began
    }
    if len(told) == 2:
        template = gettext(
            "Affected customers were told %(affected)s after it began, everybody %(everybody)s after it began."
        )
    elif "affected" in told:
        template = gettext("Affected customers were told %(affected)s after it began.")
    elif told:
        template = gettext("Everybody was told %(everybody)s after it began.")
    else:
        return ""
    return template % told


def _bars(incident: IncidentView, window: WindowView, state: str) -> list[Bar]:
    """A row per cell where there are few, else per region or service; one for the window if no cell is known."""
    inside = [
        impact
        for impact in incident.impacts
        if (window.end is None or impact.start < window.end)
        and (impact.end is None or impact.end > window.start)
    ]
    for named in (_cell, _region, _service):
        rows: dict[str, list[ImpactView]] = {}
        for impact in inside:
            rows.setdefault(named(impact), []).append(impact)
        if 0 < len(rows) <= ROWS_DRAWN:
            return [bar for name, parts in rows.items() for bar in _row(incident, name, parts)]
    return [Bar("", state, window.start, window.end)]


def _cell(impact: ImpactView) -> str:
    return f"{impact.service.name} – {impact.region.name}"


def _region(impact: ImpactView) -> str:
    return impact.region.name


def _service(impact: ImpactView) -> str:
    return impact.service.name


def _row(incident: IncidentView, name: str, parts: Sequence[ImpactView]) -> list[Bar]:
    """The spans of a row, joined where they touch; a joined span is as grave as its gravest part."""
    bars: list[Bar] = []
    for impact in sorted(parts, key=lambda one: one.start):
        state = labels.state_of(incident.kind, impact.level)
        last = bars[-1] if bars else None
        if last is None or (last.end is not None and last.end < impact.start):
            bars.append(Bar(name, state, impact.start, impact.end))
            continue
        ends = (last.end, impact.end)
        end = None if None in ends else max(one for one in ends if one is not None)
        worst = min(last.state, state, key=labels.TROUBLE.index)
        bars[-1] = Bar(name, worst, last.start, end)
    return bars


def _numbers(incident: IncidentView) -> list[tuple[str, str]]:
    """What a reader asks first: how long, how much, how far. A plan and an advisory have no impact to count."""
    if incident.kind != Kind.SERVICE_ISSUE:
        return []
    found = []
    closed = [window.end - window.start for window in incident.windows if window.end]
    if len(incident.windows) > 1 and len(closed) == len(incident.windows):
        together = times.length(sum(closed, timedelta()))
        found.append((gettext("of impact, all windows together"), together))
    elif incident.ended_at is not None and incident.kind != Kind.PLANNED_MAINTENANCE:
        length = times.length(incident.ended_at - incident.started_at)
        found.append((gettext("until mitigated"), length))
    services = sum(view.role == Role.IMPACTED for view in incident.services)
    regions = sum(view.role == Role.IMPACTED for view in incident.regions)
    if services:
        found.append((ngettext("service impacted", "services impacted", services), str(services)))
    if regions:
        found.append((ngettext("region impacted", "regions impacted", regions), str(regions)))
    return found


def _due(incident: IncidentView, now: datetime) -> list[tuple[str, datetime, bool]]:
    """The public reviews still owed, as sentences with a hole for the time; True when late."""
    sentences = {
        "preliminary": gettext("Preliminary review due by %(time)s"),
        "final": gettext("Final review due by %(time)s"),
    }
    return [(sentences[kind], due, due <= now) for kind, due in incident.reviews_due]


def promise(incident: IncidentView, now: datetime) -> tuple[str, datetime, bool] | None:
    """The next update as promised, as a sentence with a hole for the time; True once it is overdue."""
    due = incident.communications[0].next_update_by if incident.communications else None
    if due is None or not incident.active:
        return None
    return gettext("Next update by %(time)s."), due, due <= now


def _web(address: str) -> str:
    """The address if it is one a reader may safely click, else nothing."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    return address if parts.scheme in ("http", "https") and parts.netloc else ""
