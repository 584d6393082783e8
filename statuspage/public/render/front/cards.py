"""Open incidents in brief: how far they are, where they still hurt, what a person said last. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext

from incidents.vocabulary import Kind, Role, Stage
from statuspage.public.render import history, incident, maintenance_plan, times
from statuspage.public.render.headline import is_upcoming, open_incidents
from statuspage.public.render.table import hit, labels
from statuspage.public.snapshot.values import ImpactView, IncidentView, Snapshot

STEPS: dict[str, tuple[Stage, ...]] = {
    Kind.SERVICE_ISSUE: (
        Stage.INVESTIGATING,
        Stage.IDENTIFIED,
        Stage.MITIGATING,
        Stage.MITIGATED,
        Stage.RESOLVED,
    ),
    Kind.PLANNED_MAINTENANCE: (Stage.PLANNED, Stage.IN_PROGRESS, Stage.COMPLETE),
}
REGIONS_SHOWN = 12
LINES_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Step:
    """`place`: done, now or next."""

    name: str
    place: str


@dataclass(frozen=True, slots=True)
class Region:
    """One that was hit: `over` (UTC) is when it recovered, None while it has not."""

    name: str
    state: str
    over: datetime | None
    over_shown: str = ""

    @property
    def word(self) -> str:
        return str(labels.STATES[self.state])


def cards(snapshot: Snapshot) -> dict[str, list[dict[str, Any]]]:
    """Those that are open, the gravest first; and maintenance to come, the next first."""
    now = snapshot.as_of
    upcoming = [one for one in snapshot.incidents if is_upcoming(one, now)]
    return {
        "cards": sorted((card(one, now) for one in open_incidents(snapshot)), key=_gravity),
        "upcoming": [card(one, now) for one in reversed(upcoming)],
    }


def _gravity(value: Mapping[str, Any]) -> int:
    return labels.TROUBLE.index(value["state"])


def card(one: IncidentView, now: datetime) -> dict[str, Any]:
    """The template's values for one."""
    latest = one.communications[0].said() if one.communications else None
    news = history.news(one) or latest
    regions = _regions(one, now)
    shown = tuple(regions[:REGIONS_SHOWN])
    state = labels.state_of(one.kind, one.level)
    promise = incident.promise(one, now)
    return {
        "incident": one,
        "state": state,
        "stage": labels.STAGES.get(one.stage, one.stage),
        "steps": steps(one),
        "since": times.brief(one.started_at, now),
        "services": history.names(tuple(v for v in one.services if v.role == Role.IMPACTED)),
        "places": history.names((*one.regions, *one.geographies)),
        "plan": maintenance_plan.sentence(one, now),
        "news": news,
        "news_text": " ".join(news.text.split()) if news else "",
        "news_at": times.brief(news.at, now) if news else "",
        # What facts alone have said since: a line beside a person's words.
        "latest": latest if latest and news and latest.number != news.number else None,
        "latest_text": " ".join(latest.text.split()) if latest else "",
        "latest_at": times.brief(latest.at, now) if latest else "",
        "updates": len(one.communications),
        "promise": promise,
        "promise_at": times.brief(promise[1], now) if promise else "",
        "told": incident.how_soon(one),
        "hit": hit.lines(hit.groups(hit.open_impacts(one, now)), LINES_SHOWN),
        "unstated": hit.unstated(one),
        "regions": shown,
        "more_regions": len(regions) - len(shown),
    }


def steps(one: IncidentView) -> tuple[Step, ...]:
    """Its stages in their order, as far as it has any; empty where its stage is none of them."""
    order = STEPS.get(one.kind, ())
    stage = Stage.PLANNED if one.stage == Stage.RESCHEDULED else one.stage
    if stage not in order:
        return ()
    here = order.index(Stage(stage))
    places = ["done" if n < here else "now" if n == here else "next" for n in range(len(order))]
    return tuple(
        Step(str(labels.STAGES[name]), place) for name, place in zip(order, places, strict=True)
    )


def _regions(one: IncidentView, now: datetime) -> list[Region]:
    """What still hurts first, the worst before the others; then what has recovered, the last one first."""
    by_region: dict[str, list[ImpactView]] = {}
    for impact in one.impacts:
        by_region.setdefault(impact.region.slug, []).append(impact)
    still, well = [], []
    for impacts in by_region.values():
        name = gettext("worldwide") if impacts[0].worldwide else impacts[0].region.name
        if hurting := [each for each in impacts if each.end is None or each.end > now]:
            states = [labels.state_of(one.kind, each.level) for each in hurting]
            still.append(Region(name, min(states, key=labels.TROUBLE.index), None))
        else:
            over = max(each.end for each in impacts if each.end)
            well.append(Region(name, "good", over, times.brief(over, now)))
    still.sort(key=lambda region: labels.TROUBLE.index(region.state))
    well.sort(key=lambda region: region.over or now, reverse=True)
    return [*still, *well]
