"""The decisions taken away as CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from incidents.policy import PRESETS
from incidents.services.access.audit import COLUMNS
from incidents.services.incident import declare
from incidents.services.inputs import Override
from incidents.texts import csv_file
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
    assert (first["policy"], first["policy_version"]) == (
        "recommended",
        PRESETS["recommended"].version,
    )
    assert (first["public"], first["override_public"]) == (False, True)
    assert first["decided_at"] == "2026-03-01T09:30:00+00:00"
    assert first["facts"]["impacts"][0]["service"] == "key-vault"
    assert (second["actor"], second["override_public"]) == (None, None)


def test_a_spreadsheet_is_given_no_formula(capsys: pytest.CaptureFixture[str]) -> None:
    rows = list(csv.DictReader(io.StringIO(printed(capsys))))
    assert [row["reason"] for row in rows] == ["'=HYPERLINK(0)", ""]
    assert json.loads(rows[0]["facts"])["kind"] == "service-issue"


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@given(
    st.lists(
        st.one_of(
            st.text(st.sampled_from("=+-@＝;|\t\r\n' \"x1,"), max_size=8),
            st.lists(st.text(st.sampled_from("=;\t|1"), max_size=6), max_size=2),
        ),
        min_size=1,
        max_size=3,
    )
)
def test_no_cell_begins_like_a_formula_whatever_a_spreadsheet_takes_for_its_end(
    separator: str, values: list[object]
) -> None:
    columns = [str(number) for number in range(len(values))]
    text = "".join(csv_file.lines(columns, [dict(zip(columns, values, strict=True))]))
    body = text.partition("\r\n")[2]
    found = list(csv.reader(io.StringIO(body, newline=""), delimiter=separator))
    if separator != ",":  # and where our quotes are not understood
        found += [line.split(separator) for line in body.splitlines()]
    for cell in (cell for row in found for cell in row):
        assert not cell.lstrip(' "').startswith(tuple("=+-@＝")), body


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
