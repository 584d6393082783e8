"""A changed policy over the whole history: which incidents it would have told differently. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from incidents.policy import Policy
from incidents.replay.replay import BacktestCase, Replay, replay


@dataclass(frozen=True, slots=True)
class BacktestOutcome:
    """What a policy makes of one case. Minutes count from the start of impact to the post.

    `false_public`: it would have been posted, although the same policy keeps it targeted if the
    audience had been known from the start as well as it was in the end.
    """

    public: bool
    scenario: int | None
    review: str
    minutes_to_public: int | None
    false_public: bool

    def as_dict(self) -> dict[str, object]:
        return {
            "public": self.public,
            "scenario": self.scenario,
            "review": self.review,
            "minutes_to_public": self.minutes_to_public,
            "false_public": self.false_public,
        }


@dataclass(frozen=True, slots=True)
class Comparison:
    case: BacktestCase
    now: BacktestOutcome
    then: BacktestOutcome

    @property
    def changed(self) -> bool:
        return self.now != self.then

    def as_dict(self) -> dict[str, object]:
        return {
            "tracking_id": self.case.tracking_id,
            "title": self.case.title,
            "changed": self.changed,
            "now": self.now.as_dict(),
            "then": self.then.as_dict(),
        }


def backtest(
    cases: Iterable[BacktestCase], *, current: Policy, candidate: Policy
) -> list[Comparison]:
    """Every case under both policies, in the order given."""
    return [Comparison(case, _outcome(case, current), _outcome(case, candidate)) for case in cases]


def summary(outcomes: list[BacktestOutcome]) -> dict[str, object]:
    """Counts over one policy's outcomes; the median time to public in minutes, None if none was."""
    times = sorted(o.minutes_to_public for o in outcomes if o.minutes_to_public is not None)
    return {
        "incidents": len(outcomes),
        "public": sum(outcome.public for outcome in outcomes),
        "false_public": sum(outcome.false_public for outcome in outcomes),
        "median_minutes_to_public": times[len(times) // 2] if times else None,
    }


def _outcome(case: BacktestCase, policy: Policy) -> BacktestOutcome:
    result = replay(case.points, policy, case.really_public_at)
    public = result.decided_at is not None
    scenarios = [s.explanation.verdict.scenario for s in result.steps]
    return BacktestOutcome(
        public=public,
        scenario=next((scenario for scenario in scenarios if scenario), None),
        review=result.steps[-1].explanation.verdict.review,
        minutes_to_public=(
            round((result.decided_at - case.started_at).total_seconds() / 60)
            if result.decided_at
            else None
        ),
        false_public=public and not _public_with_hindsight(case, policy, result),
    )


def _public_with_hindsight(case: BacktestCase, policy: Policy, result: Replay) -> bool:
    """Whether the gravest moment would be public had the audience been known at once."""
    known = case.points[-1].facts.audience
    points = [
        replace(step.point, facts=replace(step.point.facts, audience=known))
        for step in result.steps
    ]
    return replay(points, policy, None).decided_at is not None
