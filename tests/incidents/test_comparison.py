"""Policies side by side over recordings: counts, labels, and what would make them agree."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.policy import PRESETS, Facts, Policy, decide, neighbours, parse_facts
from incidents.replay.comparison import agreeing_counterfactual, compare, course_of
from incidents.replay.formats import read_files
from incidents.replay.replay import BacktestCase, Point, replay
from incidents.vocabulary import Kind
from tests.incidents.policy_strategies import any_facts, any_policy

REAL = [
    str(Path(__file__).parents[1] / "data" / "recordings" / f"{name}-incidents.jsonl.gz")
    for name in ("google", "github")
]
START = datetime(2026, 1, 10, 9, 0, tzinfo=UTC)
many = settings(max_examples=60)


def facts(level: str, services: int, regions: int = 1, **more: Any) -> Facts:
    cells = [
        (f"s{service}", f"r{region}") for service in range(services) for region in range(regions)
    ]
    impacts = [{"service": service, "region": region} for service, region in cells]
    return parse_facts(
        {
            "kind": "service-issue",
            "level": level,
            "impacts": impacts,
            "audience": "estimated",
            **more,
        }
    )


def case(*known: Facts, public: bool | None = None, assumed: bool = False) -> BacktestCase:
    points = [
        Point(START + timedelta(minutes=10 * n), each, None, "stated", "", audience_assumed=assumed)
        for n, each in enumerate(known)
    ]
    return BacktestCase("ONE", "One", START, tuple(points), None, public, "a test")


def counts(policy: str, *cases: BacktestCase) -> dict[str, Any]:
    return compare(cases, [PRESETS[policy]])[0].as_dict()


def test_minutes_count_from_the_first_known_fact_and_by_the_clock_of_the_case() -> None:
    growing = case(facts("warning", 1), facts("warning", 2), facts("warning", 3))

    told = counts("recommended", growing)

    assert (told["public"], told["scenario_1"], told["promotions"]) == (1, 1, 1)
    assert told["median_minutes_to_decision"] == 20
    assert told["median_minutes_to_public"] == 25
    assert counts("azure", growing)["public"] == 0


def test_verdicts_are_counted_against_the_label() -> None:
    broad, small = facts("error", 9, 3), facts("warning", 1)
    told = counts(
        "azure",
        case(broad, public=True),
        case(broad, public=False),
        case(small, public=True),
        case(small),
    )
    assert (told["labelled"], told["false_public"], told["missed_public"]) == (3, 1, 1)


def test_a_disagreement_names_the_one_fact_that_would_agree() -> None:
    (tally,) = compare([case(facts("warning", 2), public=True)], [PRESETS["google"]])
    (each,) = tally.disagreements
    assert each.as_dict()["would_agree_if"] == {"fact": "services", "from": 2, "to": 3}


def test_several_steps_of_one_fact_are_found_where_one_is_not_enough() -> None:
    far = agreeing_counterfactual(facts("warning", 9), PRESETS["google"], wanted=False)
    assert far is not None
    assert (far.fact, far.before, far.after) == ("level", "warning", "informational")
    narrow = replace(PRESETS["google"], also_broad=())
    wide = agreeing_counterfactual(facts("error", 1, 2), narrow, wanted=True)
    assert wide is not None
    assert (wide.fact, wide.before, wide.after) == ("extent", "subset", "zone")


def test_an_assumed_audience_is_tried_both_ways() -> None:
    two = facts("warning", 2)
    told = counts("azure", case(two, assumed=True), case(two))
    assert told["public"] == 0
    assert (told["audience_assumed"], told["public_if_audience_unknown"]) == (1, 1)


@many
@given(any_facts(), any_policy())
def test_one_step_that_would_agree_is_found_before_further_ones(
    known: Facts, policy: Policy
) -> None:
    known = replace(known, previous_scenario=None, ever_broad=False)
    wanted = not decide(known, policy).public
    near = {n.fact for n, there in neighbours(known) if decide(there, policy).public == wanted}
    found = agreeing_counterfactual(known, policy, wanted=wanted)
    if near:
        assert found is not None
        assert found.fact in near


@many
@given(st.lists(any_facts(kinds=(Kind.SERVICE_ISSUE,)), min_size=1, max_size=4), any_policy())
def test_a_comparison_decides_as_a_replay_does(known: list[Facts], policy: Policy) -> None:
    points = case(*known).points
    course, lived = course_of(points, policy), replay(points, policy, None)
    assert course.decided_at == lived.decided_at
    if lived.public_at is None:
        assert course.minutes_to_public is None
    else:
        assert course.minutes_to_public == (lived.public_at - START).total_seconds() / 60


def test_the_reading_of_googles_practice_agrees_with_what_google_posts() -> None:
    google = list(read_files(REAL[:1]))
    told = counts("google", *google)
    before = sum(each.public is False for each in google)
    assert told["missed_public"] == 0
    assert told["false_public"] / before < 0.10
    recommended = counts("recommended", *google)
    assert recommended["missed_public"] == 0
    assert recommended["false_public"] / before < 0.10


def test_five_thousand_incidents_are_compared_in_ten_seconds() -> None:
    """By a quarter of them: the processor's time, whatever else runs."""
    start = time.process_time()
    tallies = compare(read_files(REAL), list(PRESETS.values()))
    spent = time.process_time() - start
    assert spent / len(tallies[0].courses) * 5000 < 10


