from __future__ import annotations

import json
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from incidents.policy import PRESETS
from incidents.replay.recordings import SHIPPED, MomentsError, read_recording
from incidents.replay.replay import points_of, replay
from incidents.services.incident import declare
from tests.conftest import declaration

JANUARY = SHIPPED / "2024-01-21.yaml"
FEBRUARY = SHIPPED / "2024-02-07.yaml"


def utc(day: str, clock: str) -> datetime:
    return datetime.fromisoformat(f"{day}T{clock}:00").replace(tzinfo=UTC)


def test_january_would_have_been_public_before_it_really_was() -> None:
    recording = read_recording(JANUARY)

    result = replay(list(points_of(recording)), PRESETS["azure"], recording.first_public_post)

    assert result.decided_at == utc("2024-01-21", "03:24")
    assert result.public_at == utc("2024-01-21", "03:39")
    assert result.really_public_at == utc("2024-01-21", "03:57")
    assert (result.minutes_gained, result.minutes_gained_if_confirmed) == (18, 33)


def test_january_stays_targeted_until_its_severity_is_raised() -> None:
    steps = replay(list(points_of(read_recording(JANUARY))), PRESETS["azure"], None).steps

    before = [s.explanation.verdict for s in steps if s.point.at < utc("2024-01-21", "03:24")]
    after = [s.explanation.verdict for s in steps if s.point.at >= utc("2024-01-21", "03:24")]
    assert [verdict.public for verdict in before] == [False, False, False]
    assert all(verdict.public and verdict.review == "public" for verdict in after)


def test_february_is_scenario_3_and_is_withdrawn_once_the_review_is_out() -> None:
    steps = replay(list(points_of(read_recording(FEBRUARY))), PRESETS["azure"], None).steps
    verdicts = [step.explanation.verdict for step in steps]

    assert verdicts[0].scenario == 3
    assert all(v.review == "targeted" and v.withdraw_after_review for v in verdicts)
    assert verdicts[-1].scenario is None, "the audience is known by then"
    assert verdicts[-1].public, "until the review is delivered"
    assert steps[-1].point.really == "withdrawn"


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_moment_says_whether_it_is_stated_or_assumed(path: Path) -> None:
    for moment in read_recording(path).moments:
        assert moment.basis in ("stated", "assumed")
        assert bool(moment.why) is (moment.basis == "assumed")
        assert moment.said


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("basis: rumoured", 'basis: "rumoured" is not one of stated, assumed'),
        ("basis: assumed", "why: missing where it is assumed"),
        ("basis: stated\n    moood: bad", 'moood: unknown key with value "bad"'),
        ("basis: stated\n    at: yesterday", 'at: "yesterday" is not a time such as'),
    ],
)
def test_a_moment_that_cannot_be_used_is_named(tmp_path: Path, change: str, words: str) -> None:
    path = tmp_path / "moments.yaml"
    at = "" if "at:" in change else "at: 2024-01-01T00:00:00Z\n    "
    path.write_text(
        "incident: {started_at: 2024-01-01T00:00:00Z, title: T}\n"
        f"moments:\n  - {at}{change}\n    said: Something.\n"
    )
    with pytest.raises(MomentsError, match=words) as refused:
        read_recording(path)
    assert "moments[0]." in str(refused.value)


@pytest.mark.django_db
@pytest.mark.usefixtures("catalogue")
def test_an_incident_handled_here_is_replayed_from_its_recorded_decisions(
    now: datetime, operator: User
) -> None:
    incident = declare(declaration=declaration(), now=now, actor=operator)
    out = StringIO()

    call_command("replay", incident.tracking_id, "--json", stdout=out)

    (step,) = json.loads(out.getvalue())["steps"]
    assert step["basis"] == "recorded"
    assert step["public"] is False
    assert step["at"] == now.strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.django_db
def test_replaying_an_unknown_incident_says_so() -> None:
    with pytest.raises(CommandError, match="no incident 'NONE-000'") as refused:
        call_command("replay", "NONE-000")
    assert refused.value.returncode == 2
