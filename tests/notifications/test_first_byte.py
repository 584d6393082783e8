"""From the commit to the first byte at the relay: what it asks of the database and of the broker."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from incidents.models import Communication, Incident
from incidents.services import incident as incident_service
from notifications import tasks
from notifications.audience import target_index
from notifications.channels.email.smtp_session import SmtpSession
from notifications.delivery import claims, send
from notifications.models import Delivery, FanOut
from notifications.vocabulary.delivery_states import State
from tests.conftest import declaration
from tests.notifications.cast import tenant
from tests.notifications.conftest import Sink

WEST = ("key-vault", "west-europe")
MOST_STATEMENTS = 21


@pytest.fixture
def open_incident(catalogue: None, operator: User) -> Incident:
    return incident_service.declare(declaration=declaration(), now=timezone.now(), actor=operator)


@contextmanager
def _until_the_first_mail(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What is asked of the database and rung for at the broker until a mail is handed over."""
    asked: list[str] = []
    first: list[str] = []
    execute, hand_over = psycopg.Cursor.execute, SmtpSession.hand_over

    def note(what: str) -> None:
        if not first and "SAVEPOINT" not in what:  # of the transaction around a test
            asked.append(what)

    def executed(cursor: psycopg.Cursor[Any], query: Any, *args: Any, **options: Any) -> Any:
        note(str(query))
        return execute(cursor, query, *args, **options)

    def handed_over(*args: Any) -> str:
        first.append("is under way")
        return hand_over(*args)

    monkeypatch.setattr(psycopg.Cursor, "execute", executed)
    monkeypatch.setattr(SmtpSession, "hand_over", handed_over)
    monkeypatch.setattr(tasks, "enqueue", lambda task, **_: note(f"broker: {task.name}"))
    yield asked


def test_the_first_mail_waits_for_few_questions_and_for_no_message(
    open_incident: Incident, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(30):
        tenant(f"t{n}", WEST)
    target_index.refresh()  # as whoever loads customers does
    said = Communication.objects.get()
    with _until_the_first_mail(monkeypatch) as asked:
        tasks.plan_communication(communication_id=said.pk)
    assert sink.mails
    assert len(asked) <= MOST_STATEMENTS, "\n".join(asked)
    assert not [each for each in asked if each.startswith("broker")]


def test_planning_rings_for_what_is_left_and_for_the_other_channels(
    open_incident: Incident, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[str] = []
    monkeypatch.setattr(tasks, "enqueue", lambda _, **said: rung.append(said["channel"]))
    monkeypatch.setattr(claims, "channels_due", lambda: ["webhook", "mail"])
    monkeypatch.setattr(send, "work", lambda **_: rung.append("sent"))
    tenant("a", WEST)
    tasks.plan_communication(communication_id=Communication.objects.get().pk)
    assert rung == ["webhook", "sent", "mail"], "a relay that is slow holds up mails alone"


def test_what_goes_wrong_in_sending_does_not_keep_planning(
    open_incident: Incident, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(**_: object) -> None:
        raise RuntimeError

    for n in range(30):
        tenant(f"t{n}", WEST)
    monkeypatch.setattr(send, "work", broken)
    monkeypatch.setattr(tasks, "enqueue", lambda *_, **__: None)
    tasks.plan_communication(communication_id=Communication.objects.get().pk)
    assert FanOut.objects.get().phase == "done"
    assert Delivery.objects.count() == 30


def test_a_relay_that_is_slow_keeps_planning_for_a_moment_only(
    open_incident: Incident, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "FIRST_SECONDS", 0.1)
    monkeypatch.setattr(tasks, "enqueue", lambda *_, **__: None)
    sink.seconds_a_mail = 0.15
    for n in range(3):
        tenant(f"t{n}", WEST)
    tasks.plan_communication(communication_id=Communication.objects.get().pk)
    assert len(sink.mails) == 1
    assert Delivery.objects.filter(state=State.PENDING, attempts=0).count() == 2
