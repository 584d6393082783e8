"""Correcting when it began or ended, and planning a maintenance anew, at the desk."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client

from incidents.models import Incident, TimeVersion
from incidents.services.incident import declare
from tests.conftest import declaration
from tests.desk.conftest import sent_by, text_of

pytestmark = pytest.mark.django_db


def times(incident: Incident) -> str:
    return f"/admin/desk/{incident.tracking_id}/times/"


def test_a_corrected_start_is_said_and_the_former_one_stays_in_sight(
    desk: Client, targeted: Incident
) -> None:
    filled = sent_by(desk.get(times(targeted)), times(targeted))
    start = targeted.started_at - timedelta(minutes=30)
    more = {"started_at": f"{start:%Y-%m-%d %H:%M}", "reason": "Found in the logs."}

    done = desk.post(times(targeted), filled | more, follow=True)

    assert "The times are corrected" in text_of(done)
    assert "Correction: this incident began at" in text_of(done)
    shown = text_of(desk.get(times(targeted)))
    assert "As stated before" in shown
    assert "Found in the logs." in shown


def test_a_form_that_changes_nothing_says_so(desk: Client, targeted: Incident) -> None:
    filled = sent_by(desk.get(times(targeted)), times(targeted)) | {"reason": "None."}

    answer = desk.post(times(targeted), filled)

    assert answer.status_code == 422
    assert "change one of them" in text_of(answer)
    assert not TimeVersion.objects.exists()


def test_an_unreadable_time_is_named_and_every_word_stays(desk: Client, targeted: Incident) -> None:
    filled = sent_by(desk.get(times(targeted)), times(targeted))

    answer = desk.post(times(targeted), filled | {"started_at": "noonish", "reason": "Typed so."})

    assert answer.status_code == 422
    assert "“noonish” is not a time" in text_of(answer)
    assert "Typed so." in answer.content.decode()


def test_a_planned_maintenance_is_moved(desk: Client, catalogue: None, operator: User) -> None:
    now = datetime.now(UTC)
    planned = declaration(
        kind="planned-maintenance",
        stage="planned",
        started_at=now + timedelta(days=1),
        scheduled_for=now + timedelta(days=1),
        scheduled_until=now + timedelta(days=1, hours=1),
    )
    incident = declare(declaration=planned, now=now, actor=operator)
    filled = sent_by(desk.get(times(incident)), times(incident))
    start = now + timedelta(days=2)
    more = {
        "scheduled_for": f"{start:%Y-%m-%d %H:%M}",
        "scheduled_until": f"{start + timedelta(hours=2):%Y-%m-%d %H:%M}",
        "reason": "Parts are late.",
    }

    done = desk.post(times(incident), filled | more, follow=True)

    assert "is now planned for another time" in text_of(done)
    incident.refresh_from_db()
    assert incident.stage == "rescheduled"
    assert incident.scheduled_for == start.replace(second=0, microsecond=0)
