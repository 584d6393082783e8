"""Facts that are refused, each with the one line that names the field, the value, the remedy."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.policy import Facts, FactsError, ImpactFact, parse_facts
from incidents.vocabulary import Audience, Extent, Kind, Level, TargetedChannel

GOOD: dict[str, Any] = {
    "kind": "service-issue",
    "level": "warning",
    "impacts": [{"service": "storage", "region": "east-us"}],
}


def test_what_is_not_stated_has_its_default() -> None:
    assert parse_facts(GOOD) == Facts(
        kind=Kind.SERVICE_ISSUE,
        level=Level.WARNING,
        impacts=(
            ImpactFact("storage", "east-us", extent=Extent.SUBSET, level=Level.WARNING, zones=()),
        ),
        dependents=0,
        audience=Audience.UNKNOWN,
        targeted_channel=TargetedChannel.AVAILABLE,
        platform_fault=True,
        false_positive=False,
        ever_broad=False,
        previous_scenario=None,
    )


def impact(**changes: Any) -> dict[str, Any]:
    return {"impacts": [{"service": "storage", "region": "east-us", **changes}]}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "outage"}, 'kind: "outage" is not one of service-issue, planned-maintenance,'),
        ({"kind": None}, "kind: null is not one of service-issue,"),
        ({"level": "Error"}, 'level: "Error" is not one of informational, warning, error'),
        ({"level": ["error"]}, "level: a list is not one of informational,"),
        ({"severity": 1}, "severity: unknown key with value 1; known are kind, level, impacts,"),
        ({"a\nb": 1}, '"a\\nb": unknown key with value 1;'),
        ({"impacts": []}, "impacts: an empty list is not a list of one or more impacts"),
        ({"impacts": {}}, "impacts: an object is not a list of one or more impacts"),
        ({"impacts": ["storage"]}, 'impacts[0]: "storage" is not an object; give service, region'),
        ({"impacts": [{"service": "s"}]}, "impacts[0].region: missing; give a name"),
        (impact(service=""), 'impacts[0].service: "" is not a name: 1 to 200 printable'),
        (impact(service=" dns"), 'impacts[0].service: " dns" is not a name'),
        (impact(service=7), "impacts[0].service: 7 is not a name"),
        (impact(region="east\x00us"), 'impacts[0].region: "east\\u0000us" is not a name'),
        (impact(region="\ud800"), 'impacts[0].region: "\\ud800" is not a name'),
        (impact(service="x" * 201), f'impacts[0].service: "{"x" * 59}... is not a name'),
        (impact(extent="zonal"), 'impacts[0].extent: "zonal" is not one of subset, zone, region'),
        (
            impact(level="error"),
            'impacts[0].level: "error" is above the incident\'s level "warning"; raise that',
        ),
        (impact(zones="1"), 'impacts[0].zones: "1" is not a list of zone names'),
        (impact(zones=["1", 2]), "impacts[0].zones[1]: 2 is not a name"),
        (impact(zone=["1"]), "impacts[0].zone: unknown key with value a list; known are service"),
        ({"dependents": -1}, "dependents: -1 is not a whole number from 0 to 100000"),
        ({"dependents": True}, "dependents: true is not a whole number"),
        ({"dependents": 4.0}, "dependents: 4.0 is not a whole number"),
        ({"dependents": float("nan")}, "dependents: NaN is not a whole number"),
        ({"dependents": "4"}, 'dependents: "4" is not a whole number'),
        ({"dependents": 10**40}, f"dependents: {10**40} is not a whole number"),
        ({"dependents": None}, "dependents: null is not a whole number"),
        ({"audience": "everybody"}, 'audience: "everybody" is not one of unknown, estimated,'),
        ({"targeted_channel": False}, "targeted_channel: false is not one of available,"),
        ({"platform_fault": 1}, "platform_fault: 1 is neither true nor false"),
        ({"false_positive": "no"}, 'false_positive: "no" is neither true nor false'),
        ({"ever_broad": None}, "ever_broad: null is neither true nor false"),
        ({"previous_scenario": 4}, "previous_scenario: 4 is not one of 1, 2, 3, null"),
        ({"previous_scenario": True}, "previous_scenario: true is not one of 1, 2, 3, null"),
        ({"previous_scenario": 3.0}, "previous_scenario: 3.0 is not one of 1, 2, 3, null"),
        (
            {"targeted_channel": "unavailable", "false_positive": True},
            'targeted_channel: "unavailable" contradicts false_positive true',
        ),
    ],
)
def test_impossible_facts_are_refused_in_one_line_that_names_the_field(
    changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(FactsError) as refused:
        parse_facts(GOOD | changes)
    assert str(refused.value).startswith(message)
    assert str(refused.value).isprintable()


@pytest.mark.parametrize("missing", ["kind", "level", "impacts"])
def test_a_required_fact_that_is_missing_is_named(missing: str) -> None:
    facts = {name: value for name, value in GOOD.items() if name != missing}
    with pytest.raises(FactsError, match=rf"^\[2\]\.{missing}: missing; give "):
        parse_facts(facts, "[2]")


def test_a_contradiction_is_named_where_it_stands_in_a_list() -> None:
    both = {"targeted_channel": "unavailable", "false_positive": True}
    with pytest.raises(FactsError, match=r'^\[2\]\.targeted_channel: "unavailable" contradicts'):
        parse_facts(GOOD | both, "[2]")


def test_a_level_above_the_incidents_is_named_where_it_stands_in_a_list() -> None:
    above = {"level": "warning", "impacts": [{"service": "s", "region": "r", "level": "error"}]}
    with pytest.raises(FactsError, match=r'^\[2\]\.impacts\[0\]\.level: "error" is above'):
        parse_facts(GOOD | above, "[2]")


def test_zones_are_those_of_a_region_and_stay_behind_where_another_is_hit() -> None:
    impact = ImpactFact("dns", "east", zones=("1", "2"))
    assert impact.elsewhere(service="storage") == ImpactFact("storage", "east", zones=("1", "2"))
    assert impact.elsewhere(region="west") == ImpactFact("dns", "west", zones=())
    milder = ImpactFact("dns", "east", level=Level.WARNING, zones=("1", "2"))
    assert impact.at(level=Level.WARNING) == milder


@pytest.mark.parametrize("obj", [None, 3, "facts", [], True])
def test_what_is_no_object_is_no_facts(obj: object) -> None:
    with pytest.raises(FactsError, match=r"^facts: .* is not an object; give kind, level"):
        parse_facts(obj)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
KEYS = (*Facts.__dataclass_fields__, "unheard-of")
FIELDS = st.sampled_from(["service", "region", "zones", "extent", "level"])


@settings(max_examples=150)
@given(
    st.dictionaries(
        st.sampled_from(KEYS),
        JSON | st.lists(st.dictionaries(FIELDS, JSON), max_size=2),
    )
)
def test_any_json_is_either_facts_or_refused_in_one_short_line(changes: dict[str, Any]) -> None:
    message = refusal(GOOD | changes)
    assert message is None or (0 < len(message) < 500 and message.isprintable())


def refusal(facts: dict[str, Any]) -> str | None:
    """The line of the refusal; None for facts, which then read back as themselves."""
    try:
        read = parse_facts(facts)
    except FactsError as refused:
        return str(refused)
    assert parse_facts(read.as_dict()) == read
    return None
