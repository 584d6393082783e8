"""What a decision says about itself: reasons, near misses, and the JSON others read."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from incidents.policy import (
    PRESETS,
    Counterfactual,
    Explanation,
    explain,
    neighbours,
    parse_facts,
)
from incidents.policy.neighbours import walk

AZURE = PRESETS["azure"]
BROAD: dict[str, Any] = {
    "kind": "service-issue",
    "level": "error",
    "impacts": [
        {
            "service": "storage",
            "region": "east-us",
            "zones": ["1"],
            "extent": "zone",
            "level": "error",
        }
    ],
    "dependents": 4,
    "audience": "unknown",
    "targeted_channel": "available",
    "platform_fault": True,
    "false_positive": False,
    "ever_broad": False,
    "previous_scenario": None,
}


def explained(**changes: Any) -> Explanation:
    return explain(parse_facts(BROAD | changes), AZURE)


def two_services_in_part_of_a_region() -> Explanation:
    cell = {"region": "east-us", "extent": "subset"}
    impacts = [{"service": "storage", **cell}, {"service": "compute", **cell}]
    return explained(impacts=impacts, dependents=0, audience="confirmed")


def test_the_json_has_the_stable_keys_in_their_order() -> None:
    answer = explained().as_dict()
    assert list(answer) == [
        "scenario",
        "scenarios",
        "public",
        "targeted",
        "review",
        "withdraw_after_review",
        "needs_confirmation",
        "rule",
        "because",
        "would_change_if",
        "policy",
        "policy_version",
    ]
    change = answer["would_change_if"]
    assert isinstance(change, list)
    assert change[0] == {
        "fact": "level",
        "from": "error",
        "to": "warning",
        "scenario": 3,
        "public": True,
        "review": "targeted",
        "withdraw_after_review": True,
    }
    assert json.loads(json.dumps(answer)) == answer


def test_a_broad_incident_far_from_the_thresholds_needs_nobody() -> None:
    explanation = explained()
    assert not explanation.needs_confirmation
    assert [change.counterfactual.fact for change in explanation.would_change_if] == [
        "level",
        "extent",
    ]


def test_several_services_in_part_of_one_region_are_one_notch_from_public() -> None:
    explanation = two_services_in_part_of_a_region()
    assert not explanation.verdict.public
    assert explanation.needs_confirmation
    assert explanation.because[-1] == (
        "Borderline: regions 1 → 2, or extent subset → zone alone would make this public; "
        "a person should confirm."
    )


def test_a_level_or_an_audience_on_the_edge_asks_nobody() -> None:
    explanation = explained(level="warning", impacts=[{"service": "storage", "region": "east-us"}])
    facts = {change.counterfactual.fact for change in explanation.would_change_if}
    assert "audience" in facts
    assert not explanation.needs_confirmation


def test_the_reasons_carry_the_numbers_they_rest_on() -> None:
    assert explained().because == (
        "Level Error; 5 services (1 named, 4 depending on them), 1 region, at most a whole zone.",
        "Scenario 1 (broad impact) holds: level Error, 2 services or more, and at least a whole "
        "zone or 2 or more regions.",
        "Scenario 2 (channel unavailable) does not hold: targeted alerts can be delivered.",
        "Scenario 3 (audience unknown) holds: level Warning or above, 2 services or more, or at "
        "least a whole zone or 2 or more regions, and whom it hits is not known, so everybody is "
        "told.",
        "The review is public: Preliminary within 72 hours, Final within 14 days of mitigation; "
        "the entry is kept 5 years.",
        "Until the audience is known, targeted alerts go to whoever runs in these cells.",
    )


def test_a_scenario_that_does_not_hold_says_what_is_missing() -> None:
    told = two_services_in_part_of_a_region().because
    assert told[1] == (
        "Scenario 1 (broad impact) does not hold: it needs level Error, 2 services or more, and "
        "at least a whole zone or 2 or more regions; here the impact is at most part of a region "
        "in 1 region."
    )
    assert told[3] == "Scenario 3 (audience unknown) does not hold: the audience is confirmed."
    small = explained(
        level="warning", dependents=0, impacts=[{"service": "storage", "region": "east-us"}]
    ).because
    assert small[1].endswith(
        "here the level is Warning and only 1 service is affected and the impact is at most part "
        "of a region in 1 region."
    )


def test_a_threshold_that_counts_no_regions_says_nothing_of_them() -> None:
    assert AZURE.broad is not None
    policy = replace(AZURE, broad=replace(AZURE.broad, regions=None))
    impacts = [{"service": name, "region": "east-us", "extent": "subset"} for name in ("a", "b")]
    facts = parse_facts(BROAD | {"impacts": impacts, "dependents": 0, "audience": "confirmed"})
    told = explain(facts, policy).because[1]
    assert told.endswith("here the impact is at most part of a region.")


def test_who_is_told_until_the_audience_is_known_is_said_only_while_it_is_unknown() -> None:
    assert "Until the audience is known" in " ".join(explained().because)
    assert "the audience is known" not in " ".join(explained(audience="confirmed").because)


def test_a_hand_over_says_why_the_entry_is_still_public_and_when_it_goes() -> None:
    told = " ".join(explained(audience="confirmed", dependents=0, previous_scenario=3).because)
    assert "It was made public under scenario 3" in told
    assert "withdrawn once the review has been delivered" in told


def test_a_false_positive_says_where_the_retraction_goes() -> None:
    private = explained(false_positive=True).because
    public = explained(false_positive=True, previous_scenario=2).because
    assert private[1] == "No scenario has made it public, so the retraction is not public either."
    assert public[1] == "It has been public, so the retraction is public as well."
    assert public[2] == "A targeted retraction goes to exactly those who were told."


def test_other_kinds_say_what_would_make_them_public() -> None:
    maintenance = explained(kind="planned-maintenance", dependents=0).because
    assert maintenance[1] == (
        "Planned maintenance is public from 2 services or more, and at least a whole zone or 2 or "
        "more regions; here only 1 service is affected, so only those concerned are told."
    )
    security = explained(kind="security-advisory").because
    assert security[1] == (
        "A security advisory is never public under this policy; only those concerned are told."
    )
    foreign = explained(platform_fault=False).because
    assert foreign[2].endswith("that is met.")


def test_an_incident_without_countable_impact_says_so() -> None:
    told = explained(
        level="informational", dependents=0, impacts=[{"service": "logs", "region": "east-us"}]
    ).because
    assert told[0] == (
        "Level Informational; no impact is at Warning or above, so no region or extent counts."
    )


def test_one_region_fewer_means_one_region_and_not_the_world() -> None:
    cells = [
        {"service": "portal", "region": "global", "extent": "region"},
        {"service": "portal", "region": "west-us"},
    ]
    facts = parse_facts(BROAD | {"impacts": cells})
    fewer = next(
        near for counterfactual, near in neighbours(facts) if counterfactual == ("regions", 2, 1)
    )
    assert {impact.region for impact in fewer.impacts} == {"west-us"}


def test_one_fewer_moves_only_what_counts_of_the_last_one() -> None:
    names = ("a", "b", "c")
    cells = [{"service": name, "region": name} for name in names]
    unfelt = [{"service": name, "region": name, "level": "informational"} for name in names]
    facts = parse_facts(BROAD | {"impacts": cells + unfelt, "dependents": 0})
    near = dict(neighbours(facts))
    services = [impact.service for impact in near[Counterfactual("services", 3, 2)].impacts]
    regions = [impact.region for impact in near[Counterfactual("regions", 3, 2)].impacts]
    assert services == regions == ["a", "b", "a", "a", "b", "c"]


def test_further_along_one_fact_its_name_stays() -> None:
    milder = [notch for notch, _ in walk(parse_facts(BROAD)) if notch.fact == "level"]
    assert milder == [("level", "error", "warning"), ("level", "error", "informational")]


def test_a_threshold_says_what_it_counts_and_what_it_waits_for() -> None:
    assert AZURE.broad is not None
    policy = replace(AZURE, broad=replace(AZURE.broad, named_only=True, spreading_minutes=5))
    assert explain(parse_facts(BROAD), policy).because[1] == (
        "Scenario 1 (broad impact) does not hold: it needs level Error, 2 named services or more, "
        "and at least a whole zone or 2 or more regions, and a region hit 5 minutes or more after "
        "the first; here only 1 named service is affected and no region was hit later than another."
    )


def test_a_wider_or_narrower_extent_moves_only_the_widest_impacts() -> None:
    cells = [
        {"service": "dns", "region": "east-us", "extent": "zone"},
        {"service": "dns", "region": "west-us", "extent": "subset"},
        {"service": "logs", "region": "east-us", "extent": "zone", "level": "informational"},
    ]
    facts = parse_facts(BROAD | {"impacts": cells})
    moved = [near for counterfactual, near in neighbours(facts) if counterfactual.fact == "extent"]
    extents = [[impact.extent for impact in near.impacts] for near in moved]
    assert extents == [["subset", "subset", "zone"], ["region", "subset", "zone"]]
