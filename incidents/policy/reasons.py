"""The sentences: plain, with numbers, for an operator at night and an auditor a year later."""

from __future__ import annotations

from collections.abc import Iterable

from incidents.policy.facts import Facts
from incidents.policy.neighbours import Counterfactual
from incidents.policy.rules import Policy, Size, Threshold
from incidents.policy.verdict import Verdict, kind_threshold
from incidents.vocabulary import (
    LEVEL_RANK,
    Audience,
    Extent,
    Kind,
    Level,
    PromisedReview,
    Scenario,
    TargetedChannel,
    VerdictRule,
)

EXTENT_WORDS: dict[Extent, str] = {
    Extent.SUBSET: "part of a region",
    Extent.ZONE: "a whole zone",
    Extent.REGION: "a whole region",
}
KIND_WORDS = {
    Kind.PLANNED_MAINTENANCE: "Planned maintenance",
    Kind.HEALTH_ADVISORY: "A health advisory",
    Kind.SECURITY_ADVISORY: "A security advisory",
}


def because(facts: Facts, policy: Policy, size: Size, verdict: Verdict) -> tuple[str, ...]:
    """Why the verdict is what it is: the size, the rules asked, the consequences."""
    if verdict.rule == VerdictRule.FALSE_POSITIVE:
        return _false_positive(verdict)
    if verdict.rule == VerdictRule.NOT_PLATFORM_FAULT:
        return (
            "The cause lies outside the platform, so this is an advisory and has no review.",
            _size(size),
            _public_when("An advisory of this kind", policy.not_platform_fault, size),
        )
    if facts.kind != Kind.SERVICE_ISSUE:
        threshold = kind_threshold(facts, policy)
        return (_size(size, facts.kind), _public_when(KIND_WORDS[facts.kind], threshold, size))
    return (
        _size(size),
        _scenario_1(policy, size),
        _scenario_2(facts, policy),
        _scenario_3(facts, policy, size),
        *_kept(facts, verdict),
        _review(policy, verdict),
        *_targeted(facts, verdict),
    )


def borderline(flips: Iterable[Counterfactual], public: bool) -> str:
    """Why a person should look: each single notch that flips *public*."""
    notches = ", or ".join(f"{each.fact} {each.before} → {each.after}" for each in flips)
    turned = "not public" if public else "public"
    return f"Borderline: {notches} alone would make this {turned}; a person should confirm."


def _false_positive(verdict: Verdict) -> tuple[str, ...]:
    way = (
        "It has been public, so the retraction is public as well."
        if verdict.public
        else "No scenario has made it public, so the retraction is not public either."
    )
    return (
        "Marked as a false positive: nothing was wrong, so there is nothing to review.",
        way,
        "A targeted retraction goes to exactly those who were told.",
    )


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _size(size: Size, kind: str = "") -> str:
    """Planned work has no level that anybody stated; where none of its cells counts, that is why."""
    level = f"Level {size.level.capitalize()}"
    dependents = size.services - size.named
    if size.extent is None:
        stated = f", {_number(dependents, 'dependent service')} stated" if dependents else ""
        return f"{level}; no impact is at Warning or above, so no region or extent counts{stated}."
    parts = f" ({size.named} named, {dependents} depending on them)" if dependents else ""
    reach = "everywhere" if size.everywhere else _number(size.regions, "region")
    planned = kind == Kind.PLANNED_MAINTENANCE
    return (
        f"{'' if planned else f'{level}; '}{_number(size.services, 'service')}{parts}, {reach}, "
        f"at most {EXTENT_WORDS[size.extent]}."
    )


def _reach_wanted(threshold: Threshold) -> str:
    several = f" or {threshold.regions} or more regions" if threshold.regions is not None else ""
    least = "" if threshold.extent == Extent.REGION else "at least "
    return f"{least}{EXTENT_WORDS[threshold.extent]}{several}"


def _wanted(threshold: Threshold) -> str:
    """What a threshold asks for."""
    level = "" if threshold.level == Level.INFORMATIONAL else f"level {_at_least(threshold)}, "
    services = f"{_number(threshold.services, _service(threshold))} or more"
    spreading = (
        f", and a region hit {_number(threshold.spreading_minutes, 'minute')} or more after the first"
        if threshold.spreading_minutes
        else ""
    )
    if threshold.combine == "all" and threshold.extent == Extent.SUBSET:
        # Wherever impact counts, part of a region is hit.
        return f"{level}{services}{spreading}"
    joint = "and" if threshold.combine == "all" else "or"
    return f"{level}{services}, {joint} {_reach_wanted(threshold)}{spreading}"


def _at_least(threshold: Threshold) -> str:
    return "Error" if threshold.level == Level.ERROR else f"{threshold.level.capitalize()} or above"


