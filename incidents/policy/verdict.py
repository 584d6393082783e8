"""The decision: facts and policy in, verdict out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from incidents.policy.facts import Facts
from incidents.policy.rules import Policy, Size, Threshold, measure, met
from incidents.vocabulary import (
    Audience,
    Kind,
    PromisedReview,
    Scenario,
    TargetedChannel,
    VerdictRule,
)

SCENARIO_RULE: dict[Scenario, VerdictRule] = {
    Scenario.BROAD: VerdictRule.BROAD_IMPACT,
    Scenario.CHANNEL_UNAVAILABLE: VerdictRule.CHANNEL_UNAVAILABLE,
    Scenario.AUDIENCE_UNKNOWN: VerdictRule.AUDIENCE_UNKNOWN,
}


class Outcome(NamedTuple):
    """What a reader would notice; two verdicts with one outcome do the same."""

    scenario: Scenario | None
    public: bool
    review: PromisedReview
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
    review: PromisedReview
    withdraw_after_review: bool
    rule: VerdictRule
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
        return _simple(policy, VerdictRule.FALSE_POSITIVE, public=was_public)
    size = measure(facts)
    if not facts.platform_fault:
        public = met(policy.not_platform_fault, size)
        return _simple(policy, VerdictRule.NOT_PLATFORM_FAULT, public=public)
    if facts.kind == Kind.SERVICE_ISSUE:
        return _service_issue(facts, policy, size)
    return _simple(
        policy, VerdictRule(facts.kind.value), public=met(kind_threshold(facts, policy), size)
    )


def kind_threshold(facts: Facts, policy: Policy) -> Threshold | None:
    """What makes maintenance and advisories public."""
    return policy.security_advisory if facts.kind == Kind.SECURITY_ADVISORY else policy.notice


def is_broad(policy: Policy, size: Size) -> bool:
    return met(policy.broad, size) or any(way.met_by(size) for way in policy.also_broad)


def holding(facts: Facts, policy: Policy, size: Size) -> tuple[Scenario, ...]:
    """All scenarios of a service issue that hold, in rising order."""
    broad: tuple[Scenario, ...] = (Scenario.BROAD,) if is_broad(policy, size) else ()
    if policy.channel_unavailable and facts.targeted_channel == TargetedChannel.UNAVAILABLE:
        broad = (*broad, Scenario.CHANNEL_UNAVAILABLE)
    if facts.audience == Audience.UNKNOWN and met(policy.audience_unknown, size):
        broad = (*broad, Scenario.AUDIENCE_UNKNOWN)
    return broad


def _simple(policy: Policy, rule: VerdictRule, *, public: bool) -> Verdict:
    return Verdict(
        scenario=None,
        scenarios=(),
        public=public,
        targeted=True,
        review=PromisedReview.NONE,
        withdraw_after_review=False,
        rule=rule,
        policy=policy.name,
        policy_version=policy.version,
    )


def _service_issue(facts: Facts, policy: Policy, size: Size) -> Verdict:
    scenarios = holding(facts, policy, size)
    public = bool(scenarios) or facts.ever_broad or facts.previous_scenario is not None
    review: PromisedReview = (
        PromisedReview.PUBLIC
        if _public_review(facts, policy, size, scenarios)
        else PromisedReview.TARGETED
    )
    return Verdict(
        scenario=scenarios[0] if scenarios else None,
        scenarios=scenarios,
        public=public,
        targeted=True,
        review=review,
        withdraw_after_review=(
            public and review == PromisedReview.TARGETED and _withdraws(facts, policy, scenarios)
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
    if Scenario.BROAD not in scenarios and facts.previous_scenario != Scenario.BROAD:
        return False
    return policy.public_review is None or (
        Scenario.BROAD in scenarios and policy.public_review.met_by(size)
    )


def _withdraws(facts: Facts, policy: Policy, scenarios: tuple[Scenario, ...]) -> bool:
    """The entry goes only if every reason it was public for, now or before, lets it go."""
    leaving = policy.withdraw_after_review
    before = facts.previous_scenario
    return (before is None or before in leaving) and all(each in leaving for each in scenarios)


def _service_issue_rule(facts: Facts, scenarios: tuple[Scenario, ...]) -> VerdictRule:
    if scenarios:
        return SCENARIO_RULE[scenarios[0]]
    if facts.ever_broad or facts.previous_scenario == Scenario.BROAD:
        return VerdictRule.ONCE_BROAD
    already = facts.previous_scenario is not None
    return VerdictRule.ALREADY_PUBLIC if already else VerdictRule.TARGETED_ONLY
