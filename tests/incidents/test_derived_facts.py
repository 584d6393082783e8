"""What nobody has to type: dependents from the graph, extent from zones, a level from spread."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.derived_facts import Dependent, Dependents, Graph, extent_of
from incidents.policy import PRESETS, Growth, Spread, proposed_level
from incidents.policy.spread import spreading_minutes
from incidents.vocabulary import EXTENT_RANK, Level

START = datetime(2026, 1, 10, 9, 0, tzinfo=UTC)
SPREAD = Spread(second_region_minutes=60, hard_dependents=10, zone_to_region=True)
GRAPH = Graph(
    {
        "dns": (
            Dependent("portal", "Portal", hard=True, regions=frozenset({"east"})),
            Dependent("mail", "Mail", hard=False, regions=frozenset({"east", "west"})),
            Dependent("storage", "Storage", hard=True, regions=frozenset({"east"})),
        ),
        "storage": (Dependent("mail", "Mail", hard=True, regions=frozenset({"east"})),),
    }
)
many = settings(max_examples=80)


def test_who_cannot_do_without_what_fails_is_counted_where_it_is_offered() -> None:
    assert GRAPH.dependents({"dns": {"east"}}) == Dependents(("Portal", "Storage"), ("Mail",))
    assert GRAPH.dependents({"dns": {"west"}}) == Dependents((), ("Mail",))


def test_what_is_hit_itself_is_no_dependent_and_hard_wins_over_soft() -> None:
    told = GRAPH.dependents({"dns": {"east"}, "storage": {"east"}})
    assert told == Dependents(("Mail", "Portal"), ())


def test_what_is_only_degraded_fails_nobody() -> None:
    told = GRAPH.dependents({}, {"dns": {"east"}})
    assert told == Dependents((), ("Mail", "Portal", "Storage"))


@pytest.mark.parametrize(
    ("zones", "of_region", "extent"),
    [
        ([], ["1", "2", "3"], "subset"),
        (["1"], ["1", "2", "3"], "zone"),
        (["1", "2"], ["1", "2", "3"], "zone"),
        (["3", "2", "1"], ["1", "2", "3"], "region"),
        (["1"], ["1"], "zone"),
        (["1"], [], "zone"),
    ],
)
def test_the_extent_follows_from_the_zones_that_are_hit(
    zones: list[str], of_region: list[str], extent: str
) -> None:
    assert extent_of(zones, of_region) == extent


@many
@given(
    st.sets(st.sampled_from("123")),
    st.sets(st.sampled_from("123")),
    st.sets(st.sampled_from("123")),
)
def test_more_zones_are_never_a_smaller_extent(
    some: set[str], more: set[str], of_region: set[str]
) -> None:
    one, other = extent_of(some, of_region), extent_of(some | more, of_region)
    assert EXTENT_RANK[one] <= EXTENT_RANK[other]


def growth(*minutes: int, dependents: int = 0, zone_to_region: bool = False) -> Growth:
    regions = {f"r{n}": START + timedelta(minutes=at) for n, at in enumerate(minutes)}
    return Growth(regions, dependents, zone_to_region)


@pytest.mark.parametrize(
    ("spreads", "reason"),
    [
        (growth(0, 59), "a second region was hit 59 minutes after the first (up to 60 count)"),
        (growth(0, 60, 300), "a second region was hit 60 minutes after the first"),
        (
            growth(0, 100, 130),
            "another region was hit 30 minutes after one before (up to 60 count)",
        ),
        (growth(0, dependents=10), "10 services cannot do without what is hit (10 are enough)"),
        (growth(0, zone_to_region=True), "what was hit in a zone is hit in the whole region now"),
        (growth(0, 61), None),
        (growth(0, dependents=9), None),
        (growth(), None),
    ],
)
def test_a_warning_that_spreads_is_proposed_as_an_error_with_its_reason(
    spreads: Growth, reason: str | None
) -> None:
    proposal = proposed_level(Level.WARNING, spreads, SPREAD)
    if reason is None:
        assert proposal is None
    else:
        assert proposal is not None
        assert proposal.level == "error"
        assert proposal.because.startswith(reason)


def test_how_long_it_has_been_spreading_is_counted_in_whole_minutes() -> None:
    late = START + timedelta(minutes=7, seconds=59)
    assert spreading_minutes([late, START, START + timedelta(minutes=3)]) == 7
    assert spreading_minutes([START]) == 0
    assert spreading_minutes([]) == 0


@pytest.mark.parametrize("level", ["informational", "error"])
def test_nothing_is_proposed_for_what_nobody_feels_nor_above_error(level: Level) -> None:
    assert proposed_level(level, growth(0, 1, dependents=99), SPREAD) is None


def test_only_the_recommended_preset_proposes() -> None:
    proposing = {
        name
        for name, policy in PRESETS.items()
        if proposed_level(Level.WARNING, growth(0, 1), policy.spread)
    }
    assert proposing == {"recommended"}


@many
@given(
    st.sampled_from(tuple(Level)),
    st.lists(st.integers(0, 200), max_size=4),
    st.lists(st.integers(0, 200), max_size=2),
    st.integers(0, 20),
    st.integers(0, 20),
    st.booleans(),
)
def test_more_spread_never_takes_a_proposal_back(
    level: Level, hit: list[int], later: list[int], fewer: int, more: int, widened: bool
) -> None:
    little = growth(*hit, dependents=fewer)
    much = growth(*hit, *later, dependents=fewer + more, zone_to_region=widened)
    if proposed_level(level, little, SPREAD):
        assert proposed_level(level, much, SPREAD)


def test_deriving_takes_less_than_a_fifth_of_a_millisecond() -> None:
    needed = {
        f"s{n}": tuple(
            Dependent(f"d{m}", f"D{m}", m % 2 == 0, frozenset({f"r{m % 5}"})) for m in range(40)
        )
        for n in range(3)
    }
    graph, places = Graph(needed), {f"s{n}": frozenset({"r0", "r1", "r2"}) for n in range(3)}
    start = time.process_time()
    for _ in range(200):
        graph.dependents(places, places)
        proposed_level(Level.WARNING, growth(0, 30), SPREAD)
    assert (time.process_time() - start) / 200 < 0.0002
