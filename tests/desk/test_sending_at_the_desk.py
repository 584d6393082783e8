"""The switch that stops all sending, at the desk."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from incidents.models import Incident
from notifications.models import SendingStop
from tests.desk.conftest import text_of

pytestmark = pytest.mark.django_db

SENDING = "/admin/desk/sending/"


def test_a_stop_is_on_every_screen_until_it_is_released(
    desk: Client, targeted: Incident, operator: User
) -> None:
    desk.post(SENDING, {"step": "stop", "reason": "The texts are wrong."})

    own = f"/admin/desk/{targeted.tracking_id}/"
    assert "All sending is stopped" in text_of(desk.get(own))
    assert "The texts are wrong." in text_of(desk.get("/admin/desk/"))

    done = desk.post(SENDING, {"step": "release"}, follow=True)

    assert "Sending goes on" in text_of(done)
    assert "All sending is stopped" not in text_of(desk.get(own))
    stop = SendingStop.objects.get()
    assert (stop.stopped_by, stop.released_by) == (operator, operator)


def test_a_stop_without_a_reason_stops_nothing(desk: Client) -> None:
    answer = desk.post(SENDING, {"step": "stop", "reason": " "})
    assert answer.status_code == 422
    assert "Write why nothing may be sent." in text_of(answer)
    assert not SendingStop.objects.exists()


def test_a_second_stop_and_a_second_release_say_how_it_stands(desk: Client) -> None:
    for step, words in (("stop", "stopped already"), ("release", "nothing to release")):
        form = {"step": step, "reason": "A storm."}
        desk.post(SENDING, form)
        assert words in text_of(desk.post(SENDING, form, follow=True))
