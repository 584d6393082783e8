"""An SMTP server that takes, refuses and hangs up as told; a receiver of web messages that does."""

from __future__ import annotations

import asyncio
import email
import email.policy
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage

import django
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from pytest_django.fixtures import Settings

from notifications.channels.email.smtp import RELAY
from tests.notifications.rooms import Hook, listening


@dataclass
class Sink:
    """`answers`: recipient to the reply it gets after RCPT; `data_answers`: after the text. `stuck`: it says
    nothing after the text until it is not.
    """

    answers: dict[str, str] = field(default_factory=dict)
    data_answers: dict[str, str] = field(default_factory=dict)
    seconds_a_mail: float = 0.0
    stuck: bool = False
    mails: list[EmailMessage] = field(default_factory=list)
    raw: dict[str, bytes] = field(default_factory=dict)  # by Message-ID: a mail as it came
    connections: set[object] = field(default_factory=set)
    senders: list[str] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802 - the server calls it by this name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.connections.add(session.peer)
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - the same
        (recipient,) = envelope.rcpt_tos
        self.senders.append(envelope.mail_from or "")
        if recipient in self.data_answers:
            return self.data_answers[recipient]
        await asyncio.sleep(self.seconds_a_mail)
        while self.stuck:
            await asyncio.sleep(0.05)
        content = envelope.original_content or b""
        mail = email.message_from_bytes(content, policy=email.policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        self.raw[str(mail["Message-ID"])] = content
        return "250 taken"

    def to(self, address: str) -> list[EmailMessage]:
        return [mail for mail in self.mails if mail["To"] == address]

    @property
    def receivers(self) -> list[str]:
        return [str(mail["To"]) for mail in self.mails]


def text_of(mail: EmailMessage, kind: str = "plain") -> str:
    """One of the two bodies of a mail: plain or html."""
    body = mail.get_body((kind,))
    assert body is not None
    return str(body.get_content())


@pytest.fixture(autouse=True)
def updates_within_a_second(settings: Settings) -> None:
    """Tests say several things at once. Those of the interval and the hour's limit set them anew."""
    settings.UPDATE_INTERVAL = 0


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.fixture
def sink(settings: Settings) -> Iterator[Sink]:
    handler = Sink()
    controller = Controller(handler, hostname="127.0.0.1", port=_free_port())
    controller.start()
    backend = "django.core.mail.backends.smtp.EmailBackend"
    if django.VERSION >= (6, 1):
        options = {"host": "127.0.0.1", "port": controller.port, "timeout": 5}
        settings.MAILERS = {"default": {"BACKEND": backend, "OPTIONS": options}}
    else:
        settings.EMAIL_BACKEND = backend
        settings.EMAIL_HOST = "127.0.0.1"
        settings.EMAIL_PORT = controller.port
        settings.EMAIL_TIMEOUT = 5
    settings.BASE_URL = "https://status.example.com"
    RELAY.close()
    yield handler
    RELAY.close()
    controller.stop()


@pytest.fixture
def hook(settings: Settings) -> Iterator[Hook]:
    settings.OUTBOUND_ALLOW = ["127.0.0.0/8"]
    with listening() as state:
        yield state
