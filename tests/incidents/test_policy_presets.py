"""The three presets where they differ, and policies that somebody wrote."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from incidents.policy import PRESETS, Outcome, PolicyError, decide, parse_facts, parse_policy
from incidents.policy.rules import UpdateCadence
from incidents.vocabulary import Level, PromisedReview, Scenario

BASE: dict[str, Any] = {"kind": "service-issue", "level": "error", "audience": "confirmed"}


def outcome(preset: str, *cells: str, extent: str = "subset", **changes: Any) -> Outcome:
    split = [cell.split("@") for cell in cells]
    impacts = [{"service": s, "region": r, "extent": extent} for s, r in split]
    return decide(parse_facts({**BASE, "impacts": impacts, **changes}), PRESETS[preset]).outcome


PRIVATE = Outcome(None, public=False, review=PromisedReview.TARGETED, withdraw_after_review=False)
BROAD = Outcome(
    Scenario.BROAD, public=True, review=PromisedReview.PUBLIC, withdraw_after_review=False
)
POSTED = Outcome(
    Scenario.BROAD, public=True, review=PromisedReview.TARGETED, withdraw_after_review=False
)


def test_google_reports_one_service_down_in_a_considerable_part_of_a_region() -> None:
    assert outcome("google", "dns@east", extent="zone") == BROAD
    assert outcome("azure", "dns@east", extent="zone") == PRIVATE
    assert outcome("google", "dns@east", extent="zone", level="warning") == PRIVATE


def test_google_does_not_report_small_parts_of_many_regions() -> None:
    cells = ("dns@east", "storage@west")
    assert outcome("google", *cells) == PRIVATE
    assert outcome("azure", *cells) == BROAD


@pytest.mark.parametrize("preset", ["google", "recommended"])
def test_what_still_spreads_is_broad_by_these_even_where_it_is_one_service(preset: str) -> None:
    """14 July 2026: one product disrupted in three regions, two hours later in a fourth."""
    three = ("vmware@east", "vmware@west", "vmware@north")
    assert outcome(preset, *three, level="warning", spreading_minutes=30) == BROAD
    assert outcome(preset, *three, level="warning", spreading_minutes=29) == PRIVATE
    assert outcome(preset, *three, level="warning") == PRIVATE
    assert outcome(preset, *three[:2], level="warning", spreading_minutes=600) == PRIVATE
    assert outcome("azure", *three, level="warning", spreading_minutes=600) == PRIVATE


@pytest.mark.parametrize("preset", ["google", "recommended"])
def test_three_services_disrupted_in_part_of_one_region_are_broad(preset: str) -> None:
    cells = ("dns@east", "storage@east", "compute@east")
    assert outcome(preset, *cells, level="warning") == BROAD
    assert outcome(preset, *cells[:2], level="warning") == PRIVATE
    assert outcome(preset, *cells, level="informational") == PRIVATE
    assert outcome("azure", *cells, level="warning") == PRIVATE


def test_what_depends_on_a_failing_service_makes_it_broad_only_where_it_reaches_far() -> None:
    """Else every failure of a service that many need would be posted, however small."""
    one = ("storage@east",)
    assert outcome("recommended", *one, dependents=40) == PRIVATE
    assert outcome("recommended", *one, "storage@west", dependents=40) == BROAD
    assert outcome("recommended", *one, extent="zone", dependents=40) == BROAD


def test_what_is_broad_by_azures_rule_is_broad_as_recommended() -> None:
    assert outcome("recommended", "dns@east", "storage@west") == BROAD
    assert outcome("recommended", "dns@east", "dns@west", "dns@north") == PRIVATE


@pytest.mark.parametrize(
    ("preset", "broad", "unclear"),
    [("azure", 15, 15), ("google", 15, 15), ("aws", 15, 15), ("recommended", 5, 15)],
)
def test_a_broad_post_waits_as_long_as_its_policy_says(
    preset: str, broad: int, unclear: int
) -> None:
    policy = PRESETS[preset]
    waits = [policy.deadline_minutes(scenario) for scenario in (*Scenario, None)]
    assert waits == [broad, unclear, unclear, unclear]


def test_a_policy_with_one_clock_uses_it_for_broad_posts_too() -> None:
    policy = parse_policy({"name": "slow", "version": 1, "public_deadline_minutes": 30})
    assert policy.deadline_minutes(Scenario.BROAD) == 30
    quick = parse_policy({**policy.as_dict(), "broad_deadline_minutes": 2})
    assert (
        quick.deadline_minutes(Scenario.BROAD),
        quick.deadline_minutes(Scenario.AUDIENCE_UNKNOWN),
    ) == (2, 30)


def test_google_reports_what_is_global() -> None:
    assert outcome("google", "portal@global", extent="region") == BROAD


def test_aws_posts_a_degraded_service_of_a_whole_region_without_a_public_review() -> None:
    assert outcome("aws", "dns@east", extent="region", level="warning") == POSTED
    assert outcome("aws", "dns@east", extent="region") == POSTED
    assert outcome("aws", "dns@east", extent="zone", dependents=9) == PRIVATE


def test_aws_summarises_the_big_ones_publicly_and_keeps_that_promise() -> None:
    assert outcome("aws", "dns@east", extent="region", dependents=1) == BROAD
    later = outcome("aws", "dns@east", ever_broad=True, previous_scenario=1)
    assert later == Outcome(
        None, public=True, review=PromisedReview.PUBLIC, withdraw_after_review=False
    )


def test_an_aws_post_stays_without_a_public_review_when_the_incident_shrinks() -> None:
    later = outcome("aws", "dns@east", previous_scenario=1)
    assert later == Outcome(
        None, public=True, review=PromisedReview.TARGETED, withdraw_after_review=False
    )


@pytest.mark.parametrize("preset", ["google", "aws"])
def test_only_azure_withdraws_the_entry_after_a_targeted_review(preset: str) -> None:
    unknown: dict[str, Any] = {"audience": "unknown", "dependents": 1}
    assert outcome(preset, "dns@east", extent="subset", **unknown) == Outcome(
        Scenario.AUDIENCE_UNKNOWN, True, PromisedReview.TARGETED, False
    )
    assert outcome("azure", "dns@east", extent="subset", **unknown) == Outcome(
        Scenario.AUDIENCE_UNKNOWN, True, PromisedReview.TARGETED, True
    )


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_posts_publicly_while_the_targeted_channel_is_unavailable(preset: str) -> None:
    assert outcome(preset, "dns@east", targeted_channel="unavailable").scenario == 2


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_written_out_reads_back_as_itself(preset: str) -> None:
    assert parse_policy(PRESETS[preset].as_dict()) == PRESETS[preset]


def test_a_short_policy_takes_the_rest_from_azure() -> None:
    policy = parse_policy({"name": "stricter", "version": 3, "broad": {"services": 4}})
    assert policy.broad is not None
    assert (policy.broad.services, policy.broad.extent, policy.broad.level) == (4, "zone", "error")
    assert policy.audience_unknown == PRESETS["azure"].audience_unknown


def test_a_rule_given_as_null_is_switched_off() -> None:
    policy = parse_policy({"name": "quiet", "version": 1, "audience_unknown": None, "broad": None})
    facts = BASE | {
        "audience": "unknown",
        "impacts": [{"service": "dns", "region": "east", "extent": "region"}],
        "dependents": 9,
    }
    assert not decide(parse_facts(facts), policy).public


def test_an_entry_stays_when_one_of_its_scenarios_is_not_withdrawn() -> None:
    policy = parse_policy({"name": "keeps-2", "version": 1, "withdraw_after_review": [3]})
    cell = {"service": "dns", "region": "east", "extent": "zone"}
    facts = BASE | {"impacts": [cell], "audience": "unknown"}
    before_2 = facts | {"previous_scenario": 2}
    assert decide(parse_facts(facts), policy).withdraw_after_review
    assert not decide(parse_facts(before_2), policy).withdraw_after_review


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": ""}, 'name: "" is not a name: 1 to 60'),
        ({"name": "a\nb"}, 'name: "a\\nb" is not a name'),
        ({"version": True}, "version: true is not a whole number from 1 to"),
        ({"version": 0}, "version: 0 is not a whole number from 1 to"),
        ({"brode": {}}, "brode: unknown key with value an object; known are name, version, broad"),
        ({"broad": []}, "broad: an empty list is not an object; give level, services"),
        ({"broad": {"level": "fatal"}}, 'broad.level: "fatal" is not one of informational,'),
        ({"broad": {"services": 0}}, "broad.services: 0 is not a whole number from 1 to"),
        ({"broad": {"regions": 1}}, "broad.regions: 1 is not a whole number from 2 to"),
        ({"broad": {"zones": 1}}, "broad.zones: unknown key with value 1; known are level"),
        ({"security_advisory": {"services": 2}}, "security_advisory.level: missing; give one of"),
        ({"channel_unavailable": 1}, "channel_unavailable: 1 is neither true nor false"),
        ({"withdraw_after_review": [1]}, "withdraw_after_review[0]: 1 is not one of 2, 3"),
        ({"withdraw_after_review": 2}, "withdraw_after_review: 2 is not a list of scenarios"),
        ({"also_broad": {}}, "also_broad: an object is not a list of at most 9 thresholds"),
        ({"also_broad": [{"level": "error"}]}, "also_broad[0].services: missing; give a whole"),
        ({"spread": {}}, "spread.second_region_minutes: missing; give a whole number"),
        ({"spread": {"regions": 1}}, "spread.regions: unknown key with value 1; known are second"),
        ({"broad_deadline_minutes": 0}, "broad_deadline_minutes: 0 is not a whole number from 1"),
        ({"public_deadline_minutes": -5}, "public_deadline_minutes: -5 is not a whole number"),
        ({"final_review_days": 2}, "final_review_days: 2 ends before preliminary_review_hours 72"),
        (
            {"final_review_days": 3, "preliminary_review_hours": 73},
            "final_review_days: 3 ends before preliminary_review_hours 73",
        ),
        (
            {"name": "azure", "broad": None},
            'version: 1 of "azure" is built in with other content; give version 2 or another name',
        ),
    ],
)
def test_an_impossible_policy_is_refused_in_one_line_that_names_the_field(
    changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(PolicyError) as refused:
        parse_policy({"name": "mine", "version": 1, **changes})
    assert str(refused.value).startswith(message)
    assert str(refused.value).isprintable()


def test_what_was_put_into_force_before_a_preset_took_its_version_means_what_it_says() -> None:
    own = {"name": "azure", "version": 1, "broad": None}
    assert parse_policy(own, stored=True).broad is None


def test_scenarios_that_are_withdrawn_are_kept_once_and_in_order() -> None:
    policy = parse_policy({"name": "mine", "version": 1, "withdraw_after_review": [3, 2, 3]})
    assert policy.withdraw_after_review == (2, 3)


def test_a_decision_names_the_policy_that_made_it_whatever_it_is_about() -> None:
    cell = {"service": "dns", "region": "east"}
    for changes in (
        {"kind": "health-advisory"},
        {"platform_fault": False},
        {"false_positive": True},
        {},
    ):
        verdict = decide(parse_facts({**BASE, "impacts": [cell], **changes}), PRESETS["google"])
        assert (verdict.policy, verdict.policy_version) == ("google", PRESETS["google"].version)


def test_how_soon_an_update_is_due_goes_by_the_level() -> None:
    cadence = UpdateCadence(error_minutes=30, warning_minutes=60, informational_minutes=None)
    assert [cadence.every(each) for each in (Level.ERROR, Level.WARNING, Level.INFORMATIONAL)] == [
        timedelta(minutes=30),
        timedelta(hours=1),
        None,
    ]


def test_a_final_review_may_be_due_together_with_the_preliminary_one() -> None:
    policy = parse_policy({"name": "mine", "version": 1, "final_review_days": 3})
    assert policy.preliminary_review_hours == policy.final_review_days * 24
