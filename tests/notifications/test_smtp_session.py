"""Where a relay takes commands in a row, the next envelope goes along with the end of a letter."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

import django
import pytest
from django.contrib.auth.models import User
from pytest_django.fixtures import Settings

from incidents.services import incident as incident_service
from notifications.channels.base import Message
from notifications.channels.email.renderer import MailRenderer
from notifications.channels.email.smtp import RELAY
from notifications.delivery import kill_switch, plan, send
from notifications.models import Delivery, Endpoint
from tests.conftest import declaration
from tests.notifications.cast import endpoint, tenant

pytestmark = pytest.mark.usefixtures("catalogue")

WEST = ("key-vault", "west-europe")


@dataclass
class Relay:
    """`rows`: what came at once, by connection. `refused`, `letter_refused`: recipient to the reply after
    RCPT or after its letter.
    """

    pipelining: bool = True
    rows: list[list[bytes]] = field(default_factory=list)
    letters: list[tuple[str, bytes]] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    letter_refused: dict[str, str] = field(default_factory=dict)

    @property
    def receivers(self) -> list[str]:
        return [to for to, _ in self.letters]

    def talk(self, line: socket.socket) -> None:
        rows: list[bytes] = []
        self.rows.append(rows)
        rest, to = b"", ""
        letter: list[bytes] | None = None
        line.sendall(b"220 relay\r\n")
        while part := line.recv(1 << 20):
            rows.append(part)
            *lines, rest = (rest + part).split(b"\r\n")
            for text in lines:
                if letter is not None and text != b".":
                    letter.append(text)
                    continue
                if letter is not None:
                    reply = self._take(to, b"\r\n".join(letter))
                    letter = None
                else:
                    reply, to = self._answer(text, to)
                    letter = [] if reply.startswith("354") else None
                line.sendall(f"{reply}\r\n".encode("ascii"))
                if reply.startswith(("221", "421")):
                    return

    def _answer(self, text: bytes, to: str) -> tuple[str, str]:
        word = text[:4].upper()
        if word == b"EHLO":
            return ("250-relay\r\n250 PIPELINING" if self.pipelining else "250 relay"), to
        if word == b"RCPT":
            to = text.decode("ascii").split("<")[1].split(">")[0]
            return (self.refused[to], "") if to in self.refused else ("250 ok", to)
        if word == b"DATA":
            return ("354 go on" if to else "503 nobody to send to"), to
        return ("221 bye" if word == b"QUIT" else "250 ok"), to

    def _take(self, to: str, letter: bytes) -> str:
        if to in self.letter_refused:
            return self.letter_refused[to]
        self.letters.append((to, letter))
        return "250 taken"


@pytest.fixture
def relay(settings: Settings) -> Iterator[Relay]:
    RELAY.close()
    state = Relay()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            state.talk(self.request)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        host, port = server.server_address[:2]
        if django.VERSION >= (6, 1):
            options = {"host": host, "port": port}
            backend = "django.core.mail.backends.smtp.EmailBackend"
            settings.MAILERS = {"default": {"BACKEND": backend, "OPTIONS": options}}
        else:
            settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
            settings.EMAIL_HOST, settings.EMAIL_PORT = host, port
        yield state
        RELAY.close()
        server.shutdown()


@pytest.fixture
def five(operator: User, now: datetime) -> list[str]:
    """Five mails are due; their addresses in the order of sending."""
    for number in range(5):
        tenant(f"t{number}", WEST)
    incident_service.declare(declaration=declaration(), now=now, actor=operator)
    plan.plan_due(now=now)
    return [f"t{number}@example.com" for number in range(5)]


def states() -> dict[str, str]:
    return dict(Delivery.objects.values_list("endpoint__address", "state"))


def test_the_next_envelope_comes_with_the_end_of_a_letter(relay: Relay, five: list[str]) -> None:
    assert send.work().sent == 5
    assert relay.receivers == five
    (rows,) = relay.rows
    together = [row for row in rows if b"\r\n.\r\nMAIL FROM:" in row and row.endswith(b"DATA\r\n")]
    assert len(together) == 4
    assert all(letter.count(b"RELAY FROM:") == 0 for _, letter in relay.letters)


def test_while_the_relay_reads_a_letter_the_one_after_the_next_is_made(
    relay: Relay, five: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    third_is_made, compose, take = threading.Event(), MailRenderer.compose, relay._take
    in_time: list[bool] = []

    def composed(renderer: MailRenderer, delivery: Delivery) -> Message:
        made.append(delivery.endpoint.address)
        if len(made) == 3:
            third_is_made.set()
        return compose(renderer, delivery)

    def reluctant(to: str, letter: bytes) -> str:
        in_time.append(third_is_made.wait(timeout=20))
        return take(to, letter)

    monkeypatch.setattr(MailRenderer, "compose", composed)
    monkeypatch.setattr(relay, "_take", reluctant)
    assert send.work().sent == 5
    assert in_time == [True] * 5
    assert made == relay.receivers == five, "each once"


def test_elsewhere_each_command_waits_for_its_reply(relay: Relay, five: list[str]) -> None:
    relay.pipelining = False
    assert send.work().sent == 5
    assert relay.receivers == five
    assert not any(b"RELAY FROM:" in row and b"RCPT TO:" in row for row in relay.rows[0])


def test_a_refused_receiver_is_refused_alone(relay: Relay, five: list[str]) -> None:
    refused = five[2:4]
    relay.refused = dict.fromkeys(refused, "550 5.1.1 no such user")
    tally = send.work()
    assert (tally.sent, tally.failed) == (3, 2)
    assert relay.receivers == [each for each in five if each not in refused]
    assert {states()[each] for each in refused} == {"failed"}


def test_a_letter_that_cannot_be_made_costs_the_others_nothing_not_even_the_connection(
    relay: Relay, five: list[str]
) -> None:
    Endpoint.objects.filter(address=five[2]).update(address=f"{five[2]}\nBcc: all@example.com")
    tally = send.work()
    assert (tally.sent, tally.waiting) == (4, 1)
    assert relay.receivers == [each for each in five if each != five[2]]
    assert len(relay.rows) == 1


def test_a_refused_letter_leaves_the_one_behind_it_alone(relay: Relay, five: list[str]) -> None:
    relay.letter_refused = {five[1]: "451 4.3.0 not now"}
    tally = send.work()
    assert (tally.sent, tally.waiting) == (4, 1)
    assert len(relay.rows) == 1


def test_a_relay_that_has_enough_is_left_and_what_was_announced_waits(
    relay: Relay, five: list[str]
) -> None:
    relay.letter_refused = {five[1]: "421 4.7.0 enough"}
    assert send.work().sent == 1
    assert relay.receivers == five[:1]
    assert set(states().values()) == {"sent", "pending"}


def test_what_was_announced_and_is_held_back_is_not_sent_as_an_empty_letter(
    relay: Relay, five: list[str], now: datetime, operator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        send, "MOST_REPEATED", 2
    )  # so that every letter is settled, and the stop seen
    monkeypatch.setattr(send, "ASK_SECONDS", 0.0)
    # Left between the announcement and its turn.
    real = Delivery.reason_to_skip
    asked: list[str] = []

    def left_meanwhile(delivery: Delivery) -> str:
        asked.append(delivery.endpoint.address)
        again = asked.count(five[2]) > 1 and delivery.endpoint.address == five[2]
        return "left" if again else real(delivery)

    monkeypatch.setattr(Delivery, "reason_to_skip", left_meanwhile)
    tally = send.work()
    assert (tally.sent, tally.skipped) == (4, 1)
    assert relay.receivers == [each for each in five if each != five[2]]
    assert all(b"Subject:" in letter for _, letter in relay.letters)
    assert len(relay.rows) == 2, "the only way back is to hang up"


def test_a_stop_is_obeyed_with_an_envelope_open(
    relay: Relay, five: list[str], now: datetime, operator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(send, "MOST_REPEATED", 2)
    monkeypatch.setattr(send, "ASK_SECONDS", 0.0)
    real = send._hand_over

    def stopping(*args: object) -> object:
        if not relay.letters:
            kill_switch.stop(reason="Stop.", now=now, actor=operator)
        return real(*args)  # type: ignore[arg-type]  # what it was called with

    monkeypatch.setattr(send, "_hand_over", stopping)
    assert send.work().sent == 1
    assert relay.receivers == five[:1]
    kill_switch.release(now=now, actor=operator)
    assert send.work().sent == 4
    assert relay.receivers == five
    assert endpoint(five[4]).deliveries.get().state == "sent"
