"""A mail to try the relay with: what it says, and what to do when it says no."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from io import StringIO

import django
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from notifications.channels.email.relay_test import send_relay_test
from tests.notifications.conftest import Sink

pytestmark = pytest.mark.skipif(
    django.VERSION >= (6, 1), reason="sets the mail settings of Django before 6.1"
)


def answer_of(address: str = "me@example.com") -> tuple[str, dict[str, str], str]:
    found = send_relay_test(
        address, subject="Test", text="Hello.\n.dot\n", host="status.example.com"
    )
    return found.relay, dict(found.steps), found.remedy


def test_a_mail_that_is_taken_shows_the_relay_and_its_answer(
    sink: Sink, settings: Settings
) -> None:
    relay, steps, remedy = answer_of()
    assert relay == f"127.0.0.1:{settings.EMAIL_PORT}"
    assert list(steps) == ["connected", "encrypted", "logged in", "taken"]
    assert steps["taken"] == "250 taken"
    assert steps["encrypted"].startswith("no: what is sent can be read")
    assert remedy == ""
    assert sink.mails[0].get_content().splitlines() == ["Hello.", ".dot"]


@pytest.mark.parametrize(
    ("answer", "remedy"),
    [
        ("550 5.7.1 relaying denied", "it refuses the receiver; it may relay only for hosts"),
        ("421 4.7.0 too busy", "it refuses the receiver"),
    ],
)
def test_a_refusal_is_shown_word_by_word_with_a_remedy(
    sink: Sink, answer: str, remedy: str
) -> None:
    sink.answers["me@example.com"] = answer
    _, steps, said = answer_of()
    assert steps["failed"] == answer
    assert said.startswith(remedy)


def test_nobody_there_and_no_tls_are_told_apart(sink: Sink, settings: Settings) -> None:
    settings.EMAIL_USE_TLS = True
    assert answer_of()[2].startswith("it offers no STARTTLS")
    settings.EMAIL_USE_TLS, settings.EMAIL_USE_SSL = False, True
    assert answer_of()[2].startswith("it speaks no TLS on this port")
    settings.EMAIL_USE_SSL = False
    settings.EMAIL_HOST = "nowhere.invalid"
    assert answer_of()[2] == "there is no such host; check EMAIL_HOST"
    with socket.create_server(("127.0.0.1", 0)) as server:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.getsockname()[1]
    assert answer_of()[2] == "nothing listens there; check EMAIL_HOST and EMAIL_PORT"


@pytest.fixture
def strict(settings: Settings) -> Iterator[None]:
    """A relay that knows nobody, and repeats what it was told."""

    def authenticate(*args: object) -> AuthResult:
        return AuthResult(success=False, handled=False, message="535 no user with hunter2secret")

    controller = Controller(
        Sink(),
        hostname="127.0.0.1",
        port=_port(),
        authenticator=authenticate,
        auth_require_tls=False,
        auth_required=True,
    )
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", controller.port
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "olga", "hunter2secret"
    yield
    controller.stop()


def _port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.mark.filterwarnings("ignore:Requiring AUTH")  # of the relay that is played here
def test_a_refused_login_names_the_settings_and_not_the_password(strict: None) -> None:
    _, steps, remedy = answer_of()
    assert remedy == "it refuses the login; check EMAIL_USER and EMAIL_PASSWORD"
    assert "hunter2secret" not in json.dumps(steps)


def test_the_command_ends_with_the_relays_answer(sink: Sink) -> None:
    out = StringIO()
    call_command("send_test_mail", "me@example.com", "--json", stdout=out)
    assert json.loads(out.getvalue())["taken"] is True
    sink.answers["me@example.com"] = "550 5.7.1 no"
    with pytest.raises(CommandError, match="was not taken: it refuses the receiver") as refused:
        call_command("send_test_mail", "me@example.com", stdout=StringIO())
    assert refused.value.returncode == 1
    with pytest.raises(CommandError, match=r"ADDRESS: .* use name@example\.com") as wrong:
        call_command("send_test_mail", "nobody")
    assert wrong.value.returncode == 2


def test_mails_kept_in_a_folder_are_said_to_stay(settings: Settings, tmp_path: object) -> None:
    settings.EMAIL_BACKEND = "notifications.channels.email.mailbox.FolderBackend"
    settings.MAIL_FOLDER = str(tmp_path)
    _, steps, remedy = answer_of()
    assert (steps, remedy) == ({"taken": "handed over"}, "")
    out = StringIO()
    call_command("send_test_mail", "me@example.com", stdout=out)
    assert "nothing leaves this machine" in out.getvalue()
