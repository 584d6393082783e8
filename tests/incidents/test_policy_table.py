"""The table of the policy, row by row, with the cases just beside each row (preset azure)."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from incidents.policy import PRESETS, Outcome, Verdict, decide, parse_facts
from incidents.vocabulary import PromisedReview, Scenario

AZURE = PRESETS["azure"]


def verdict(**changes: Any) -> Verdict:
    """Of a service issue: Error, one service, part of one region, audience known; changed."""
    facts: dict[str, Any] = {
        "kind": "service-issue",
        "level": "error",
        "impacts": [{"service": "storage", "region": "east"}],
        "audience": "confirmed",
    }
    return decide(parse_facts(facts | changes), AZURE)


def impacts(*cells: str, extent: str = "subset", level: str | None = None) -> list[dict[str, Any]]:
    """Impacts from "service@region" words."""
    stated = {} if level is None else {"level": level}
    split = [cell.split("@") for cell in cells]
    return [{"service": s, "region": r, "extent": extent, **stated} for s, r in split]


ZONE = impacts("storage@east", extent="zone")
REGION = impacts("storage@east", extent="region")
TWO_REGIONS = impacts("storage@east", "storage@west")
TWO_SERVICES = impacts("storage@east", "compute@east")

PRIVATE = Outcome(None, public=False, review=PromisedReview.TARGETED, withdraw_after_review=False)
BROAD = Outcome(
    Scenario.BROAD, public=True, review=PromisedReview.PUBLIC, withdraw_after_review=False
)
CHANNEL = Outcome(
    Scenario.CHANNEL_UNAVAILABLE,
    public=True,
    review=PromisedReview.TARGETED,
    withdraw_after_review=True,
)
UNKNOWN = Outcome(
    Scenario.AUDIENCE_UNKNOWN,
    public=True,
    review=PromisedReview.TARGETED,
    withdraw_after_review=True,
)
QUIET = Outcome(None, public=False, review=PromisedReview.NONE, withdraw_after_review=False)
NOTICE = Outcome(None, public=True, review=PromisedReview.NONE, withdraw_after_review=False)
STAYS = Outcome(None, public=True, review=PromisedReview.TARGETED, withdraw_after_review=True)
KEPT = Outcome(None, public=True, review=PromisedReview.PUBLIC, withdraw_after_review=False)

SERVICE_ISSUES: dict[str, tuple[dict[str, Any], Outcome, str]] = {
    "one service in part of a region": ({}, PRIVATE, "targeted-only"),
    "several services in a whole zone": ({"impacts": ZONE, "dependents": 1}, BROAD, "broad-impact"),
    "one service in a whole zone": ({"impacts": ZONE}, PRIVATE, "targeted-only"),
    "one service in a whole region": ({"impacts": REGION}, PRIVATE, "targeted-only"),
    "several services in part of a region": ({"impacts": TWO_SERVICES}, PRIVATE, "targeted-only"),
    "a hundred services in part of a region": ({"dependents": 99}, PRIVATE, "targeted-only"),
    "several services in parts of two regions": (
        {"impacts": impacts("storage@east", "compute@west")},
        BROAD,
        "broad-impact",
    ),
    "one service with a dependent in parts of two regions": (
        {"impacts": TWO_REGIONS, "dependents": 1},
        BROAD,
        "broad-impact",
    ),
    "one service in parts of two regions": ({"impacts": TWO_REGIONS}, PRIVATE, "targeted-only"),
    "broad, but only a warning": (
        {"impacts": ZONE, "dependents": 1, "level": "warning"},
        PRIVATE,
        "targeted-only",
    ),
    "an error whose breadth lies in warnings": (
        {"impacts": impacts("storage@east", extent="zone", level="warning"), "dependents": 1},
        BROAD,
        "broad-impact",
    ),
    "an error whose breadth lies in informational impacts": (
        {
            "impacts": [
                *impacts("storage@east"),
                *impacts("compute@west", extent="region", level="informational"),
            ]
        },
        PRIVATE,
        "targeted-only",
    ),
    "non-regional, all of it, with a dependent": (
        {"impacts": impacts("portal@global", extent="region"), "dependents": 1},
        BROAD,
        "broad-impact",
    ),
    "non-regional, a part of it, with a dependent": (
        {"impacts": impacts("portal@global"), "dependents": 1},
        PRIVATE,
        "targeted-only",
    ),
    "channel unavailable": ({"targeted_channel": "unavailable"}, CHANNEL, "channel-unavailable"),
    "channel unavailable, merely informational": (
        {"targeted_channel": "unavailable", "level": "informational"},
        CHANNEL,
        "channel-unavailable",
    ),
    "channel unavailable and broad": (
        {"targeted_channel": "unavailable", "impacts": ZONE, "dependents": 1},
        BROAD,
        "broad-impact",
    ),
    "channel unavailable and audience unknown": (
        {"targeted_channel": "unavailable", "impacts": ZONE, "audience": "unknown"},
        CHANNEL,
        "channel-unavailable",
    ),
    "audience unknown, small": ({"audience": "unknown"}, PRIVATE, "targeted-only"),
    "audience unknown, several services": (
        {"audience": "unknown", "impacts": TWO_SERVICES},
        UNKNOWN,
        "audience-unknown",
    ),
    "audience unknown, several regions": (
        {"audience": "unknown", "impacts": TWO_REGIONS},
        UNKNOWN,
        "audience-unknown",
    ),
    "audience unknown, a whole zone": (
        {"audience": "unknown", "impacts": ZONE},
        UNKNOWN,
        "audience-unknown",
    ),
    "audience unknown, a warning": (
        {"audience": "unknown", "impacts": ZONE, "level": "warning"},
        UNKNOWN,
        "audience-unknown",
    ),
    "audience unknown, dozens of regions, informational": (
        {
            "audience": "unknown",
            "level": "informational",
            "impacts": impacts(*(f"logs@region-{number}" for number in range(36))),
        },
        PRIVATE,
        "targeted-only",
    ),
    "audience estimated": ({"audience": "estimated", "impacts": ZONE}, PRIVATE, "targeted-only"),
    "audience unknown and broad": (
        {"audience": "unknown", "impacts": ZONE, "dependents": 1},
        BROAD,
        "broad-impact",
    ),
    "once broad, now small": ({"ever_broad": True}, KEPT, "once-broad"),
    "once broad, now the channel is unavailable": (
        {"ever_broad": True, "targeted_channel": "unavailable"},
        Outcome(
            Scenario.CHANNEL_UNAVAILABLE,
            public=True,
            review=PromisedReview.PUBLIC,
            withdraw_after_review=False,
        ),
        "channel-unavailable",
    ),
    "scenario 1 before": ({"previous_scenario": 1}, KEPT, "once-broad"),
    "scenario 2 before, the channel works again": (
        {"previous_scenario": 2},
        STAYS,
        "already-public",
    ),
    "scenario 3 before, the audience is known now": (
        {"previous_scenario": 3, "impacts": ZONE},
        STAYS,
        "already-public",
    ),
    "scenario 3 before, downgraded since": (
        {"previous_scenario": 3, "level": "informational"},
        STAYS,
        "already-public",
    ),
    "scenario 3 before, broad now": (
        {"previous_scenario": 3, "impacts": ZONE, "dependents": 1},
        BROAD,
        "broad-impact",
    ),
}


@pytest.mark.parametrize("case", SERVICE_ISSUES)
def test_a_service_issue_is_decided_as_its_row_says(case: str) -> None:
    changes, outcome, rule = SERVICE_ISSUES[case]
    got = verdict(**changes)
    assert (got.outcome, got.rule, got.targeted) == (outcome, rule, True)


OTHERS: dict[str, tuple[dict[str, Any], Outcome, str]] = {
    "false positive never public": ({"false_positive": True}, QUIET, "false-positive"),
    "false positive, however broad it looked": (
        {"false_positive": True, "impacts": REGION, "dependents": 9, "audience": "unknown"},
        QUIET,
        "false-positive",
    ),
    "false positive after a public post": (
        {"false_positive": True, "previous_scenario": 3},
        NOTICE,
        "false-positive",
    ),
    "false positive after a broad post": (
        {"false_positive": True, "ever_broad": True},
        NOTICE,
        "false-positive",
    ),
    "false positive and not ours": (
        {"false_positive": True, "platform_fault": False, "impacts": REGION},
        QUIET,
        "false-positive",
    ),
    "not ours, small": ({"platform_fault": False}, QUIET, "not-platform-fault"),
    "not ours, several services": (
        {"platform_fault": False, "dependents": 1},
        NOTICE,
        "not-platform-fault",
    ),
    "not ours, several regions": (
        {"platform_fault": False, "impacts": TWO_REGIONS},
        NOTICE,
        "not-platform-fault",
    ),
    "not ours, a whole zone": (
        {"platform_fault": False, "impacts": ZONE},
        NOTICE,
        "not-platform-fault",
    ),
    "not ours, whatever the channel and the audience": (
        {"platform_fault": False, "targeted_channel": "unavailable", "audience": "unknown"},
        QUIET,
        "not-platform-fault",
    ),
    "not ours, announced as maintenance": (
        {"platform_fault": False, "kind": "planned-maintenance", "impacts": ZONE},
        NOTICE,
        "not-platform-fault",
    ),
    "security advisory, however broad": (
        {"kind": "security-advisory", "impacts": REGION, "dependents": 9, "audience": "unknown"},
        QUIET,
        "security-advisory",
    ),
    "maintenance, several services in a whole zone": (
        {"kind": "planned-maintenance", "level": "warning", "impacts": ZONE, "dependents": 1},
        NOTICE,
        "planned-maintenance",
    ),
    "maintenance, one service in a whole zone": (
        {"kind": "planned-maintenance", "impacts": ZONE},
        QUIET,
        "planned-maintenance",
    ),
    "maintenance, several services in part of a region": (
        {"kind": "planned-maintenance", "impacts": TWO_SERVICES},
        QUIET,
        "planned-maintenance",
    ),
    "maintenance, the channel is unavailable": (
        {"kind": "planned-maintenance", "targeted_channel": "unavailable"},
        QUIET,
        "planned-maintenance",
    ),
    "health advisory, several services in two regions": (
        {"kind": "health-advisory", "impacts": TWO_REGIONS, "dependents": 1},
        NOTICE,
        "health-advisory",
    ),
    "health advisory, informational everywhere": (
        {"kind": "health-advisory", "level": "informational", "impacts": REGION, "dependents": 1},
        QUIET,
        "health-advisory",
    ),
}


@pytest.mark.parametrize("case", OTHERS)
def test_anything_but_a_service_issue_is_decided_as_its_row_says(case: str) -> None:
    changes, outcome, rule = OTHERS[case]
    got = verdict(**changes)
    assert (got.outcome, got.rule, got.targeted) == (outcome, rule, True)


def test_all_scenarios_that_hold_are_listed_and_the_first_one_leads() -> None:
    got = verdict(impacts=ZONE, dependents=1, audience="unknown", targeted_channel="unavailable")
    assert (got.scenario, got.scenarios) == (1, (1, 2, 3))


def test_dependents_count_even_behind_an_informational_impact() -> None:
    got = verdict(
        impacts=impacts("storage@east", level="informational"), dependents=2, audience="unknown"
    )
    assert got.scenario == 3


def test_a_region_called_global_in_any_case_is_the_non_regional_one() -> None:
    everywhere = verdict(impacts=impacts("portal@Global", extent="region"), dependents=1)
    twice = verdict(impacts=impacts("portal@Global", "portal@global"), dependents=1)
    assert (everywhere.scenario, twice.scenario) == (1, None)


def by_the_table(f: dict[str, Any]) -> tuple[Outcome, tuple[int, ...]]:
    """The table once more, in the plainest words, from aggregates that the test chose."""
    error, warning = f["level"] == "error", f["level"] != "informational"
    counts = f["level"] != "informational"
    services = f["services"] if counts else f["services"] - 1
    several = counts and f["regions"] >= 2
    wide = counts and f["extent"] != "subset"
    if f["false_positive"]:
        was = f["ever_broad"] or f["previous_scenario"] is not None
        return Outcome(None, was, PromisedReview.NONE, withdraw_after_review=False), ()
    if not f["platform_fault"]:
        return Outcome(None, services >= 2 or several or wide, PromisedReview.NONE, False), ()
    if f["kind"] == "security-advisory":
        return Outcome(
            None, public=False, review=PromisedReview.NONE, withdraw_after_review=False
        ), ()
    if f["kind"] != "service-issue":
        return Outcome(None, services >= 2 and (wide or several), PromisedReview.NONE, False), ()
    one = error and services >= 2 and (wide or several)
    two = f["targeted_channel"] == "unavailable"
    three = warning and f["audience"] == "unknown" and (services >= 2 or several or wide)
    scenarios = tuple(n for n, holds in zip(Scenario, (one, two, three), strict=True) if holds)
    public_review = one or f["ever_broad"] or f["previous_scenario"] == 1
    public = bool(scenarios) or f["ever_broad"] or f["previous_scenario"] is not None
    return (
        Outcome(
            scenarios[0] if scenarios else None,
            public,
            PromisedReview.PUBLIC if public_review else PromisedReview.TARGETED,
            public and not public_review,
        ),
        scenarios,
    )


CHOICES: dict[str, tuple[Any, ...]] = {
    "kind": ("service-issue", "planned-maintenance", "health-advisory", "security-advisory"),
    "level": ("informational", "warning", "error"),
    "services": (1, 2, 3),
    "regions": (1, 2),
    "extent": ("subset", "zone", "region"),
    "audience": ("unknown", "estimated", "confirmed"),
    "targeted_channel": ("available", "unavailable"),
    "platform_fault": (True, False),
    "false_positive": (False, True),
    "ever_broad": (False, True),
    "previous_scenario": (None, 1, 2, 3),
}


def test_every_combination_of_facts_agrees_with_the_table_told_a_second_time() -> None:
    tried = 0
    for values in product(*CHOICES.values()):
        case = dict(zip(CHOICES, values, strict=True))
        if case["false_positive"] and case["targeted_channel"] == "unavailable":
            continue
        given = {k: v for k, v in case.items() if k not in {"services", "regions", "extent"}}
        given["dependents"] = case["services"] - 1
        given["impacts"] = impacts(
            *(f"storage@r{number}" for number in range(case["regions"])), extent=case["extent"]
        )
        got = decide(parse_facts(given), AZURE)
        assert (got.outcome, got.scenarios) == by_the_table(case), case
        tried += 1
    assert tried == 4 * 3 * 3 * 2 * 3 * 3 * 2 * 2 * 4 * 3
