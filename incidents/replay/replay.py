"""A past incident once more through the policy: what would have been decided when. Pure.

Facts come from a recording (a published review, moment by moment) or from the decisions recorded
while the incident was handled here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from incidents.policy import Explanation, Policy, explain, parse_facts
from incidents.replay.recordings import CellHit, Moment, Recording


@dataclass(frozen=True, slots=True)
class Point:
    """The facts known at one moment (JSON shape of `decide`) and what was really said then.

    `really`: public, targeted, withdrawn, or None where nothing is recorded. `basis`: stated,
    assumed, or recorded (by this system).
    """

    at: datetime
    facts: dict[str, Any]
    really: str | None
    basis: str
    said: str


@dataclass(frozen=True, slots=True)
class Step:
    point: Point
    explanation: Explanation

    def as_dict(self) -> dict[str, object]:
        verdict = self.explanation.verdict
        return {
            "at": _iso(self.point.at),
            "basis": self.point.basis,
            "said": self.point.said,
            "really": self.point.really,
            "scenario": verdict.scenario,
            "public": verdict.public,
            "review": verdict.review,
            "withdraw_after_review": verdict.withdraw_after_review,
            "needs_confirmation": self.explanation.needs_confirmation,
            "rule": verdict.rule,
            "because": list(self.explanation.because),
        }


@dataclass(frozen=True, slots=True)
class Replay:
    """`decided_at`: first moment whose verdict is public. `public_at`: when the post would have gone

    out at the latest, nobody confirming it. Minutes gained are over the first real public post;
    None where either side never was public.
    """

    steps: tuple[Step, ...]
    decided_at: datetime | None
    public_at: datetime | None
    really_public_at: datetime | None

    @property
    def minutes_gained(self) -> int | None:
        return _minutes(self.public_at, self.really_public_at)

    @property
    def minutes_gained_if_confirmed(self) -> int | None:
        return _minutes(self.decided_at, self.really_public_at)

    def as_dict(self) -> dict[str, object]:
        return {
            "decided_at": _iso(self.decided_at),
            "public_at": _iso(self.public_at),
            "really_public_at": _iso(self.really_public_at),
            "minutes_gained": self.minutes_gained,
            "minutes_gained_if_confirmed": self.minutes_gained_if_confirmed,
            "steps": [step.as_dict() for step in self.steps],
        }


def replay(points: Sequence[Point], policy: Policy, really_public_at: datetime | None) -> Replay:
    """Decide at every point in time order; each knows the scenarios decided before it."""
    steps: list[Step] = []
    previous: int | None = None
    ever_broad = False
    decided_at: datetime | None = None
    for point in sorted(points, key=lambda point: point.at):
        facts = point.facts | {"previous_scenario": previous, "ever_broad": ever_broad}
        explanation = explain(parse_facts(facts), policy)
        verdict = explanation.verdict
        previous = verdict.scenario or previous
        ever_broad = ever_broad or 1 in verdict.scenarios
        if verdict.public and decided_at is None:
            decided_at = point.at
        steps.append(Step(replace(point, facts=facts), explanation))
    deadline = timedelta(minutes=policy.public_deadline_minutes)
    return Replay(
        steps=tuple(steps),
        decided_at=decided_at,
        public_at=decided_at + deadline if decided_at else None,
        really_public_at=really_public_at,
    )


def points_of(recording: Recording) -> Iterator[Point]:
    """The facts of a recording, moment by moment; what nobody knew yet decides nothing."""
    cells: dict[tuple[str, str], CellHit] = {}
    level, audience, dependents = "warning", "unknown", 0
    for moment in recording.moments:
        level = moment.level or level
        audience = moment.audience or audience
        dependents = dependents if moment.dependents is None else moment.dependents
        cells |= {(hit.service, hit.region): hit for hit in moment.hit}
        left = {key: hit for key, hit in cells.items() if key[1] not in moment.recovered}
        # Once all is over, the facts of the whole incident go on counting for its review.
        cells = left or cells
        if not moment.silent:
            yield _point(moment, cells.values(), level, audience, dependents)


def _point(
    moment: Moment, cells: Iterable[CellHit], level: str, audience: str, dependents: int
) -> Point:
    facts = {
        "kind": "service-issue",
        "level": level,
        "impacts": [
            {
                "service": cell.service,
                "region": cell.region,
                "extent": cell.extent,
                "level": cell.level or level,
            }
            for cell in cells
        ],
        "dependents": dependents,
        "audience": audience,
    }
    return Point(moment.at, facts, moment.published, moment.basis, moment.said)


def _minutes(ours: datetime | None, theirs: datetime | None) -> int | None:
    if ours is None or theirs is None:
        return None
    return round((theirs - ours).total_seconds() / 60)


def _iso(moment: datetime | None) -> str | None:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None
