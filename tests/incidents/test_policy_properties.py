"""What holds for every fact and every policy, whatever the thresholds."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.policy import (
    Counterfactual,
    Facts,
    Policy,
    Size,
    decide,
    explain,
    measure,
    neighbours,
    parse_facts,
    parse_policy,
)
from incidents.policy.facts import MAX_DEPENDENTS, ImpactFact
from incidents.policy.rules import condensed
from incidents.vocabulary import Audience, Extent, Kind, Level, TargetedChannel
from tests.incidents.policy_strategies import any_facts, any_policy, service_issues, worse

# Decisions take microseconds; a pause of the machine is no failure.
many = settings(max_examples=150)


@many
@given(st.data(), service_issues(), any_policy())
def test_a_service_issue_made_worse_never_turns_from_public_to_not_public(
    data: st.DataObject, facts: Facts, policy: Policy
) -> None:
    graver = data.draw(worse(facts))
    if decide(facts, policy).public:
        assert decide(graver, policy).public


@many
@given(any_facts(), any_policy())
def test_the_same_facts_are_always_decided_alike(facts: Facts, policy: Policy) -> None:
    again = parse_facts(facts.as_dict())
    assert explain(again, parse_policy(policy.as_dict())) == explain(facts, policy)


@many
@given(st.data(), any_facts(), any_policy())
def test_the_order_of_impacts_is_irrelevant(
    data: st.DataObject, facts: Facts, policy: Policy
) -> None:
    shuffled = replace(facts, impacts=tuple(data.draw(st.permutations(facts.impacts))))
    assert explain(shuffled, policy).as_dict() == explain(facts, policy).as_dict()


@many
@given(any_facts(), any_policy())
def test_what_would_change_the_outcome_is_exactly_what_changes_it_when_tried(
    facts: Facts, policy: Policy
) -> None:
    here = decide(facts, policy).outcome
    tried = {
        counterfactual: outcome
        for counterfactual, nearby in neighbours(facts)
        if (outcome := decide(nearby, policy).outcome) != here
    }
    told = explain(facts, policy).would_change_if
    assert {change.counterfactual: change.outcome for change in told} == tried
    assert len(told) == len(tried)


@many
@given(any_facts(), any_policy())
def test_a_person_is_asked_exactly_when_one_estimated_number_would_flip_public(
    facts: Facts, policy: Policy
) -> None:
    here = decide(facts, policy)
    flips = [
        counterfactual
        for counterfactual, nearby in neighbours(facts)
        if counterfactual.fact in {"services", "regions", "extent"}
        and decide(nearby, policy).public != here.public
    ]
    explanation = explain(facts, policy)
    assert explanation.needs_confirmation == bool(flips)
    assert explanation.because[-1].startswith("Borderline:") == bool(flips)


@many
@given(any_facts())
def test_every_neighbour_is_valid_and_differs_by_exactly_its_notch(facts: Facts) -> None:
    here = position(facts)
    for counterfactual, nearby in neighbours(facts):
        assert parse_facts(nearby.as_dict()) == nearby
        there = position(nearby)
        assert (here[counterfactual.fact], there[counterfactual.fact]) == (
            counterfactual.before,
            counterfactual.after,
        )
        assert one_step(counterfactual)
        moved = {fact for fact in here if here[fact] != there[fact]}
        if counterfactual.fact == "level" and "informational" in counterfactual:
            # Impacts that follow the incident's level begin or cease to count.
            moved -= {"services", "regions", "extent"}
        assert moved == {counterfactual.fact}
        assert untouched(facts) == untouched(nearby)


@many
@given(any_facts())
def test_no_neighbour_is_missing_and_none_comes_twice(facts: Facts) -> None:
    given_notches = [counterfactual for counterfactual, _ in neighbours(facts)]
    assert len(given_notches) == len(set(given_notches))
    assert set(given_notches) == expected_notches(facts, measure(facts))


@many
@given(any_facts())
def test_condensed_facts_measure_the_same_at_every_notch(facts: Facts) -> None:
    few = condensed(facts)
    assert measure(few) == measure(facts)
    assert [(counterfactual, measure(nearby)) for counterfactual, nearby in neighbours(few)] == [
        (counterfactual, measure(nearby)) for counterfactual, nearby in neighbours(facts)
    ]


def test_a_field_of_cells_is_condensed_to_its_longer_side() -> None:
    cells = [
        ImpactFact(f"service-{service}", f"region-{region}")
        for service in range(25)
        for region in range(5)
    ]
    assert len(condensed(Facts(Kind.SERVICE_ISSUE, Level.ERROR, tuple(cells))).impacts) == 25


def position(facts: Facts) -> dict[str, object]:
    size = measure(facts)
    return {
        "level": facts.level,
        "services": size.services,
        "regions": size.regions,
        "extent": size.extent,
        "audience": facts.audience,
        "targeted_channel": facts.targeted_channel,
    }


def untouched(facts: Facts) -> tuple[object, ...]:
    return (
        facts.kind,
        facts.platform_fault,
        facts.false_positive,
        facts.ever_broad,
        facts.previous_scenario,
    )


def one_step(counterfactual: Counterfactual) -> bool:
    if isinstance(counterfactual.before, int) and isinstance(counterfactual.after, int):
        return abs(counterfactual.before - counterfactual.after) == 1
    for scale in (tuple(Level), tuple(Extent)):
        if counterfactual.before in scale:
            words: list[object] = list(scale)
            return abs(words.index(counterfactual.before) - words.index(counterfactual.after)) == 1
    return counterfactual.before != counterfactual.after


def expected_notches(facts: Facts, size: Size) -> set[Counterfactual]:
    """Every step that stays within what facts can be."""
    expected = {
        Counterfactual("level", facts.level, level)
        for level in tuple(Level)
        if abs(list(Level).index(level) - list(Level).index(facts.level)) == 1
    }
    if size.services > 1 or facts.dependents:
        expected.add(Counterfactual("services", size.services, size.services - 1))
    if facts.dependents < MAX_DEPENDENTS:
        expected.add(Counterfactual("services", size.services, size.services + 1))
    if size.extent is not None:
        here = tuple(Extent).index(size.extent)
        near = [extent for extent in tuple(Extent) if abs(tuple(Extent).index(extent) - here) == 1]
        expected |= {Counterfactual("extent", size.extent, extent) for extent in near}
        expected.add(Counterfactual("regions", size.regions, size.regions + 1))
    if size.regions > 1:
        expected.add(Counterfactual("regions", size.regions, size.regions - 1))
    others = [audience for audience in tuple(Audience) if audience != facts.audience]
    expected |= {Counterfactual("audience", facts.audience, audience) for audience in others}
    if not facts.false_positive:
        flipped = tuple(TargetedChannel)[1 - tuple(TargetedChannel).index(facts.targeted_channel)]
        expected.add(Counterfactual("targeted_channel", facts.targeted_channel, flipped))
    return expected
