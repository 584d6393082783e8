"""From the signal to the worker, with a broker that answers, refuses, or says nothing."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from celery import Celery
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone
from pytest_django.fixtures import Settings

from incidents import enqueue
from incidents.services import incident as incident_service
from incidents.services.inputs import Statement
from notifications import tasks
from notifications.delivery import claims, plan, send
from notifications.models import Attempt, Delivery, FanOut
from notifications.vocabulary.delivery_states import State
from tests.conftest import declaration, hit
from tests.notifications.cast import reader, tenant
from tests.notifications.conftest import Sink, text_of

WEST = ("key-vault", "west-europe")


def task_at(port: int) -> Any:
    """A task of an application whose broker is at this port."""
    app = Celery("elsewhere", broker=f"redis://127.0.0.1:{port}/0", set_as_current=False)
    app.conf.broker_transport_options = {"socket_timeout": 1, "socket_connect_timeout": 1}

    @app.task(name="elsewhere.task")
    def task(**_: object) -> None:
        """Never run: nobody consumes there."""

    return task


def publishers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if "_publish" in thread.name]


@pytest.fixture
def mute_port() -> Iterator[int]:
    """A port that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]
    for thread in publishers():
        thread.join()


@pytest.mark.django_db(transaction=True)
def test_a_dead_broker_costs_the_operator_nothing_and_the_sweep_plans(
    catalogue: None,
    operator: User,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(tasks, "plan_communication", task_at(1))
    tenant("here", WEST)
    incident_service.declare(declaration=declaration(), now=now, actor=operator)
    for thread in publishers():
        thread.join()
    assert "is left to the sweep" in caplog.text
    assert not FanOut.objects.exists()
    assert plan.plan_due(now=now) == 1


def test_a_mute_broker_holds_nobody_up(mute_port: int, caplog: pytest.LogCaptureFixture) -> None:
    task = task_at(mute_port)
    for _ in range(6):
        enqueue.enqueue(task)
    assert len(publishers()) == 4, "they hang on while the caller is gone; no fifth is started"
    assert "broker does not answer" in caplog.text


def test_a_publisher_that_failed_gives_its_place_back(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    free = threading.BoundedSemaphore(1)
    monkeypatch.setattr(enqueue, "_publishing", free)
    enqueue.enqueue(task_at(1))
    for thread in publishers():
        thread.join()
    assert "broker is away" in caplog.text
    assert free.acquire(blocking=False)


def test_the_sweep_frees_what_a_vanished_worker_held_and_sends_it(
    catalogue: None, operator: User, now: datetime, sink: Sink
) -> None:
    tenant("here", WEST)
    incident_service.declare(declaration=declaration(), now=timezone.now(), actor=operator)
    tasks.sweep()
    claims.claim(most=10, channel="mail")
    Delivery.objects.update(lease_until=now)
    tasks.sweep()
    assert Attempt.objects.get().result == "lost"
    tasks.send_due(channel="mail")
    assert sink.receivers == ["here@example.com"]


def test_tasks_take_arguments_of_a_later_version(db: None) -> None:
    tasks.plan_communication(communication_id=0, colour="blue")
    tasks.send_due(channel="mail", colour="blue")
    tasks.send_confirmations(colour="blue")
    tasks.sweep(colour="blue")
    assert send.work().sent == 0


@pytest.fixture
def start_worker(
    sink: Sink, settings: Settings, transactional_db: None
) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Starts real worker processes on the test's database, with its broker and mail server."""
    parts = urlsplit(os.environ["DATABASE_URL"])
    database = urlunsplit(parts._replace(path=f"/{connection.settings_dict['NAME']}"))
    environment = {
        **os.environ,
        "DATABASE_URL": database,
        "REDIS_URL": django_settings.REDIS_URL,
        "BASE_URL": settings.BASE_URL,
        "SECRET_KEY": settings.SECRET_KEY,
        "EMAIL_HOST": settings.EMAIL_HOST,
        "EMAIL_PORT": str(settings.EMAIL_PORT),
    }
    command = [sys.executable, "-m", "celery", "-A", "statuspage", "worker", "--pool", "solo"]
    options = ["-Q", "plan,send", "--without-gossip", "--without-mingle", "--loglevel", "INFO"]
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        log = subprocess.DEVNULL
        started.append(subprocess.Popen([*command, *options], env=environment, stderr=log))
        return started[-1]

    yield start
    for process in started:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for(condition: Callable[[], bool]) -> None:
    """A sweep every ten seconds, as beat rings it: a nudge may be lost, its work may not."""
    give_up = time.monotonic() + 180
    sweep_at = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < give_up, "the worker did not get there"
        if time.monotonic() >= sweep_at:
            sweep_at += 10
            tasks.sweep()
        time.sleep(0.1)


@pytest.mark.processes
def test_from_the_pen_to_the_inbox_with_a_real_worker(
    start_worker: Callable[[], object], catalogue: None, operator: User, sink: Sink
) -> None:
    start_worker()
    tenant("here", WEST)
    tenant("elsewhere", ("key-vault", "east-us"))
    reader("reader@example.com")
    now = timezone.now()
    incident = incident_service.declare(
        declaration=declaration(
            hit(*WEST),
            started_at=now,
            statement=Statement("For the world.", "For you."),
        ),
        now=now,
        actor=operator,
    )
    wait_for(lambda: len(sink.mails) == 1)
    assert sink.receivers == ["here@example.com"]
    assert "For you." in text_of(sink.mails[0])

    incident_service.post_update(
        incident_id=incident.pk,
        stage="resolved",
        statement=Statement("Over for the world.", "Over for you."),
        now=timezone.now(),
        actor=operator,
    )
    wait_for(lambda: len(sink.mails) == 2)
    assert sink.receivers == ["here@example.com"] * 2
    assert text_of(sink.mails[1]).startswith("Resolved")
    wait_for(lambda: not Delivery.objects.exclude(state=State.SENT).exists())


@pytest.mark.processes
def test_a_worker_killed_in_the_middle_loses_nothing_and_repeats_little(
    start_worker: Callable[[], subprocess.Popen[bytes]],
    catalogue: None,
    operator: User,
    sink: Sink,
) -> None:
    for number in range(120):
        tenant(f"t{number}", WEST)
    sink.seconds_a_mail = 0.03
    first = start_worker()
    now = timezone.now()
    incident_service.declare(declaration=declaration(started_at=now), now=now, actor=operator)
    wait_for(lambda: len(sink.mails) >= 30)
    first.kill()
    first.wait()
    assert Delivery.objects.filter(state=State.SENDING).exists()
    sink.seconds_a_mail = 0.0
    # What time would do: the leases of the dead run out.
    Delivery.objects.filter(state=State.SENDING).update(lease_until=now)
    start_worker()
    tasks.sweep()
    wait_for(lambda: not Delivery.objects.exclude(state=State.SENT).exists())

    assert set(sink.receivers) == {f"t{number}@example.com" for number in range(120)}
    identities = {(mail["To"], mail["Message-ID"]) for mail in sink.mails}
    assert len(identities) == 120, "every repeat carries the same id"
    assert len(sink.mails) - 120 <= send.MOST_REPEATED
