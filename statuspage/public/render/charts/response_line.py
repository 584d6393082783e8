"""How fast an incident was noticed, told and ended: its milestones, and the minutes between them. Pure.

Only facts are shown: what nobody recorded is left out, never guessed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext

from incidents.vocabulary import Kind
from statuspage.public.render import times
from statuspage.public.render.charts.window_chart import apart
from statuspage.public.snapshot.values import IncidentView

HEIGHT, LINE, RADIUS = 72, 52, 11
# Percent between two milestones, so that on a phone the minutes above every other gap stay apart, and from where on
# they fit above their own.
NEAREST, LETTERED = 12.0, 20.0
EDGE = 4.0


@dataclass(frozen=True, slots=True)
class Milestone:
    """`since`: after the beginning of the impact, as in `+29 min`; empty for the beginning itself."""

    number: int
    name: str
    at: datetime
    since: str


@dataclass(frozen=True, slots=True)
class Response:
    milestones: tuple[Milestone, ...]
    drawing: SafeString


def response(incident: IncidentView) -> Response | None:
    """None when no more is known than when it began and ended (the windows say that), and of planned work."""
    if incident.kind == Kind.PLANNED_MAINTENANCE:
        return None
    known = sorted(_moments(incident), key=lambda one: one[1])
    if len(known) < 3:
        return None
    start = incident.started_at
    milestones = tuple(
        Milestone(number, name, at, "" if at == start else times.offset(at, start))
        for number, (name, at) in enumerate(known, start=1)
    )
    return Response(milestones, draw([one.at for one in milestones]))


def _moments(incident: IncidentView) -> list[tuple[str, datetime]]:
    found: list[tuple[str, datetime | None]] = [
        (gettext("Impact began"), incident.started_at),
        (gettext("Mitigated"), incident.ended_at),
    ]
    if (facts := incident.response) is not None:
        opened = gettext("Detected by monitoring") if facts.detected else gettext("Declared")
        found += [
            (opened, facts.opened_at),
            (gettext("First message to affected customers"), facts.targeted_at),
            (gettext("Posted publicly"), facts.public_at),
        ]
    return [(name, at) for name, at in found if at is not None]


def draw(moments: Sequence[datetime]) -> SafeString:
    """A line with a numbered point per moment (in order, UTC) and the time between written above it.

    The list beside it says the same in words, hence hidden from screen readers.
    """
    places = _places(moments)
    body = []
    raised = True
    for number in range(len(moments) - 1):
        left, right = places[number], places[number + 1]
        body.append(f'<line x1="{left:.2f}%" x2="{right:.2f}%" y1="{LINE}" y2="{LINE}"/>')
        words = escape(times.length(moments[number + 1] - moments[number]))
        middle, narrow = (left + right) / 2, right - left < LETTERED
        # Of words that are wider than their gaps every other one stands a line higher.
        raised = narrow and not raised
        body.append(
            f'<text x="{middle:.2f}%"'
            f' y="{LINE - RADIUS - (22 if raised else 6)}" text-anchor="middle">{words}</text>'
        )
    for number, place in enumerate(places, start=1):
        body.append(
            f'<circle cx="{place:.2f}%" cy="{LINE}" r="{RADIUS}"/>'
            f'<text class="n" x="{place:.2f}%" y="{LINE + 4}" text-anchor="middle">{number}</text>'
        )
    # Safe: numbers, and lengths of time that are escaped.
    return mark_safe(  # noqa: S308
        f'<svg class="lead" aria-hidden="true" width="100%" height="{HEIGHT}">{"".join(body)}</svg>'
    )


def _places(moments: Sequence[datetime]) -> list[float]:
    """Percent along the line: in proportion, but never nearer to each other than can be read."""
    span = (moments[-1] - moments[0]).total_seconds() or 1.0
    room = 100 - 2 * EDGE
    places = [EDGE + (at - moments[0]).total_seconds() / span * room for at in moments]
    return apart(places, NEAREST, EDGE)
