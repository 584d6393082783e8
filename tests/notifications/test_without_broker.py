"""What ends a silence when broker and workers stay dead."""

from __future__ import annotations

import inspect
import re
from datetime import datetime, timedelta
from functools import partial

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.utils import timezone

from incidents.models import Incident
from incidents.services import incident as incident_service
from incidents.services import visibility
from incidents.services.scheduled import posts
from notifications import without_broker
from notifications.models import Delivery
from statuspage.celery import SWEEPS, app
from tests.conftest import declaration
from tests.notifications.cast import tenant
from tests.notifications.conftest import Sink

pytestmark = pytest.mark.usefixtures("catalogue")

WEST = ("key-vault", "west-europe")


@pytest.fixture
def unheard(operator: User) -> None:
    """An incident whose bell nobody heard: nothing is planned."""
    now = timezone.now()
    tenant("here", WEST)
    incident_service.declare(declaration=declaration(started_at=now), now=now, actor=operator)


def test_everything_due_goes_out_without_a_broker(unheard: None, sink: Sink) -> None:
    call_command("deliver", "--once")
    assert sink.receivers == ["here@example.com"]


def test_what_has_just_become_due_is_left_to_the_workers(unheard: None, sink: Sink) -> None:
    assert without_broker.run_once(now=timezone.now()).sent == 0
    waiting = Delivery.objects.get()
    assert waiting.state == "pending"
    Delivery.objects.update(next_attempt_at=waiting.next_attempt_at - timedelta(minutes=1))
    assert without_broker.run_once(now=timezone.now()).sent == 1


def waiting_post(now: datetime, operator: User) -> None:
    """As the desk keeps it for as long as it can be taken back, with the page closed since."""
    declared = declaration(started_at=now, tracking_id="LATE-R01")
    posts.schedule(
        verb=partial(incident_service.declare, declaration=declared),
        tracking_id="LATE-R01",
        due_at=now + timedelta(seconds=30),
        brief=True,
        page="/admin/desk/new/",
        form="declare",
        fields={},
        now=now,
        actor=operator,
    )


def test_what_the_desk_sent_goes_out_though_no_page_is_open(operator: User, sink: Sink) -> None:
    tenant("here", WEST)
    now = timezone.now()
    waiting_post(now - timedelta(minutes=2), operator)
    call_command("deliver", "--once")
    assert Incident.objects.get().tracking_id == "LATE-R01"
    assert sink.receivers == ["here@example.com"]


def test_one_rule_that_fails_keeps_no_other_waiting(
    operator: User, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*, now: datetime) -> None:
        raise ValueError(now)

    monkeypatch.setattr(visibility, "publish_due", broken)
    tenant("here", WEST)
    waiting_post(timezone.now() - timedelta(minutes=2), operator)
    call_command("deliver", "--once")
    assert sink.receivers == ["here@example.com"]


LATER = {"notifications.age_out"}  # tidies up: nobody waits for it


@pytest.mark.parametrize("sweep", sorted(SWEEPS.keys() - LATER))
def test_whatever_the_clock_of_tasks_does_is_done_without_it(sweep: str) -> None:
    """By name: a sweep that is new must say here what stands in for it."""
    app.loader.import_default_modules()
    stands_in = inspect.getsource(without_broker)
    done = set(re.findall(r"\b(\w+\.\w+)\((?:now=|\))", inspect.getsource(app.tasks[sweep].run)))
    done -= {"timezone.now"}
    assert done, sweep
    assert not [each for each in done if each not in stands_in]
