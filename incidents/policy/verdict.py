"""The decision: facts and policy in, verdict out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from incidents.policy.facts import (
    AUDIENCE_UNKNOWN,
    BROAD,
    CHANNEL_UNAVAILABLE,
    Facts,
    Scenario,
)
from incidents.policy.rules import Policy, Size, Threshold, measure, met

Review = Literal["public", "targeted", "none"]
Rule = Literal[
    "false-positive",
    "not-platform-fault",
    "security-advisory",
    "planned-maintenance",
    "health-advisory",
    "broad-impact",
    "channel-unavailable",
    "audience-unknown",
    "once-broad",
    "already-public",
    "targeted-only",
]
SCENARIO_RULE: dict[Scenario, Rule] = {
    BROAD: "broad-impact",
    CHANNEL_UNAVAILABLE: "channel-unavailable",
    AUDIENCE_UNKNOWN: "audience-unknown",
}


class Outcome(NamedTuple):
    """What a reader would notice; two verdicts with one outcome do the same."""

    scenario: Scenario | None
    public: bool
    review: Review
    withdraw_after_review: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the policy says. `scenarios`: all that hold, `scenario`: the first of them.

    `targeted` is always true: whether anybody was told before is no fact here, so a retraction
    is addressed to exactly those told and an empty audience sends nothing.
    """

    scenario: Scenario | None
    scenarios: tuple[Scenario, ...]
    public: bool
    targeted: bool
    review: Review
    withdraw_after_review: bool
    rule: Rule
    policy: str
    policy_version: int

    @property
    def outcome(self) -> Outcome:
        return Outcome(self.scenario, self.public, self.review, self.withdraw_after_review)


def decide(facts: Facts, policy: Policy) -> Verdict:
    """The bare verdict. False positive > not our fault > other kinds > service issue.

    The first three look at the facts of the moment alone; that an incident once was broad or
    public is a matter of service issues, and of where the retraction of a false positive goes.
    """
    if facts.false_positive:
        # A public advisory leaves no scenario behind; the caller knows of that one by itself.
        was_public = facts.ever_broad or facts.previous_scenario is not None
        return _simple(policy, "false-positive", public=was_public)
    size = measure(facts)
    if not facts.platform_fault:
        public = met(policy.not_platform_fault, size)
        return _simple(policy, "not-platform-fault", public=public)
    if facts.kind == "service-issue":
        return _service_issue(facts, policy, size)
    return _simple(policy, facts.kind, public=met(kind_threshold(facts, policy), size))


def kind_threshold(facts: Facts, policy: Policy) -> Threshold | None:
    """What makes maintenance and advisories public."""
    return policy.security_advisory if facts.kind == "security-advisory" else policy.notice


def is_broad(policy: Policy, size: Size) -> bool:
    return met(policy.broad, size) or any(way.met_by(size) for way in policy.also_broad)


def holding(facts: Facts, policy: Policy, size: Size) -> tuple[Scenario, ...]:
    """All scenarios of a service issue that hold, in rising order."""
    broad: tuple[Scenario, ...] = (1,) if is_broad(policy, size) else ()
    if policy.channel_unavailable and facts.targeted_channel == "unavailable":
        broad = (*broad, 2)
    if facts.audience == "unknown" and met(policy.audience_unknown, size):
        broad = (*broad, 3)
    return broad


def _simple(policy: Policy, rule: Rule, *, public: bool) -> Verdict:
    return Verdict(
        scenario=None,
        scenarios=(),
        public=public,
        targeted=True,
        review="none",
        withdraw_after_review=False,
        rule=rule,
        policy=policy.name,
        policy_version=policy.version,
    )


def _service_issue(facts: Facts, policy: Policy, size: Size) -> Verdict:
    scenarios = holding(facts, policy, size)
    public = bool(scenarios) or facts.ever_broad or facts.previous_scenario is not None
    review: Review = "public" if _public_review(facts, policy, size, scenarios) else "targeted"
    return Verdict(
        scenario=scenarios[0] if scenarios else None,
        scenarios=scenarios,
        public=public,
        targeted=True,
        review=review,
        withdraw_after_review=(
            public and review == "targeted" and _withdraws(facts, policy, scenarios)
        ),
        rule=_service_issue_rule(facts, scenarios),
        policy=policy.name,
        policy_version=policy.version,
    )


def _public_review(
    facts: Facts, policy: Policy, size: Size, scenarios: tuple[Scenario, ...]
) -> bool:
    """A public review, once promised, is owed whatever comes later."""
    if facts.ever_broad:
        return True
    if BROAD not in scenarios and facts.previous_scenario != BROAD:
        return False
    return policy.public_review is None or (
        BROAD in scenarios and policy.public_review.met_by(size)
    )


def _withdraws(facts: Facts, policy: Policy, scenarios: tuple[Scenario, ...]) -> bool:
    """The entry goes only if every reason it was public for, now or before, lets it go."""
    leaving = policy.withdraw_after_review
    before = facts.previous_scenario
    return (before is None or before in leaving) and all(each in leaving for each in scenarios)


def _service_issue_rule(facts: Facts, scenarios: tuple[Scenario, ...]) -> Rule:
    if scenarios:
        return SCENARIO_RULE[scenarios[0]]
    if facts.ever_broad or facts.previous_scenario == 1:
        return "once-broad"
    return "already-public" if facts.previous_scenario is not None else "targeted-only"
