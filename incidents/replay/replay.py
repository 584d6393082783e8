"""A past incident once more through the policy: what would have been decided when. Pure.

Facts come from a recording (a published review, moment by moment) or from the decisions recorded
while the incident was handled here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from incidents.cells import Cell
from incidents.derived_facts import Graph
from incidents.policy import (
    Explanation,
    Facts,
    Growth,
    Policy,
    Verdict,
    decide,
    explain,
    parse_facts,
    proposed_level,
    spreading_minutes,
)
from incidents.replay.recordings import CellHit, Recording
from incidents.texts.timestamps import seconds
from incidents.vocabulary import (
    Audience,
    FactBasis,
    KnownBy,
    Level,
    PromisedReview,
    Scenario,
    TargetedChannel,
)


@dataclass(frozen=True, slots=True)
class Point:
    """The facts known at one moment and what was really said then.

    `really`: public, targeted, withdrawn, or None where nothing is recorded. `basis`: stated,
    assumed, or recorded (by this system). `known_by`: monitor until a person has taken it over.
    `growth`: how the incident had spread, where the recording tells.
    """

    at: datetime
    facts: Facts
    really: str | None
    basis: str
    said: str
    known_by: str = KnownBy.OPERATOR
    audience_assumed: bool = False
    growth: Growth | None = None


@dataclass(frozen=True, slots=True)
class BacktestCase:
    """One incident's recorded facts; `really_public_at` is None where it never was public.

    `public`: whether the world had to know, where the recording says so; `label`: who says it.
    """

    tracking_id: str
    title: str
    started_at: datetime
    points: tuple[Point, ...]
    really_public_at: datetime | None
    public: bool | None = None
    label: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    point: Point
    explanation: Explanation

    def as_dict(self) -> dict[str, object]:
        verdict = self.explanation.verdict
        return {
            "at": seconds(self.point.at),
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

    out at the latest, nobody confirming it. `first_targeted_at`: when the affected would have been
    told. Minutes gained are over the first real public post; None where either side never was public.
    """

    steps: tuple[Step, ...]
    decided_at: datetime | None
    public_at: datetime | None
    first_targeted_at: datetime | None
    really_public_at: datetime | None

    @property
    def minutes_gained(self) -> int | None:
        return _minutes(self.public_at, self.really_public_at)

    @property
    def minutes_gained_if_confirmed(self) -> int | None:
        return _minutes(self.decided_at, self.really_public_at)

    def moments(self) -> dict[str, object]:
        """The four moments, alike for the recording as it is and for each branch of it."""
        return {
            "decided_at": seconds(self.decided_at),
            "public_at": seconds(self.public_at),
            "first_targeted_at": seconds(self.first_targeted_at),
            "really_public_at": seconds(self.really_public_at),
        }

    def as_dict(self) -> dict[str, object]:
        return {
            **self.moments(),
            "minutes_gained": self.minutes_gained,
            "minutes_gained_if_confirmed": self.minutes_gained_if_confirmed,
            "steps": [step.as_dict() for step in self.steps],
        }


def lived(points: Iterable[Point], policy: Policy) -> Iterator[tuple[Point, Facts, Verdict]]:
    """Decide at every point, in time order; with the facts that were decided about, which know what

    was decided before them.

    The level of what a monitor found follows its spread by itself, as it does while no person has
    the incident; a person would be asked.
    """
    previous: Scenario | None = None
    ever_broad = False
    for point in points:
        facts = point.facts
        if point.growth is not None and point.known_by == KnownBy.MONITOR:
            proposal = proposed_level(facts.level, point.growth, policy.spread)
            if proposal is not None:
                # What a degraded service may do to those that need it, a failing one does.
                facts = replace(
                    facts.at_level(proposal.level),
                    dependents=max(facts.dependents, point.growth.hard_dependents),
                )
        if (facts.previous_scenario, facts.ever_broad) != (previous, ever_broad):
            facts = replace(facts, previous_scenario=previous, ever_broad=ever_broad)
        verdict = decide(facts, policy)
        previous = verdict.scenario or previous
        ever_broad = ever_broad or verdict.review == PromisedReview.PUBLIC
        yield point, facts, verdict


