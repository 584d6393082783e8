"""Monitors at the desk: a mapping is tried before it counts, what waits is declared, silence is shown."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from incidents.models import Incident, MonitorAlert, MonitorSource
from incidents.services.alerts import sources
from tests.alerts.test_formats_of_alerts import ALERTMANAGER
from tests.desk.conftest import Form, sent_by, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]
PAGE = "/admin/desk/monitors/"
PROMETHEUS: Form = {
    "name": "prometheus",
    "format": "alertmanager",
    "mode": "automatic",
    "mapping": "- {match: {alertname: High}, level: warning}",
    "window_minutes": "10",
    "hold_minutes": "3",
    "silent_minutes": "5",
    "payload": json.dumps(ALERTMANAGER),
}


def test_a_payload_is_tried_and_nothing_is_kept(desk: Client) -> None:
    page = desk.post(PAGE, PROMETHEUS | {"step": "try"})

    assert page.status_code == 200
    words = text_of(page)
    assert "This is what would happen" in words
    assert "Opened an incident" in words
    assert "Storage in West Europe" in words
    assert "No monitor has reported anything yet" in words
    assert "The latest alerts" not in words
    assert not Incident.objects.exists()
    assert not MonitorSource.objects.exists()
    assert sent_by(page, PAGE)["mapping"] == [PROMETHEUS["mapping"]]


def test_a_payload_is_tried_before_the_monitor_has_a_name(desk: Client) -> None:
    assert "Opened an incident" in text_of(
        desk.post(PAGE, PROMETHEUS | {"step": "try", "name": ""})
    )
    refused = desk.post(PAGE, PROMETHEUS | {"step": "save", "name": ""})
    assert (refused.status_code, "Give it a name" in text_of(refused)) == (422, True)
    assert not MonitorSource.objects.exists()


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("mapping", "- {mach: {a: b}}", "Row 1"),
        ("payload", "{", "not valid JSON"),
        ("payload", '{"alerts": 7}', "is no list"),
        ("name", "a b", "is no name"),
        ("hold_minutes", "9999", "less than or equal"),
    ],
)
def test_what_cannot_be_used_is_named_and_stays_typed(
    desk: Client, field: str, value: str, words: str
) -> None:
    page = desk.post(PAGE, PROMETHEUS | {"step": "try", field: value})
    assert page.status_code == 422
    assert words in text_of(page)
    assert sent_by(page, PAGE)[field] == [value]


def test_a_source_is_saved_and_edited(desk: Client) -> None:
    assert desk.post(PAGE, PROMETHEUS | {"step": "save"}).status_code == 302
    made = MonitorSource.objects.get()
    assert (made.mode, made.silent_minutes) == ("automatic", 5)
    assert sent_by(desk.get(f"{PAGE}?source=prometheus"), PAGE)["mode"] == ["automatic"]


def test_what_waits_is_declared_by_a_person_and_alarms_until_then(desk: Client) -> None:
    sources.save(
        name="prometheus", format_name="alertmanager", mode="ask", mapping="", window_minutes=10,
        hold_minutes=3, silent_minutes=1, now=datetime.now(UTC) - timedelta(hours=1),
    )  # fmt: skip
    assert "The monitor prometheus has fallen silent" in text_of(desk.get("/admin/desk/"))
    MonitorAlert.objects.create(
        source="prometheus", key="k", outcome="waiting", opened_at=datetime.now(UTC),
        labels={"service": "storage", "region": "west-europe"}, cells=[[1, 1]],
    )  # fmt: skip
    assert "1 alert waits for a person" in text_of(desk.get("/admin/desk/"))

    page = desk.post(PAGE, {"step": "declare", "name": "prometheus"}, follow=True)

    incident = Incident.objects.get()
    assert f"Declared: {incident.tracking_id}" in text_of(page)
    assert incident.decisions.get().actor is not None
    assert "waits for a person" not in text_of(desk.get("/admin/desk/"))
