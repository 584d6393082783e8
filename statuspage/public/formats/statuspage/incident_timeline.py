"""An incident told as a row of moments: every statement, and every change of its windows. Pure.

Statuspage and Google know one beginning and one end per incident. Several windows become several updates
with changing places instead, so that nothing is lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from incidents import status_mapping
from incidents.cells import Cell
from incidents.status_mapping import Shown
from incidents.vocabulary import Kind, Stage
from statuspage.public.snapshot.values import CommunicationView, ImpactView, IncidentView, NamedView

States = Mapping[Cell, Shown]
OVER = frozenset({"mitigated", "resolved", "complete", "cancelled"})
NAMES_SHOWN = 5

# Of one cell the worst is shown; the order of `status_mapping.GRAVITY`, with the two kinds of outage told apart.
GRAVITY = (
    "operational",
    "under_maintenance",
    "degraded_performance",
    "partial_outage",
    "major_outage",
)


@dataclass(frozen=True, slots=True)
class TimelineEvent:
    """`said` None: a window changed. `before` and `after`: the cells that were hit, then and from then on.

    `stage` is the one stated last, or what the windows say where nothing was stated since.
    """

    at: datetime
    stage: str
    said: CommunicationView | None
    before: States = field(default_factory=dict)
    after: States = field(default_factory=dict)

    @property
    def changed(self) -> list[Cell]:
        cells = dict.fromkeys((*self.after, *self.before))
        return [cell for cell in cells if self.before.get(cell) != self.after.get(cell)]


def worse(one: Shown | None, other: Shown) -> Shown:
    if one is None:
        return other
    return max(one, other, key=lambda shown: GRAVITY.index(shown.component))


def states_at(incident: IncidentView, at: datetime, stage: str) -> dict[Cell, Shown]:
    """The cells this incident hits at a point in time. Maintenance hits while it is in progress."""
    if incident.kind == Kind.PLANNED_MAINTENANCE and stage != Stage.IN_PROGRESS:
        return {}
    found: dict[Cell, Shown] = {}
    for impact in incident.impacts:
        if impact.start <= at and (impact.end is None or impact.end > at):
            cell = (impact.service.slug, impact.region.slug)
            found[cell] = worse(found.get(cell), _shown(incident, impact))
    return found


def open_states(incident: IncidentView, now: datetime) -> dict[Cell, Shown]:
    """The cells this incident hits now: by the same rule as `Snapshot.cells`, which knows no beginning."""
    if incident.kind == Kind.PLANNED_MAINTENANCE and incident.stage != Stage.IN_PROGRESS:
        return {}
    found: dict[Cell, Shown] = {}
    for impact in incident.impacts:
        if impact.end is None or impact.end > now:
            cell = (impact.service.slug, impact.region.slug)
            found[cell] = worse(found.get(cell), _shown(incident, impact))
    return found


def _shown(incident: IncidentView, impact: ImpactView) -> Shown:
    return status_mapping.shown(incident.kind, impact.level, impact.extent)


def timeline_events(incident: IncidentView, now: datetime) -> list[TimelineEvent]:
    """Oldest first; nothing after `now`. A statement at the very time of a change stands for both."""
    said = sorted(incident.communications, key=lambda one: (one.at, one.number))
    told = [(min(one.at, now), one) for one in said]
    spoken = {at for at, _one in told}
    points: list[tuple[datetime, CommunicationView | None]] = [
        *told,
        *((at, None) for at in _changes(incident) if at <= now and at not in spoken),
    ]
    found: list[TimelineEvent] = []
    stage, before = "", dict[Cell, Shown]()
    for at, one in sorted(points, key=lambda point: (point[0], point[1].number if point[1] else 0)):
        stage = one.stage if one else _stage_of_windows(incident, at, stage)
        after = states_at(incident, at, stage)
        found.append(TimelineEvent(at, stage, one, before, after))
        before = after
    return found


def _changes(incident: IncidentView) -> set[datetime]:
    if incident.kind == Kind.PLANNED_MAINTENANCE:
        return set()  # begins and ends by what is said, not by the clock
    return {moment for pair in _spans(incident) for moment in pair if moment is not None}


def _spans(incident: IncidentView) -> set[tuple[datetime, datetime | None]]:
    windows = {(window.start, window.end) for window in incident.windows}
    return windows | {(impact.start, impact.end) for impact in incident.impacts}


def _stage_of_windows(incident: IncidentView, at: datetime, stage: str) -> str:
    if any(start <= at and (end is None or end > at) for start, end in _spans(incident)):
        return "investigating" if stage in ("", *OVER) else stage
    return stage if stage in OVER else "mitigated"


def sentence(incident: IncidentView, moment: TimelineEvent) -> str:
    """What a change of windows means, in words: where impact began, ended or changed."""
    began = [cell for cell in moment.after if cell not in moment.before]
    ended = [cell for cell in moment.before if cell not in moment.after]
    other = [c for c in moment.changed if c in moment.before and c in moment.after]
    told = []
    if began:
        told.append(_("Impact began: %(places)s.") % {"places": _listed(incident, began)})
    if ended:
        told.append(_("Impact ended: %(places)s.") % {"places": _listed(incident, ended)})
    if other:
        told.append(_("Impact changed: %(places)s.") % {"places": _listed(incident, other)})
    if told:
        return " ".join(told)
    return _("Impact ended.") if moment.stage in OVER else _("Impact began.")


def _listed(incident: IncidentView, cells: list[Cell]) -> str:
    names = {(i.service.slug, i.region.slug): (i.service, i.region) for i in incident.impacts}
    template = _("%(service)s in %(region)s")
    shown = [template % _words(names[cell]) for cell in cells[:NAMES_SHOWN]]
    if (more := len(cells) - NAMES_SHOWN) > 0:
        shown.append(ngettext("%(n)d more", "%(n)d more", more) % {"n": more})
    return "; ".join(shown)  # a comma would read like one more service in the next region


def _words(named: tuple[NamedView, NamedView]) -> dict[str, str]:
    return {"service": named[0].name, "region": named[1].name}
