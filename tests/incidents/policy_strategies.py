"""Facts and policies of every shape, for the property tests of the policy."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from hypothesis import strategies as st

from incidents.policy import PRESETS, Facts, ImpactFact, Policy, Threshold, parse_facts
from incidents.vocabulary import (
    LEVEL_RANK,
    Audience,
    Extent,
    Kind,
    Level,
    Scenario,
    TargetedChannel,
)

W = TypeVar("W", bound=str)

SERVICES = ("storage", "compute", "dns", "control-plane")
REGIONS = ("east", "west", "north", "global")


@st.composite
def any_facts(draw: st.DrawFn, kinds: tuple[Kind, ...] = tuple(Kind)) -> Facts:
    """Valid facts near the thresholds: few services, few regions, every word."""
    level = draw(st.sampled_from(tuple(Level)))
    impacts = draw(
        st.lists(
            st.builds(
                ImpactFact,
                service=st.sampled_from(SERVICES),
                region=st.sampled_from(REGIONS),
                extent=st.sampled_from(tuple(Extent)),
                level=st.sampled_from(list(Level)[: LEVEL_RANK[level] + 1]),
                zones=st.sampled_from([(), ("1",), ("1", "3")]),
            ),
            min_size=1,
            max_size=5,
        )
    )
    false_positive = draw(st.sampled_from([False, False, False, True]))
    facts = Facts(
        kind=draw(st.sampled_from(kinds)),
        level=level,
        impacts=tuple(impacts),
        dependents=draw(st.integers(0, 3)),
        audience=draw(st.sampled_from(tuple(Audience))),
        targeted_channel=TargetedChannel.AVAILABLE
        if false_positive
        else draw(st.sampled_from(tuple(TargetedChannel))),
        platform_fault=draw(st.sampled_from([True, True, True, False])),
        false_positive=false_positive,
        ever_broad=draw(st.booleans()),
        previous_scenario=draw(st.sampled_from([None, None, *tuple(Scenario)])),
        spreading_minutes=draw(st.sampled_from([0, 29, 30, 31, 120])),
    )
    assert parse_facts(facts.as_dict()) == facts
    return facts


@st.composite
def service_issues(draw: st.DrawFn) -> Facts:
    """Service issues of the platform's own, no false positives."""
    facts = draw(any_facts(kinds=(Kind.SERVICE_ISSUE,)))
    return replace(facts, platform_fault=True, false_positive=False)


THRESHOLDS = st.builds(
    Threshold,
    level=st.sampled_from(tuple(Level)),
    services=st.integers(1, 5),
    regions=st.none() | st.integers(2, 4),
    extent=st.sampled_from(tuple(Extent)),
    combine=st.sampled_from(["all", "any"]),
    named_only=st.booleans(),
    spreading_minutes=st.sampled_from([0, 0, 30, 90]),
)


@st.composite
def any_policy(draw: st.DrawFn) -> Policy:
    """A preset, or one with other thresholds and switches."""
    preset = draw(st.sampled_from(list(PRESETS.values())))
    if draw(st.booleans()):
        return preset
    return replace(
        preset,
        name="drawn",
        broad=draw(st.none() | THRESHOLDS),
        also_broad=tuple(draw(st.lists(THRESHOLDS, max_size=2))),
        public_review=draw(st.none() | THRESHOLDS),
        audience_unknown=draw(st.none() | THRESHOLDS),
        not_platform_fault=draw(st.none() | THRESHOLDS),
        notice=draw(st.none() | THRESHOLDS),
        security_advisory=draw(st.none() | THRESHOLDS),
        channel_unavailable=draw(st.booleans()),
        withdraw_after_review=draw(st.sampled_from([(), (2,), (3,), (2, 3)])),
    )


@st.composite
def worse(draw: st.DrawFn, facts: Facts) -> Facts:
    """The same service issue made broader, graver or less known, in one or more ways."""
    for _ in range(draw(st.integers(1, 4))):
        facts = _worse_once(facts, draw(st.integers(0, 8)), draw)
    assert parse_facts(facts.as_dict()) == facts
    return facts


def _worse_once(facts: Facts, way: int, draw: st.DrawFn) -> Facts:
    if way == 0:
        return replace(facts, dependents=facts.dependents + draw(st.integers(1, 3)))
    if way == 1:
        return replace(facts, level=_up(tuple(Level), facts.level))
    if way == 2:
        return replace(facts, audience=_down(tuple(Audience), facts.audience))
    if way == 8:
        return replace(facts, spreading_minutes=facts.spreading_minutes + draw(st.integers(1, 90)))
    if way == 3:
        return replace(facts, targeted_channel=TargetedChannel.UNAVAILABLE)
    if way == 4:
        added = ImpactFact(
            service=draw(st.sampled_from((*SERVICES, "search"))),
            region=draw(st.sampled_from((*REGIONS, "south"))),
            extent=draw(st.sampled_from(tuple(Extent))),
            level=draw(st.sampled_from(list(Level)[: LEVEL_RANK[facts.level] + 1])),
        )
        return replace(facts, impacts=(*facts.impacts, added))
    index = draw(st.integers(0, len(facts.impacts) - 1))
    impact = facts.impacts[index]
    if way == 5:
        impact = replace(impact, extent=_up(tuple(Extent), impact.extent))
    elif way == 6:
        highest = tuple(Level)[: LEVEL_RANK[facts.level] + 1]
        impact = replace(impact, level=_up(highest, impact.level))
    else:
        return replace(facts, ever_broad=True)
    return replace(facts, impacts=(*facts.impacts[:index], impact, *facts.impacts[index + 1 :]))


def _up(words: tuple[W, ...], word: W) -> W:
    return words[min(words.index(word) + 1, len(words) - 1)]


def _down(words: tuple[W, ...], word: W) -> W:
    return words[max(words.index(word) - 1, 0)]
