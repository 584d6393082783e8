"""Policies side by side over recordings: whom each would have told, how soon, and where it is wrong. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import pairwise
from statistics import median, quantiles

from incidents.policy import Counterfactual, Facts, Policy, Verdict, decide
from incidents.policy.neighbours import walk
from incidents.policy.rules import condensed
from incidents.replay.replay import BacktestCase, Point, lived
from incidents.vocabulary import Audience, Scenario

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Course:
    """What one policy makes of one case. `decided_at`: its first public verdict, by `deciding`.

    `scenario`: the lowest that ever held. `flips`: how often the verdict became another one.
    """

    decided_at: datetime | None
    deciding: Facts
    minutes_to_decision: float | None
    minutes_to_public: float | None
    scenario: Scenario | None
    flips: int
    promoted: bool

    @property
    def public(self) -> bool:
        return self.decided_at is not None


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A verdict against the recording's label, and the fewest steps of one fact that would agree.

    `counterfactual`: the fact, what it is and what it would have to be; None where no single fact would do.
    """

    case: BacktestCase
    course: Course
    counterfactual: Counterfactual | None

    def as_dict(self) -> dict[str, object]:
        wanted = None
        if self.counterfactual is not None:
            wanted = {
                "fact": self.counterfactual.fact,
                "from": self.counterfactual.before,
                "to": self.counterfactual.after,
            }
        return {
            "id": self.case.tracking_id,
            "title": self.case.title,
            "public": self.course.public,
            "label": self.case.public,
            "label_says": self.case.label,
            "would_agree_if": wanted,
        }


@dataclass(slots=True)
class Tally:
    """Everything counted of one policy."""

    policy: Policy
    courses: list[Course] = field(default_factory=list)
    disagreements: list[Disagreement] = field(default_factory=list)
    labelled: int = 0
    audience_assumed: int = 0
    public_if_audience_unknown: int = 0

    def add(self, case: BacktestCase, otherwise: Sequence[Point] | None) -> None:
        """`otherwise`: the points with an unknown audience, where the known one is assumed."""
        course = course_of(case.points, self.policy)
        self.courses.append(course)
        self.audience_assumed += otherwise is not None
        other = course if otherwise is None else course_of(otherwise, self.policy)
        self.public_if_audience_unknown += other.public
        if case.public is None:
            return
        self.labelled += 1
        if course.public != case.public:
            counterfactual = agreeing_counterfactual(
                course.deciding, self.policy, wanted=case.public
            )
            self.disagreements.append(Disagreement(case, course, counterfactual))

    def as_dict(self) -> dict[str, object]:
        public = [course for course in self.courses if course.public]
        decided = [c.minutes_to_decision for c in public if c.minutes_to_decision is not None]
        posted = [c.minutes_to_public for c in public if c.minutes_to_public is not None]
        wrong = [each.course.public for each in self.disagreements]
        return {
            "version": self.policy.version,
            "incidents": len(self.courses),
            "public": len(public),
            "targeted": len(self.courses) - len(public),
            **{
                f"scenario_{number}": sum(course.scenario == number for course in public)
                for number in (1, 2, 3)
            },
            "labelled": self.labelled,
            "false_public": wrong.count(True),
            "missed_public": wrong.count(False),
            "median_minutes_to_decision": _rounded(median(decided)) if decided else None,
            "p90_minutes_to_decision": _p90(decided),
            "median_minutes_to_public": _rounded(median(posted)) if posted else None,
            "flips": sum(course.flips for course in self.courses),
            "promotions": sum(course.promoted for course in self.courses),
            "audience_assumed": self.audience_assumed,
            "public_if_audience_unknown": self.public_if_audience_unknown,
        }


def compare(
    cases: Iterable[BacktestCase], policies: Sequence[Policy], progress: Progress | None = None
) -> list[Tally]:
    """Every case under every policy. `progress` hears how many cases are done, now and then."""
    tallies = [Tally(policy) for policy in policies]
    done = 0
    for done, case in enumerate(cases, start=1):
        otherwise = _audience_unknown(case.points)
        for tally in tallies:
            tally.add(case, otherwise)
        if progress is not None and not done % 100:
            progress(done)
    if progress is not None:
        progress(done)
    return tallies


def course_of(points: Sequence[Point], policy: Policy) -> Course:
    """Live through the points. Minutes are counted from the first of them, when somebody knew."""
    verdicts: list[Verdict] = []
    decided: tuple[Point, Facts] | None = None
    public_minutes: float | None = None
    for point, facts, verdict in lived(points, policy):
        verdicts.append(verdict)
        if verdict.public:
            decided = decided or (point, facts)
            latest = _minutes(points[0].at, point.at) + policy.deadline_minutes(verdict.scenario)
            public_minutes = min(public_minutes or latest, latest)
    scenarios = [verdict.scenario for verdict in verdicts if verdict.scenario is not None]
    return Course(
        decided_at=decided[0].at if decided else None,
        deciding=decided[1] if decided else max((each.facts for each in points), key=_gravity),
        minutes_to_decision=_minutes(points[0].at, decided[0].at) if decided else None,
        minutes_to_public=public_minutes,
        scenario=min(scenarios, default=None),
        flips=sum(one.outcome != other.outcome for one, other in pairwise(verdicts)),
        promoted=decided is not None and not verdicts[0].public,
    )


def agreeing_counterfactual(facts: Facts, policy: Policy, *, wanted: bool) -> Counterfactual | None:
    """The one fact that would make the verdict public or not as `wanted`, by the fewest steps.

    Several steps of one fact are one counterfactual here ("services from 9 to 2").
    """
    few = replace(condensed(facts), previous_scenario=None, ever_broad=False)
    for counterfactual, there in walk(few):
        if decide(there, policy).public == wanted:
            return counterfactual
    return None


def _audience_unknown(points: Sequence[Point]) -> list[Point] | None:
    if not any(point.audience_assumed for point in points):
        return None
    return [
        replace(point, facts=replace(point.facts, audience=Audience.UNKNOWN))
        if point.audience_assumed
        else point
        for point in points
    ]


def _gravity(facts: Facts) -> tuple[int, int]:
    return (
        ("informational", "warning", "error").index(facts.level),
        len(facts.impacts) + facts.dependents,
    )


def _minutes(start: datetime, end: datetime) -> float:
    return (end - start).total_seconds() / 60


def _rounded(minutes: float) -> float:
    return round(minutes, 1)


def _p90(minutes: Sequence[float]) -> float | None:
    if not minutes:
        return None
    if len(minutes) == 1:
        return _rounded(minutes[0])
    return _rounded(quantiles(minutes, n=10, method="inclusive")[-1])
