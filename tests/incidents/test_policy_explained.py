"""What a decision says about itself: reasons, near misses, and the JSON others read."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from itertools import islice
from typing import Any

import pytest

from incidents.policy import (
    PRESETS,
    Counterfactual,
    Explanation,
    explain,
    neighbours,
    parse_facts,
)
from incidents.policy.facts import MAX_DEPENDENTS
from incidents.policy.neighbours import walk
from incidents.policy.rules import Combine
from incidents.vocabulary import Extent

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


@pytest.mark.parametrize(
    ("dependents", "away"),
    [(MAX_DEPENDENTS - 1, [-1, 1]), (MAX_DEPENDENTS, [-1]), (1, [-1, 1]), (0, [1])],
)
def test_no_step_leads_to_fewer_dependents_than_none_or_more_than_can_be_stated(
    dependents: int, away: list[int]
) -> None:
    unfelt = [{"service": "logs", "region": "east-us", "level": "informational"}]
    facts = parse_facts(BROAD | {"impacts": unfelt, "dependents": dependents})
    steps = [near for notch, near in neighbours(facts) if notch.fact == "services"]
    assert [near.dependents - dependents for near in steps] == away


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


def test_a_public_post_on_the_edge_says_what_would_keep_it_private() -> None:
    cells = [{"service": "storage", "region": "east-us"}, {"service": "dns", "region": "west-us"}]
    told = explained(impacts=cells, dependents=0, audience="confirmed")
    assert told.verdict.public
    assert told.because[-1] == (
        "Borderline: services 2 → 1, or regions 2 → 1 alone would make this not public; "
        "a person should confirm."
    )


def test_what_is_missing_of_a_size_is_said_in_one_and_in_several() -> None:
    assert AZURE.broad is not None
    policy = replace(AZURE, broad=replace(AZURE.broad, services=3, spreading_minutes=5))
    cells = [{"service": name, "region": "east-us", "extent": "zone"} for name in ("a", "b")]
    facts = BROAD | {"impacts": cells, "dependents": 0}
    minutes = [
        explain(parse_facts(facts | {"spreading_minutes": n}), policy)
        .because[1]
        .partition("here ")[2]
        for n in (1, 4, 5)
    ]
    assert minutes == [
        "only 2 services are affected and the latest region was hit 1 minute after the first.",
        "only 2 services are affected and the latest region was hit 4 minutes after the first.",
        "only 2 services are affected.",
    ]


def test_a_level_that_is_high_enough_is_not_missing_where_nothing_else_counts() -> None:
    unfelt = [{"service": "logs", "region": "east-us", "level": "informational"}]
    told = explained(impacts=unfelt, dependents=0).because
    assert told[0] == (
        "Level Error; no impact is at Warning or above, so no region or extent counts."
    )
    assert told[1].endswith("; here no service is affected and no region is affected.")
    assert (
        explained(impacts=unfelt, dependents=1)
        .because[0]
        .endswith("so no region or extent counts, 1 dependent service stated.")
    )
    assert (
        explained(impacts=unfelt, dependents=3)
        .because[0]
        .endswith("so no region or extent counts, 3 dependent services stated.")
    )


def test_the_size_says_the_world_where_everything_is_hit_and_no_dependent_where_there_is_none() -> (
    None
):
    world = [{"service": "portal", "region": "global", "extent": "region"}]
    assert explained(impacts=world, dependents=0).because[0] == (
        "Level Error; 1 service, everywhere, at most a whole region."
    )


def test_scenario_2_says_whether_it_is_asked_at_all() -> None:
    facts = parse_facts(BROAD | {"targeted_channel": "unavailable"})
    assert explain(facts, AZURE).because[2].startswith("Scenario 2 (channel unavailable) holds: ")
    assert explain(facts, replace(AZURE, channel_unavailable=False)).because[2] == (
        "Scenario 2 (channel unavailable) is switched off in this policy."
    )


def test_planned_work_has_a_size_but_no_level() -> None:
    assert explained(kind="planned-maintenance", dependents=0).because[0] == (
        "1 service, 1 region, at most a whole zone."
    )
    assert explained(kind="health-advisory", dependents=0).because[0] == (
        "Level Error; 1 service, 1 region, at most a whole zone."
    )


def test_what_is_not_our_fault_is_an_advisory_that_says_when_it_is_public() -> None:
    assert explained(platform_fault=False, dependents=0).because[:3] == (
        "The cause lies outside the platform, so this is an advisory and has no review.",
        "Level Error; 1 service, 1 region, at most a whole zone.",
        "An advisory of this kind is public from 2 services or more, or at least a whole zone or 2 or "
        "more regions: that is met.",
    )


def test_an_earlier_broad_decision_is_told_while_nothing_broad_holds_any_more() -> None:
    stays = "An earlier decision found the impact broad, so the review stays public."
    assert stays not in explained(ever_broad=True, previous_scenario=1).because
    assert stays not in explained(dependents=0).because
    unclear = explained(ever_broad=True, previous_scenario=1, dependents=0)
    assert stays in unclear.because


@pytest.mark.parametrize(
    ("combine", "extent", "regions", "wanted"),
    [
        ("all", Extent.REGION, None, "2 services or more, and a whole region"),
        ("any", Extent.REGION, 3, "2 services or more, or a whole region or 3 or more regions"),
        ("all", Extent.SUBSET, 2, "2 services or more"),
        ("any", Extent.SUBSET, None, "2 services or more, or at least part of a region"),
    ],
)
def test_a_threshold_says_how_far_it_wants_an_incident_to_reach(
    combine: Combine, extent: Extent, regions: int | None, wanted: str
) -> None:
    assert AZURE.broad is not None
    broad = replace(AZURE.broad, combine=combine, extent=extent, regions=regions)
    told = explain(parse_facts(BROAD), replace(AZURE, broad=broad)).because[1]
    assert re.split("[;.]", told.partition("level Error, ")[2])[0] == wanted


def test_further_along_a_fact_that_grows_it_goes_on_growing() -> None:
    milder = [{"service": "storage", "region": "east-us"}, {"service": "dns", "region": "west-us"}]
    regions = [
        notch.after
        for notch, _ in islice(walk(parse_facts(BROAD | {"impacts": milder})), 40)
        if notch.fact == "regions"
    ]
    assert regions[:5] == [1, 3, 4, 5, 6]


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