def replay(points: Sequence[Point], policy: Policy, really_public_at: datetime | None) -> Replay:
    """Decide at every point in time order, with reasons."""
    in_order = sorted(points, key=lambda point: point.at)
    decided_at: datetime | None = None
    public_at: datetime | None = None
    steps: list[Step] = []
    for point, facts, verdict in lived(in_order, policy):
        steps.append(Step(replace(point, facts=facts), explain(facts, policy)))
        if verdict.public:
            decided_at = decided_at or point.at
            latest = point.at + timedelta(minutes=policy.deadline_minutes(verdict.scenario))
            public_at = min(public_at or latest, latest)
    return Replay(
        steps=tuple(steps),
        decided_at=decided_at,
        public_at=public_at,
        first_targeted_at=_first_targeted(steps),
        really_public_at=really_public_at,
    )


def _first_targeted(steps: Sequence[Step]) -> datetime | None:
    """When the affected are told: at once, unless nobody can tell who they are or reach them.

    Whom scenario 3 concerns is not known: the post goes to everybody, and alerts follow later. What
    a monitor found waits for nobody: whoever runs in its cells is told that it is looked into.
    """
    for step in steps:
        facts, verdict = step.point.facts, step.explanation.verdict
        unclear = (
            verdict.scenario == Scenario.AUDIENCE_UNKNOWN and facts.audience == Audience.UNKNOWN
        )
        unclear = unclear and step.point.known_by != KnownBy.MONITOR
        if facts.targeted_channel == TargetedChannel.AVAILABLE and not unclear:
            return step.point.at
    return None


def case_of_recording(recording: Recording, name: str, graph: Graph | None = None) -> BacktestCase:
    return BacktestCase(
        tracking_id=name,
        title=recording.title,
        started_at=recording.started_at,
        points=tuple(points_of(recording, graph)),
        really_public_at=recording.first_public_post,
    )


def points_of(recording: Recording, graph: Graph | None = None) -> Iterator[Point]:
    """The facts of a recording, moment by moment; what nobody knew yet decides nothing.

    With a catalogue's graph the dependents are those it counts, unless a source states a number.
    """
    cells: dict[Cell, CellHit] = {}
    since: dict[Cell, datetime] = {}
    level, audience, stated, known_by = "warning", "unknown", None, "operator"
    assumed = False
    for moment in recording.moments:
        level = moment.level or level
        if moment.audience:
            audience, assumed = moment.audience, moment.basis == FactBasis.ASSUMED
        known_by = moment.known_by or known_by
        if moment.dependents is not None and (moment.basis == FactBasis.STATED or graph is None):
            stated = moment.dependents
        for hit in moment.hit:
            cells[hit.service, hit.region] = hit
            since.setdefault((hit.service, hit.region), moment.at)
        left = {key: hit for key, hit in cells.items() if key[1] not in moment.recovered}
        # Once all is over, the facts of the whole incident go on counting for its review.
        cells = left or cells
        if not moment.silent:
            at_risk, failing = _dependents(cells, level, graph)
            dependents = failing if stated is None else stated
            regions = _regions(cells, since, level)
            yield Point(
                at=moment.at,
                facts=_facts(
                    cells.values(), level, audience, dependents, spreading_minutes(regions.values())
                ),
                really=moment.published,
                basis=moment.basis,
                said=moment.said,
                known_by=known_by,
                audience_assumed=assumed,
                growth=Growth(regions, at_risk if stated is None else stated),
            )


def _dependents(cells: Mapping[Cell, CellHit], level: str, graph: Graph | None) -> tuple[int, int]:
    """How many cannot do without what is hit, and for how many of them it fails."""
    if graph is None:
        return 0, 0
    everything: dict[str, set[str]] = {}
    failing: dict[str, set[str]] = {}
    for (service, region), hit in cells.items():
        everything.setdefault(service, set()).add(region)
        if (hit.level or level) == "error":
            failing.setdefault(service, set()).add(region)
    return len(graph.dependents(everything).hard), len(graph.dependents(failing, everything).hard)


def _regions(
    cells: Mapping[Cell, CellHit], since: Mapping[Cell, datetime], level: str
) -> dict[str, datetime]:
    """Since when each region is hit at Warning or above."""
    regions: dict[str, datetime] = {}
    for cell, hit in cells.items():
        if (hit.level or level) != Level.INFORMATIONAL:
            regions[cell[1]] = min(since[cell], regions.get(cell[1], since[cell]))
    return regions


def _facts(
    cells: Iterable[CellHit], level: str, audience: str, dependents: int, spreading: int
) -> Facts:
    return parse_facts(
        {
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
            "spreading_minutes": spreading,
        }
    )


def _minutes(ours: datetime | None, theirs: datetime | None) -> int | None:
    if ours is None or theirs is None:
        return None
    return round((theirs - ours).total_seconds() / 60)
