"""The decisions taken away as CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from incidents import csv_file
from incidents.services.audit import COLUMNS
from incidents.services.incident import declare
from incidents.services.inputs import Override
from tests.conftest import declaration

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]


@pytest.fixture(autouse=True)
def overridden(catalogue: None, now: datetime, operator: User) -> str:
    incident = declare(
        declaration=declaration(),
        now=now,
        actor=operator,
        override=Override(public=True, reason="=HYPERLINK(0)"),
    )
    declare(declaration=declaration(), now=now + timedelta(days=2))
    return incident.tracking_id


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    call_command("export_audit", *arguments)
    return capsys.readouterr().out


def test_a_decision_is_told_with_everything_it_was_made_of(
    capsys: pytest.CaptureFixture[str], overridden: str
) -> None:
    first, second = (json.loads(line) for line in printed(capsys, "--json").splitlines())
    assert tuple(first) == COLUMNS
    assert (first["tracking_id"], first["actor"]) == (overridden, "olga")
    assert (first["policy"], first["policy_version"]) == ("azure", 1)
    assert (first["public"], first["override_public"]) == (False, True)
    assert first["decided_at"] == "2026-03-01T09:30:00+00:00"
    assert first["facts"]["impacts"][0]["service"] == "key-vault"
    assert (second["actor"], second["override_public"]) == (None, None)


def test_a_spreadsheet_is_given_no_formula(capsys: pytest.CaptureFixture[str]) -> None:
    rows = list(csv.DictReader(io.StringIO(printed(capsys))))
    assert [row["reason"] for row in rows] == ["'=HYPERLINK(0)", ""]
    assert json.loads(rows[0]["facts"])["kind"] == "service-issue"


@pytest.mark.parametrize("start", csv_file.FORMULA)
def test_no_cell_begins_like_a_formula(start: str) -> None:
    assert csv_file.cell(f"{start}1+1").startswith("'")


def test_one_incident_or_the_time_since_a_day(
    capsys: pytest.CaptureFixture[str], overridden: str
) -> None:
    own = printed(capsys, "--json", "--incident", overridden)
    assert [json.loads(line)["tracking_id"] for line in own.splitlines()] == [overridden]
    later = printed(capsys, "--json", "--since", "2026-03-02")
    assert len(later.splitlines()) == 1


def test_a_day_that_is_none_is_refused() -> None:
    with pytest.raises(CommandError, match="is no day") as refused:
        call_command("export_audit", "--since", "yesterday")
    assert refused.value.returncode == 2
