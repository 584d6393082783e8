"""This installation's own incidents are written in the format of recordings, and read back as they were."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.policy import PRESETS
from incidents.replay.backtest_cases import case_of
from incidents.replay.comparison import course_of
from incidents.replay.formats import RecordingError, read_files
from incidents.replay.formats.own import read_recorded, written
from incidents.replay.recordings import SHIPPED
from incidents.replay.replay import BacktestCase, Point
from incidents.services.incident import declare, post_update
from incidents.services.inputs import Changes, Override
from incidents.vocabulary import KnownBy
from tests.conftest import NOW, declaration, hit
from tests.incidents.policy_strategies import any_facts


def bare(points: tuple[Point, ...]) -> list[Point]:
    """Without what a policy made of the moments before, and what a recording has no word for."""
    return [
        replace(
            each,
            facts=replace(each.facts, previous_scenario=None, ever_broad=False),
            really=None,
            basis="assumed" if each.basis == "assumed" else "stated",
            growth=None,
        )
        for each in points
    ]


MOMENT = st.tuples(
    any_facts(), st.booleans(), st.sampled_from(["monitor", "operator", "customers"])
)


@settings(max_examples=50)
@given(st.lists(MOMENT, min_size=1, max_size=4))
def test_whatever_was_known_is_read_back_as_it_was(moments: list[Any]) -> None:
    kind = moments[0][0].kind  # one of an incident's own
    points = tuple(
        Point(
            NOW + timedelta(minutes=minute),
            replace(facts, kind=kind),
            None,
            "assumed" if assumed else "stated",
            "" if assumed else "said",
            known_by=known_by,
            audience_assumed=assumed,
        )
        for minute, (facts, assumed, known_by) in enumerate(moments)
    )
    case = BacktestCase("ONE", "One", NOW, points, None, public=True, label="somebody")

    again = read_recorded(json.loads(json.dumps(written(case))))

    assert bare(again.points) == bare(points)
    assert replace(again, points=()) == replace(case, points=())


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_shipped_recordings_decide_alike_once_written(path: Path) -> None:
    (case,) = read_files([str(path)])
    again = read_recorded(json.loads(json.dumps(written(case))))
    # A monitor's own level, by the spread, needs the growth, which only the shipped format has.
    flat = tuple(replace(point, growth=None) for point in case.points)
    for policy in PRESETS.values():
        assert course_of(again.points, policy) == course_of(flat, policy)


@pytest.mark.django_db
@pytest.mark.usefixtures("catalogue")
def test_what_was_lived_here_is_judged_from_a_file(operator: User, tmp_path: Path) -> None:
    cells = [hit("storage", "west-europe"), hit("key-vault", "west-europe", level="warning")]
    incident = declare(declaration=declaration(*cells, automated=True), now=NOW)
    post_update(
        incident_id=incident.pk,
        changes=Changes(hits=[hit("storage", "east-us", extent="zone", zones=("1",))]),
        now=NOW + timedelta(minutes=9),
        actor=operator,
        override=Override(public=True, reason="the press asks"),
    )
    out = StringIO()

    call_command("export_recordings", stdout=out)

    file = tmp_path / "own.jsonl"
    file.write_text(out.getvalue())
    (read,), lived = read_files([str(file)]), case_of(incident)
    assert lived is not None
    assert bare(read.points) == bare(lived.points)
    assert [each.known_by for each in read.points] == [KnownBy.MONITOR, KnownBy.OPERATOR]
    assert (read.public, read.started_at) == (True, incident.started_at)
    report = StringIO()
    call_command(
        "backtest", "--recordings", str(file), "--policy", "azure", "--json", stdout=report
    )
    told = json.loads(report.getvalue())["policies"]["azure"]
    assert (told["incidents"], told["labelled"]) == (1, 1)
    one = StringIO()
    call_command("export_recordings", "--incident", incident.tracking_id, stdout=one)
    assert one.getvalue() == out.getvalue()
    client = Client()
    client.force_login(operator)
    assert client.get("/admin/desk/backtest/recordings/?own").content.decode() == out.getvalue()
    with pytest.raises(CommandError, match="is not there"):
        call_command("export_recordings", "--incident", "ZZZZ-ZZZ")


def test_a_cell_above_the_incident_is_refused_by_name(tmp_path: Path) -> None:
    file = tmp_path / "bad.jsonl"
    cell = {"service": "dns", "region": "east", "level": "error"}
    fact = {"at": "2026-01-10T08:00:00Z", "level": "warning", "impacts": [cell]}
    file.write_text(json.dumps({"id": "one", "facts": [fact]}))
    with pytest.raises(RecordingError, match=r"facts\[0\].impacts: one is above"):
        list(read_files([str(file)]))
