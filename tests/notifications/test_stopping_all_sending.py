"""One switch stops everything, and nothing is lost by it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import User

from incidents.models import Incident
from incidents.services import incident as incident_service
from notifications.channels.base import Message
from notifications.delivery import kill_switch, plan, send
from notifications.models import Delivery
from tests.conftest import declaration
from tests.notifications.cast import tenant

pytestmark = pytest.mark.usefixtures("catalogue")

WEST = ("key-vault", "west-europe")


class Letters:
    """A transport that keeps what it is given; after so many letters `then` happens."""

    def __init__(self, after: int = 0, then: object = None) -> None:
        self.taken: list[str] = []
        self.after, self.then = after, then

    def send(
        self, message: Message, following: Message | None = None, meanwhile: object = None
    ) -> str:
        self.taken.append(message.to)
        if callable(self.then) and len(self.taken) == self.after:
            self.then()
        return "taken"

    def close(self) -> None:
        """It keeps no connection."""


@pytest.fixture
def planned(operator: User, now: datetime) -> Incident:
    for number in range(25):
        tenant(f"tenant{number}", WEST)
    incident = incident_service.declare(declaration=declaration(), now=now, actor=operator)
    plan.plan_due(now=now)
    return incident


def states() -> set[str]:
    return set(Delivery.objects.values_list("state", flat=True))


def test_nothing_is_sent_while_it_is_stopped_and_everything_after(
    planned: Incident, now: datetime, operator: User
) -> None:
    letters = Letters()
    kill_switch.stop(reason="The texts are wrong.", now=now, actor=operator)
    send.work(transports={"mail": letters})
    assert (letters.taken, states()) == ([], {"pending"})

    kill_switch.release(now=now + timedelta(minutes=1), actor=operator)
    send.work(transports={"mail": letters})

    assert (len(letters.taken), states()) == (25, {"sent"})


def test_a_batch_under_way_ends_soon(
    planned: Incident, now: datetime, operator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(send, "FIRST_BATCH", 100)
    letters = Letters(3, lambda: kill_switch.stop(reason="Stop.", now=now, actor=operator))
    send.work(transports={"mail": letters})
    assert len(letters.taken) == send.MOST_REPEATED - 1
    assert states() == {"sent", "pending"}
    assert not Delivery.objects.filter(state="pending", attempts__gt=0).exists()


def test_a_stop_needs_a_reason_and_comes_once(now: datetime, operator: User) -> None:
    with pytest.raises(kill_switch.StopError, match="write why"):
        kill_switch.stop(reason=" ", now=now, actor=operator)
    with pytest.raises(kill_switch.StopError, match="nothing to release"):
        kill_switch.release(now=now, actor=operator)
    kill_switch.stop(reason="A storm.", now=now, actor=operator)
    with pytest.raises(kill_switch.StopError, match="stopped already"):
        kill_switch.stop(reason="A storm.", now=now, actor=operator)
