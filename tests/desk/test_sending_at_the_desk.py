"""The switch that stops all sending, at the desk."""

from __future__ import annotations

import socket
from pathlib import Path

import django
import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django.fixtures import Settings

from incidents.models import Incident
from notifications.models import KillSwitch
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
    stop = KillSwitch.objects.get()
    assert (stop.stopped_by, stop.released_by) == (operator, operator)


def test_a_stop_without_a_reason_stops_nothing(desk: Client) -> None:
    answer = desk.post(SENDING, {"step": "stop", "reason": " "})
    assert answer.status_code == 422
    assert "Nothing was stopped: please mend this first" in text_of(answer)
    assert "Write why nothing may be sent." in text_of(answer)
    assert not KillSwitch.objects.exists()


def test_a_second_stop_and_a_second_release_say_how_it_stands(desk: Client) -> None:
    for step, words in (("stop", "stopped already"), ("release", "nothing to release")):
        form = {"step": step, "reason": "A storm."}
        desk.post(SENDING, form)
        assert words in text_of(desk.post(SENDING, form, follow=True))


@pytest.mark.skipif(django.VERSION >= (6, 1), reason="sets the mail settings of before 6.1")
def test_a_test_mail_shows_what_the_relay_said(
    desk: Client, settings: Settings, tmp_path: Path
) -> None:
    settings.EMAIL_BACKEND = "notifications.channels.email.mailbox.FolderBackend"
    settings.MAIL_FOLDER = str(tmp_path)
    taken = text_of(desk.post(SENDING, {"step": "test", "address": "olga@example.com"}))
    assert "Kept, and not sent : mails go into a folder on this machine" in taken
    assert len(list(tmp_path.iterdir())) == 1

    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.MAIL_FOLDER = ""
    with socket.create_server(("127.0.0.1", 0)) as server:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.getsockname()[1]
    refused = text_of(desk.post(SENDING, {"step": "test", "address": "olga@example.com"}))
    assert "The mail was not taken by 127.0.0.1:" in refused
    assert "nothing listens there; check EMAIL_HOST and EMAIL_PORT" in refused

    wrong = desk.post(SENDING, {"step": "test", "address": "olga"})
    assert wrong.status_code == 422
    assert "Enter a valid email address." in text_of(wrong)
