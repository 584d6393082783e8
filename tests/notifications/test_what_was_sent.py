"""What exactly was sent is kept, without keys and links; and can be sent once more with the same id."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from pytest_django.fixtures import Settings

from incidents.models import Incident
from incidents.services import incident as incident_service
from incidents.services.inputs import Statement
from notifications.channels import endpoints
from notifications.channels.base import Message, MessageTemplate
from notifications.channels.webhook.renderer import WebhookRenderer
from notifications.delivery import kill_switch, plan, send, sent_messages
from notifications.evidence import erasure, retention
from notifications.models import (
    Attempt,
    Delivery,
    Endpoint,
    MailContent,
    OperatorAct,
    SentMessage,
)
from tests.conftest import declaration
from tests.notifications.cast import last, tenant
from tests.notifications.conftest import Sink, text_of
from tests.notifications.rooms import Hook

pytestmark = pytest.mark.usefixtures("catalogue")

WEST = ("key-vault", "west-europe")
KEY = "k" * 32


def planned(operator: User, now: datetime, hook: Hook, format: str, query: str = "") -> Delivery:
    owner = tenant("here", WEST, contact=False)
    owner.contact, _ = endpoints.create(
        channel="webhook",
        address=hook.url.replace("/hook", "/v2/enqueue") + query,
        tenant=owner,
        now=now,
        format=format,
    )
    owner.save()
    incident = incident_service.declare(
        declaration=declaration(statement=Statement("", "For you.")), now=now, actor=operator
    )
    plan.plan(communication_id=last(incident).pk, now=now)
    return Delivery.objects.get()


def test_the_body_is_kept_as_it_was_taken_but_for_its_key(
    operator: User, now: datetime, hook: Hook
) -> None:
    delivery = planned(operator, now, hook, "pagerduty", f"?routing_key={KEY}")
    hook.status = 503
    send.work()
    assert not SentMessage.objects.exists(), "it was not taken"
    hook.status = 202
    Delivery.objects.update(next_attempt_at=now)
    assert send.work().sent == 1
    kept = json.loads(SentMessage.objects.get(delivery=delivery).body)
    posted = json.loads(hook.requests[-1][1])
    assert posted.pop("routing_key") == KEY
    assert kept.pop("routing_key") == "…"
    assert kept == posted
    assert json.loads(sent_messages.what_was_sent(delivery))["routing_key"] == "…"


def test_what_is_shorter_than_a_secret_can_be_stays_readable() -> None:
    hook = Endpoint(address="https://hooks.example.com/?key=sixfor&region=west1")
    message = Message(id="1", to=hook.address, event=b"sixfor in west1")
    assert sent_messages.redacted(Delivery(endpoint=hook), message) == "… in west1"


def test_a_delivery_is_sent_once_more_with_the_same_id_and_on_record(
    operator: User, now: datetime, hook: Hook
) -> None:
    delivery = planned(operator, now, hook, "native")
    with pytest.raises(sent_messages.AgainError, match="leaves by itself"):
        sent_messages.send_again(delivery_id=delivery.pk, now=now, actor=operator)
    send.work()
    assert sent_messages.send_again(delivery_id=delivery.pk, now=now, actor=operator) == (
        True,
        "204",
    )
    (first, said), (second, again) = hook.requests
    assert first["webhook-id"] == second["webhook-id"]
    assert said == again
    assert list(Attempt.objects.values_list("number", "result")) == [(1, "sent"), (2, "sent")]
    act = OperatorAct.objects.get()
    assert (act.what, act.actor_id) == ("again", operator.pk)
    assert (act.incident_id, act.endpoint_id) == (delivery.incident_id, delivery.endpoint_id)
    hook.status = 500
    taken, answer = sent_messages.send_again(delivery_id=delivery.pk, now=now, actor=operator)
    assert (taken, answer) == (False, "answered 500")
    assert Attempt.objects.latest("id").detail == "answered 500"
    Endpoint.objects.update(suppressed_at=now, suppressed_because="gone")
    with pytest.raises(sent_messages.AgainError, match="must not be sent: suppressed"):
        sent_messages.send_again(delivery_id=delivery.pk, now=now, actor=operator)


def test_nothing_is_sent_once_more_while_all_sending_is_stopped(
    operator: User, now: datetime, hook: Hook
) -> None:
    delivery = planned(operator, now, hook, "native")
    send.work()
    kill_switch.stop(reason="A wrong text.", now=now, actor=operator)
    with pytest.raises(sent_messages.AgainError, match="all sending is stopped"):
        sent_messages.send_again(delivery_id=delivery.pk, now=now, actor=operator)
    assert len(hook.requests) == 1
    assert not OperatorAct.objects.exists()


def test_a_fault_of_ours_in_sending_once_more_is_on_record_as_a_try_of_its_own(
    operator: User,
    now: datetime,
    hook: Hook,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    delivery = planned(operator, now, hook, "native")
    send.work()

    def broken(*_: object) -> None:
        raise KeyError("level")

    monkeypatch.setattr(WebhookRenderer, "compose", broken)
    for _ in range(2):
        assert sent_messages.send_again(delivery_id=delivery.pk, now=now, actor=operator) == (
            False,
            "KeyError",
        )
    assert list(Attempt.objects.order_by("id").values_list("number", "result")) == [
        (1, "sent"),
        (2, "temporary"),
        (3, "temporary"),
    ]
    assert OperatorAct.objects.count() == 2
    said = {each.getMessage() for each in caplog.records if each.levelname == "ERROR"}
    assert said == {f"delivery {delivery.uuid} could not be sent once more"}


def test_a_drills_message_is_not_sent_once_more_to_who_may_not_hear_of_it(
    operator: User, now: datetime, hook: Hook, settings: Settings
) -> None:
    delivery = planned(operator, now, hook, "native")
    Delivery.objects.update(state="failed")
    Incident.objects.update(drill=True)
    with pytest.raises(sent_messages.AgainError, match="is a drill's"):
        sent_messages.send_again(delivery_id=delivery.pk, now=now, actor=operator)
    assert hook.requests == []
    settings.DRILL_RECEIVERS = [hook.url.rpartition("/")[0]]
    assert sent_messages.send_again(delivery_id=delivery.pk, now=now, actor=operator)[0]
    assert Attempt.objects.get().number == 1


def test_a_long_answer_is_cut_where_its_column_ends(
    operator: User, now: datetime, sink: Sink
) -> None:
    tenant("here", WEST)
    incident = incident_service.declare(
        declaration=declaration(statement=Statement("", "For you.")), now=now, actor=operator
    )
    plan.plan(communication_id=last(incident).pk, now=now)
    send.work()
    sink.data_answers["here@example.com"] = "250 " + "x" * 400
    delivery = Delivery.objects.get()
    assert sent_messages.send_again(delivery_id=delivery.pk, now=now, actor=operator)[0]
    detail = Attempt.objects.latest("id").detail
    assert len(detail) == 300
    assert detail.startswith("250 xxx")


def test_what_was_kept_first_stays(operator: User, now: datetime, hook: Hook) -> None:
    delivery = planned(operator, now, hook, "native")
    for body in (b"first", b"second"):
        message = Message(id="1", to=hook.url, event=body)
        sent_messages.keep([(delivery, message)], now=now)
    assert sent_messages.what_was_sent(delivery) == "first"


def test_of_a_receivers_own_words_neither_links_nor_blanks_are_kept() -> None:
    names, values = ("leave", "manage", "tenant", "line"), ("https://l/", "", "Here\0 Ltd", "")
    template = MessageTemplate("s", "t", "h", names=names, links=frozenset({"leave", "manage"}))
    message = Message(id="<1@a>", to="a@example.com", template=template, values=values)
    assert sent_messages.own_words(message) == '{"tenant":"Here Ltd"}'
    assert sent_messages.own_words(replace(message, values=("https://l/", "", "", ""))) == ""


def test_what_was_sent_goes_with_an_erased_address(
    operator: User, now: datetime, hook: Hook
) -> None:
    planned(operator, now, hook, "native")
    send.work()
    address = Endpoint.objects.get().address
    erasure.erase(erasure.plan_address(address), reason="ticket 1", now=now, actor=operator)
    assert not SentMessage.objects.exists()
    assert Delivery.objects.count() == 1


def test_a_mail_is_kept_once_for_all_with_each_receivers_own_words_and_no_link(
    operator: User, now: datetime, sink: Sink
) -> None:
    for name in ("here", "there", "elsewhere"):
        tenant(name, WEST)
    incident = incident_service.declare(
        declaration=declaration(statement=Statement("", "For you.")), now=now, actor=operator
    )
    plan.plan(communication_id=last(incident).pk, now=now)
    assert send.work().sent == 3
    assert MailContent.objects.count() == 1
    for mail in sink.mails:
        delivery = Delivery.objects.get(endpoint__address=mail["To"])
        kept = sent_messages.what_was_sent(delivery)
        for kind in ("plain", "html"):
            taken = re.sub(r"http\S+/subscribe/[^\s\"<]+", "…", text_of(mail, kind))
            assert " ".join(taken.split()) in " ".join(kept.split())
        assert mail["To"].partition("@")[0] + "-1" in kept
        assert not re.search("/subscribe/(leave|manage)/", kept)
    gone = Endpoint.objects.get(address="there@example.com")
    told = Delivery.objects.get(endpoint=gone)
    erasure.erase(erasure.plan_endpoints([gone]), reason="42", now=now, actor=operator)
    told.refresh_from_db()
    assert "there-1" not in sent_messages.what_was_sent(told)
    assert "here-1" in sent_messages.what_was_sent(
        Delivery.objects.get(endpoint__address="here@example.com")
    )


def test_what_was_sent_goes_with_the_last_of_its_deliveries(
    operator: User, now: datetime, sink: Sink, settings: Settings
) -> None:
    tenant("here", WEST)
    incident = incident_service.declare(
        declaration=declaration(statement=Statement("", "For you.")), now=now, actor=operator
    )
    plan.plan(communication_id=last(incident).pk, now=now)
    send.work()
    settings.DELIVERY_RETENTION_DAYS = 30
    Delivery.objects.update(created_at=now)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE incidents_incident SET closed_at = %s, updated_at = %s", [now, now])
    assert retention.age_out(now=now + timedelta(days=200)) == 1
    assert not MailContent.objects.exists()
