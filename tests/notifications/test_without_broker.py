"""What ends a silence when broker and workers stay dead."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.utils import timezone

from incidents.services import incident as incident_service
from notifications import without_broker
from notifications.models import Delivery
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
    assert without_broker.help_out(now=timezone.now()).sent == 0
    waiting = Delivery.objects.get()
    assert waiting.state == "pending"
    Delivery.objects.update(next_attempt_at=waiting.next_attempt_at - timedelta(minutes=1))
    assert without_broker.help_out(now=timezone.now()).sent == 1