def _missing(threshold: Threshold, size: Size) -> str:
    """The parts of a missed threshold that are missing, with the numbers found instead."""
    missing = []
    if LEVEL_RANK[size.level] < LEVEL_RANK[threshold.level]:
        missing.append(f"the level is {size.level.capitalize()}")
    if (counted := threshold.counted(size)) < threshold.services:
        missing.append(f"{_is(counted, _service(threshold))} affected")
    if not threshold.reached_by(size):
        if size.extent is None:
            missing.append("no region is affected")
        else:
            regions = f" in {_number(size.regions, 'region')}" if threshold.regions else ""
            missing.append(f"the impact is at most {EXTENT_WORDS[size.extent]}{regions}")
    if size.spreading_minutes < threshold.spreading_minutes:
        missing.append(_spread(size))
    return " and ".join(missing)


def _spread(size: Size) -> str:
    if size.spreading_minutes:
        return (
            f"the latest region was hit {_number(size.spreading_minutes, 'minute')} after the first"
        )
    return "no region was hit later than another"


def _service(threshold: Threshold) -> str:
    return "named service" if threshold.named_only else "service"


def _is(count: int, noun: str) -> str:
    if count == 0:
        return f"no {noun} is"
    return f"only {_number(count, noun)} {'is' if count == 1 else 'are'}"


def _public_when(subject: str, threshold: Threshold | None, size: Size) -> str:
    if threshold is None:
        return f"{subject} is never public under this policy; only those concerned are told."
    asked = f"{subject} is public from {_wanted(threshold)}"
    if threshold.met_by(size):
        return f"{asked}: that is met."
    return f"{asked}; here {_missing(threshold, size)}, so only those concerned are told."


def _scenario_1(policy: Policy, size: Size) -> str:
    ways = policy.ways_to_be_broad
    if not ways:
        return "Scenario 1 (broad impact) is switched off in this policy."
    for way in ways:
        if way.met_by(size):
            return f"Scenario 1 (broad impact) holds: {_wanted(way)}."
    needs = "; or it needs ".join(f"{_wanted(way)}; here {_missing(way, size)}" for way in ways)
    return f"Scenario 1 (broad impact) does not hold: it needs {needs}."


def _scenario_2(facts: Facts, policy: Policy) -> str:
    if facts.targeted_channel == TargetedChannel.AVAILABLE:
        return "Scenario 2 (channel unavailable) does not hold: targeted alerts can be delivered."
    if not policy.channel_unavailable:
        return "Scenario 2 (channel unavailable) is switched off in this policy."
    return (
        "Scenario 2 (channel unavailable) holds: targeted alerts cannot be delivered, "
        "so the public page stands in for them."
    )


def _scenario_3(facts: Facts, policy: Policy, size: Size) -> str:
    threshold = policy.audience_unknown
    if threshold is None:
        return "Scenario 3 (audience unknown) is switched off in this policy."
    if facts.audience != Audience.UNKNOWN:
        return f"Scenario 3 (audience unknown) does not hold: the audience is {facts.audience}."
    if threshold.met_by(size):
        return (
            f"Scenario 3 (audience unknown) holds: {_wanted(threshold)}, and whom it hits is not "
            "known, so everybody is told."
        )
    return (
        f"Scenario 3 (audience unknown) does not hold: it needs {_wanted(threshold)}; "
        f"here {_missing(threshold, size)}."
    )


def _kept(facts: Facts, verdict: Verdict) -> tuple[str, ...]:
    """An earlier decision that still binds."""
    if verdict.rule == VerdictRule.ONCE_BROAD:
        return ("An earlier decision found the impact broad, so the public post stays.",)
    if verdict.rule == VerdictRule.ALREADY_PUBLIC:
        return (
            f"It was made public under scenario {facts.previous_scenario}, and a public post is "
            "not taken back while its review is open.",
        )
    if facts.ever_broad and Scenario.BROAD not in verdict.scenarios:
        return ("An earlier decision found the impact broad, so the review stays public.",)
    return ()


def _review(policy: Policy, verdict: Verdict) -> str:
    if verdict.review == PromisedReview.PUBLIC:
        return (
            f"The review is public: Preliminary within {policy.preliminary_review_hours} hours, "
            f"Final within {policy.final_review_days} days of mitigation; the entry is kept "
            f"{_number(policy.retention_years, 'year')}."
        )
    if verdict.withdraw_after_review:
        return (
            "The review goes to the affected customers only; the public entry says so and is "
            "withdrawn once the review has been delivered."
        )
    if verdict.public:
        return "The review goes to the affected customers only; the public entry stays."
    return (
        "Only the affected customers are told; the review goes to them, for small ones on request."
    )


def _targeted(facts: Facts, verdict: Verdict) -> tuple[str, ...]:
    """When the targeted alerts have to wait."""
    if facts.targeted_channel == TargetedChannel.UNAVAILABLE:
        return ("Targeted alerts follow as soon as the channel works again.",)
    if facts.audience != Audience.UNKNOWN or not verdict.public:
        return ()
    if verdict.scenario == Scenario.AUDIENCE_UNKNOWN:
        return ("Targeted alerts follow as soon as the audience is known.",)
    return ("Until the audience is known, targeted alerts go to whoever runs in these cells.",)
