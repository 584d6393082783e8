from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from incidents.policy import PRESETS
from incidents.replay.backtest import backtest, summary
from incidents.replay.recordings import SHIPPED, read_recording
from incidents.replay.replay import BacktestCase, points_of
from incidents.services.incident import declare, post_update
from incidents.services.inputs import Changes
from tests.conftest import declaration, hit

AZURE = PRESETS["azure"]


def case(name: str) -> BacktestCase:
    recording = read_recording(SHIPPED / f"{name}.yaml")
    return BacktestCase(
        tracking_id=name,
        title=recording.title,
        started_at=recording.started_at,
        points=tuple(points_of(recording)),
        really_public_at=recording.first_public_post,
    )


def test_the_same_policy_changes_nothing() -> None:
    comparisons = backtest([case("2024-01-21"), case("2024-02-07")], current=AZURE, candidate=AZURE)
    assert [comparison.changed for comparison in comparisons] == [False, False]


def test_a_policy_without_scenario_1_keeps_january_targeted() -> None:
    stricter = replace(AZURE, name="stricter", broad=None)

    (comparison,) = backtest([case("2024-01-21")], current=AZURE, candidate=stricter)

    assert comparison.changed
    assert comparison.now.minutes_to_public == 114, "01:30 to 03:24"
    assert comparison.then.public is False
    assert comparison.then.minutes_to_public is None


def test_a_post_that_a_known_audience_would_have_spared_counts_as_needless() -> None:
    (comparison,) = backtest([case("2024-02-07")], current=AZURE, candidate=AZURE)
    assert comparison.now.public
    assert comparison.now.false_public
    assert summary([comparison.now])["false_public"] == 1


def test_no_outcomes_have_no_median() -> None:
    assert summary([])["median_minutes_to_public"] is None


@pytest.mark.django_db
@pytest.mark.usefixtures("catalogue")
def test_incidents_handled_here_are_backtested_from_their_decisions(
    now: datetime, operator: User
) -> None:
    incident = declare(declaration=declaration(), now=now, actor=operator)
    post_update(
        incident_id=incident.pk,
        changes=Changes(hits=[hit("storage", "east-us"), hit("storage", "west-us")]),
        now=now,
        actor=operator,
    )
    out = StringIO()

    call_command("backtest", "--policy", "azure", "--json", stdout=out)

    report = json.loads(out.getvalue())
    assert report["changed"] == 0
    assert report["incidents"][0]["tracking_id"] == incident.tracking_id
    assert report["incidents"][0]["now"]["minutes_to_public"] == 30


@pytest.mark.django_db
def test_a_policy_that_is_neither_a_name_nor_a_file_is_refused() -> None:
    with pytest.raises(CommandError, match="nosuch") as refused:
        call_command("backtest", "--policy", "nosuch")
    assert refused.value.returncode == 2
