"""What a recording assumes is replayed both ways, and January is told by rule."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from incidents.derived_facts import Dependent, Graph
from incidents.models import Incident
from incidents.policy import PRESETS
from incidents.replay.branches import Branch, branches_of
from incidents.replay.recordings import SHIPPED, read_recording
from incidents.replay.replay import points_of, replay
from incidents.vocabulary import FactBasis, KnownBy

JANUARY = read_recording(SHIPPED / "2024-01-21.yaml")
EVERYWHERE = frozenset({"central-us", "west-central-us"})
TWELVE = Graph(
    {
        "azure-resource-manager": tuple(
            Dependent(f"s{n}", f"S{n}", hard=True, regions=EVERYWHERE) for n in range(12)
        )
    }
)


def january(policy: str) -> dict[tuple[str, str], Branch]:
    branches = branches_of(JANUARY, PRESETS[policy], TWELVE)
    return {(branch.fact, branch.assumed): branch for branch in branches}


def test_by_the_recommended_policy_january_is_told_within_minutes_whatever_is_assumed() -> None:
    result = replay(list(points_of(JANUARY, TWELVE)), PRESETS["recommended"], None)
    told = result.moments()
    assert told["first_targeted_at"] == "2024-01-21T01:59:00Z"
    assert told["public_at"] == "2024-01-21T02:04:00Z"
    assert result.steps[0].point.facts.level == "error", "raised by itself: a monitor found it"
    assert result.steps[0].point.facts.dependents == 12
    branches = january("recommended")
    for (fact, _), branch in branches.items():
        otherwise = branch.if_otherwise.moments()
        assert branch.decides is (fact == "hit")
        assert otherwise["first_targeted_at"] == "2024-01-21T01:59:00Z"
        assert otherwise["public_at"] == (
            "2024-01-21T03:09:00Z" if fact == "hit" else told["public_at"]
        )
    assert ("audience", "estimated") in branches


def test_by_azures_rule_it_matters_whether_the_audience_was_known() -> None:
    branch = january("azure")["audience", "estimated"]
    assert branch.decides
    assert branch.as_assumed.moments()["public_at"] == "2024-01-21T03:39:00Z"
    assert branch.otherwise == "unknown"
    assert branch.if_otherwise.moments()["public_at"] == "2024-01-21T02:14:00Z"
    assert branch.if_otherwise.moments()["first_targeted_at"] == "2024-01-21T01:59:00Z"


def test_what_is_stated_has_no_other_side() -> None:
    stated = replace(
        JANUARY, moments=tuple(replace(each, basis=FactBasis.STATED) for each in JANUARY.moments)
    )
    assert branches_of(stated, PRESETS["azure"], TWELVE) == []


def test_dependents_count_once_what_they_need_fails() -> None:
    by_time = {point.at: point.facts for point in points_of(JANUARY, TWELVE)}
    counts = [facts.dependents for facts in by_time.values()]
    assert counts[:3] == [0, 0, 0], "degraded so far"
    assert counts[3:5] == [12, 12]


@pytest.fixture
def imported(catalogue: None) -> Incident:
    return Incident.objects.create(
        tracking_id="JANU-ARY",
        kind="service-issue",
        level="error",
        public_title=JANUARY.title,
        stage="resolved",
        started_at=JANUARY.started_at,
        published_at=JANUARY.started_at,
        created_at=JANUARY.started_at,
        updated_at=JANUARY.started_at,
        backfilled=True,
    )


@pytest.mark.django_db
@pytest.mark.parametrize("policy", sorted(PRESETS))
def test_the_command_prints_both_sides_with_the_same_moments(
    imported: Incident, policy: str
) -> None:
    out = StringIO()
    call_command("replay", imported.tracking_id, "--policy", policy, "--json", stdout=out)
    told = json.loads(out.getvalue())
    keys = {"decided_at", "public_at", "really_public_at", "first_targeted_at"}
    assert keys <= set(told)
    assert told["branches"]
    for branch in told["branches"]:
        assert set(branch["assumed"]) == set(branch["otherwise"]) == keys | {"value"}
        assert branch["why"]

    words = StringIO()
    call_command("replay", imported.tracking_id, "--policy", policy, stdout=words)
    assert "first targeted at: 2024-01-21 01:59 UTC" in words.getvalue()
    assert "audience unknown: first targeted 2024-01-21 01:59 UTC" in words.getvalue()


@pytest.mark.django_db
def test_a_policy_that_is_unknown_is_refused(imported: Incident) -> None:
    with pytest.raises(CommandError, match="neither one of") as refused:
        call_command("replay", imported.tracking_id, "--policy", "asure")
    assert refused.value.returncode == 2


def test_a_recording_made_by_hand_may_say_who_knew() -> None:
    moment = replace(JANUARY.moments[1], known_by=KnownBy.OPERATOR)
    recording = replace(JANUARY, moments=(JANUARY.moments[0], moment, *JANUARY.moments[2:]))
    result = replay(list(points_of(recording, TWELVE)), PRESETS["recommended"], None)
    assert result.decided_at == datetime(2024, 1, 21, 3, 4, tzinfo=UTC), "it spreads for an hour"
    azure = replay(list(points_of(recording, TWELVE)), PRESETS["azure"], None)
    assert azure.decided_at == datetime(2024, 1, 21, 3, 24, tzinfo=UTC), "a person raises the level"
