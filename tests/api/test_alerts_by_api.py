"""Monitors hand in alerts by the API, looked at first if they like."""

from __future__ import annotations

import base64
import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from incidents.models import Incident, MonitorAlert, MonitorSource
from incidents.services.access import tokens
from statuspage.api.authentication import OfMonitor
from tests.alerts.test_formats_of_alerts import ALERTMANAGER
from tests.api.conftest import V1, Call, cell, token_of, told

pytestmark = pytest.mark.django_db


def test_a_source_that_is_heard_for_the_first_time_asks_a_person(call: Call) -> None:
    got = told(call("post", "ingest/alertmanager", ALERTMANAGER))

    assert (got["source"], got["mode"], got["outcomes"]) == ("alertmanager", "ask", {"waiting": 1})
    assert got["lines"][0]["title"] == "Storage fails"
    assert not Incident.objects.exists()


def test_an_automatic_source_opens_an_incident_and_a_look_at_it_does_not(call: Call) -> None:
    call("post", "ingest/json?source=probes", {"key": "x", "status": "ok"})
    MonitorSource.objects.update(mode="automatic", hold_minutes=0)
    fired = {"key": "k", "severity": "warning"} | cell()

    looked = told(call("post", "ingest/json?source=probes&dry_run=1", fired))
    assert (looked["outcomes"], looked["incidents"]) == ({"opened": 1}, [])
    assert not Incident.objects.exists()

    done = told(call("post", "ingest/json?source=probes", [fired, {"key": "z"}]))
    assert done["outcomes"] == {"opened": 1, "unmapped": 1}
    assert done["incidents"] == [Incident.objects.get().tracking_id]


def test_a_report_sent_twice_with_one_key_is_taken_in_once(call: Call) -> None:
    fired = {"key": "k"} | cell()
    first, again = (
        told(call("post", "ingest/json", fired, **{"Idempotency-Key": "k"})) for _ in range(2)
    )
    assert first == again
    assert MonitorAlert.objects.get().times == 1


def test_each_alert_of_a_storm_takes_four_questions_and_a_transaction(
    call: Call, django_assert_num_queries: Any
) -> None:
    fired = {"key": "k"} | cell()
    call("post", "ingest/json", fired)
    for status, over in (("firing", False), ("resolved", True)):
        with django_assert_num_queries(6):  # begin, source, lock, alerts, the row's update, end
            answer = call("post", "ingest/json", fired | {"status": status})
        assert told(answer)["lines"][0]["over"] == over


def test_a_revoked_token_reports_for_a_second_at_most(
    call: Call, operator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    token, secret = token_of(operator)
    fired = {"key": "k"} | cell()
    assert call("post", "ingest/json", fired, token=secret).status_code == 200
    tokens.revoke(token_id=token.pk, now=datetime.now(UTC))
    later = time.monotonic() + OfMonitor.LOOKED_UP
    monkeypatch.setattr("statuspage.api.authentication.time.monotonic", lambda: later)
    assert call("post", "ingest/json", fired, token=secret).status_code == 401
    assert call("get", "incidents", token=secret).status_code == 401


@pytest.mark.parametrize(
    ("path", "sent", "status"),
    [
        ("ingest/nagios", {}, 422),
        ("ingest/alertmanager", {"alerts": 7}, 422),
        ("ingest/alertmanager", {"alerts": []}, 422),
        ("ingest/json?source=a b", {"key": "x"}, 422),
        ("ingest/json", b"{", 400),
    ],
)
def test_what_is_no_alert_is_refused(call: Call, path: str, sent: object, status: int) -> None:
    answer = call("post", path, sent)
    assert (answer.status_code, bool(told(answer)["detail"])) == (status, True)
    assert not MonitorAlert.objects.exists()


def test_who_can_send_no_header_signs_in_by_the_address(catalogue: None, operator: User) -> None:
    pair = base64.b64encode(f"x:{token_of(operator)[1]}".encode()).decode()
    for path, status in (("ingest/alertmanager", 200), ("incidents", 401)):
        answer = Client().post(
            V1 + path,
            json.dumps(ALERTMANAGER),
            content_type="application/json",
            headers={"Authorization": f"Basic {pair}"},
        )
        assert answer.status_code == status


def test_an_event_in_binary_mode_says_what_it_says_in_one_piece(call: Call) -> None:
    headers = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "/probes", "ce-time": "2026-03-01T09:00:00Z",
               "ce-subject": "key%20vault"}  # fmt: skip
    for what, over in (("firing", False), ("resolved", True)):
        (line,) = told(
            call("post", "ingest/cloudevents", cell() | {"title": "It fails"}, **headers,
                 **{"ce-type": f"com.example.alert.{what}"})
        )["lines"]  # fmt: skip
        assert (line["key"], line["title"], line["over"]) == ("key vault", "It fails", over)
    assert MonitorAlert.objects.get().cells
    refused = call("post", "ingest/cloudevents", cell(), **(headers | {"ce-specversion": "0.3"}))
    assert refused.status_code == 422