def test_the_command_prints_every_policy_with_its_counts(tmp_path: Path) -> None:
    out = StringIO()
    call_command("backtest", "--recordings", *REAL, "--json", stdout=out)
    report = json.loads(out.getvalue())
    assert set(report["policies"]) == set(PRESETS)
    for name, told in report["policies"].items():
        assert told["incidents"] == 1333
        assert told["public"] + told["targeted"] == 1333
        assert told["scenario_1"] + told["scenario_2"] + told["scenario_3"] == told["public"]
        wrong = report["disagreements"][name]
        assert len(wrong) == told["false_public"] + told["missed_public"]


def test_a_policy_file_stands_beside_the_presets(tmp_path: Path) -> None:
    path = tmp_path / "ours.yaml"
    path.write_text("name: ours\nversion: 1\nbroad: {services: 4}\n")
    out = StringIO()
    call_command(
        "backtest", "--recordings", REAL[0], "--policy", "azure", str(path), "--json", stdout=out
    )
    policies = json.loads(out.getvalue())["policies"]
    assert list(policies) == ["azure", "ours"]
    assert policies["ours"]["public"] < policies["azure"]["public"]


def test_a_sweep_tries_every_value_of_one_number() -> None:
    out = StringIO()
    sweep = "also_broad.0.services=2-5"
    call_command(
        "backtest", "--recordings", REAL[0], "--policy", "google", "--sweep", sweep, "--json",
        stdout=out,
    )  # fmt: skip
    policies = json.loads(out.getvalue())["policies"]
    public = [told["public"] for told in policies.values()]
    assert len(public) == 4
    assert public == sorted(public, reverse=True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--recordings", "none.jsonl"], "none.jsonl: cannot be read"),
        (["--recordings", REAL[0], "--policy", "asure"], '"asure" is neither one of'),
        (["--recordings", REAL[0], "--sweep", "broad.services=2-3"], "exactly one --policy"),
        (
            ["--recordings", REAL[0], "--policy", "azure", "--sweep", "services"],
            "is no range; write broad.services=2-10",
        ),
        (
            ["--recordings", REAL[0], "--policy", "azure", "--sweep", "broad.level=2-3"],
            "broad.level is no number of azure",
        ),
        (["--policy", "azure", "google"], "name one, or give --recordings"),
    ],
)
def test_what_cannot_be_compared_is_refused_in_one_line(arguments: list[str], message: str) -> None:
    with pytest.raises(CommandError, match=r".") as refused:
        call_command("backtest", *arguments)
    assert refused.value.returncode == 2
    assert message in str(refused.value)
