"""Drills: lived through and told to nobody outside; and a number to confirm before very many hear."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.test import Client
from pytest_django.fixtures import Settings

from incidents.models import Incident
from incidents.services.incident import declare
from incidents.services.scheduled.review_deadlines import deadlines_of, owing
from notifications.channels.base import Message
from notifications.delivery import plan, send
from notifications.models import Delivery
from tests.conftest import declaration
from tests.desk.conftest import BROAD, NEW, Form, publish, sent_by, text_of
from tests.notifications.cast import reader, tenant

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]

WEST = ("key-vault", "west-europe")


class Relay:
    """The far end: keeps what it is given."""

    def __init__(self) -> None:
        self.taken: list[Message] = []

    def send(
        self, message: Message, following: Message | None = None, meanwhile: object = None
    ) -> str:
        self.taken.append(message)
        return "250 taken"

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def relay(settings: Settings) -> Relay:
    settings.DRILL_RECEIVERS = ["inside@example.com"]
    tenant("inside", WEST)
    tenant("outside", WEST)
    reader("reader@example.com")
    return Relay()


def work(relay: Relay) -> None:
    plan.plan_due(now=datetime.now(UTC))
    send.work(transports={"mail": relay})


def test_a_drill_goes_all_the_way_and_reaches_its_list_alone(
    desk: Client, form: Form, relay: Relay
) -> None:
    assert "This is a drill." in text_of(desk.get(f"{NEW}?drill"))
    publish(desk, form | BROAD | {"drill": "on"})
    drill = Incident.objects.get()
    work(relay)
    assert [message.to for message in relay.taken] == ["inside@example.com"]
    assert relay.taken[0].subject.startswith("[Drill] [Cloud Status]")
    for body in (relay.taken[0].text, relay.taken[0].html):
        assert "this is a drill" in body.lower()
    states = Delivery.objects.values_list("endpoint__address", "state", "skip_reason")
    assert set(states) == {
        ("inside@example.com", "sent", ""),
        ("outside@example.com", "skipped", "drill"),
    }
    # Broad, so a real one would be public: nothing of a drill ever is.
    assert drill.scenario == 1
    assert not Incident.objects.public().exists()
    assert (drill.published_at, drill.public_due_at) == (None, None)
    page = text_of(desk.get(f"/admin/desk/{drill.tracking_id}/"))
    assert "This is a drill." in page
    assert "inside@example.com" in page


def test_no_hand_can_make_a_drill_public(desk: Client, form: Form, relay: Relay) -> None:
    publish(desk, form | {"drill": "on"}, override="public", override_reason="I want it.")
    drill = Incident.objects.get()
    assert drill.published_at is None
    with (
        pytest.raises(IntegrityError, match="incident_drill_is_never_public"),
        transaction.atomic(),
    ):
        Incident.objects.update(published_at=datetime.now(UTC))


def test_a_drill_owes_no_review(desk: Client, form: Form, relay: Relay, now: datetime) -> None:
    publish(desk, form | {"drill": "on"})
    drill = Incident.objects.get()
    Incident.objects.update(mitigated_at=now, closed_at=now, started_at=now)
    drill.refresh_from_db()
    assert deadlines_of([drill], now) == {}
    assert not owing(Incident.objects.all()).exists()


def test_a_real_incident_says_nothing_of_drills(desk: Client, form: Form, relay: Relay) -> None:
    publish(desk, form)
    work(relay)
    assert sorted(message.to for message in relay.taken) == [
        "inside@example.com",
        "outside@example.com",
    ]
    assert not any("drill" in message.text.lower() for message in relay.taken)


@pytest.fixture
def large(operator: User, settings: Settings, relay: Relay) -> Incident:
    settings.CONFIRM_RECEIVERS = 2
    now = datetime.now(UTC)
    return declare(declaration=declaration(started_at=now), now=now, actor=operator)


def update_form(desk: Client, incident: Incident, **more: Any) -> tuple[str, dict[str, Any]]:
    url = f"/admin/desk/{incident.tracking_id}/update/"
    fields: dict[str, Any] = sent_by(desk.get(url), url)
    return url, fields | {"public_text": "We know why.", "step": "post"} | more


def test_very_many_hear_only_once_the_number_is_confirmed(desk: Client, large: Incident) -> None:
    url, fields = update_form(desk, large, stage="identified")
    page = desk.post(url, fields)
    assert page.status_code == 422
    assert "Yes, 2 receivers shall hear of this" in text_of(page)
    assert large.communications.count() == 1
    # A third has come meanwhile: the number that was ticked is not the number that would hear.
    tenant("third", WEST)
    again = desk.post(url, sent_by(page, url) | {"step": "post", "receivers": "2"})
    assert again.status_code == 422
    assert "Yes, 3 receivers shall hear of this" in text_of(again)
    done = desk.post(url, sent_by(again, url) | {"step": "post", "receivers": "3"})
    assert done.status_code == 302
    assert large.communications.count() == 2


def test_first_notices_and_ends_ask_for_no_number(
    desk: Client, form: Form, large: Incident
) -> None:
    assert publish(desk, form).status_code == 302
    url, fields = update_form(desk, large, stage="resolved")
    assert desk.post(url, fields).status_code == 302
