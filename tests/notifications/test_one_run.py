"""One run of a worker: what it keeps of each answer, how many it asks at a time, and what a fault of ours costs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from incidents.models import Incident
from incidents.services import incident as incident_service
from incidents.services.inputs import Statement
from notifications.channels import endpoints
from notifications.channels.base import Message, Transport, TransportError
from notifications.channels.email.renderer import MailRenderer
from notifications.channels.email.smtp import RELAY
from notifications.delivery import plan, send
from notifications.models import Attempt, Bounce, Breaker, Delivery
from notifications.vocabulary.delivery_states import GIVE_UP_AFTER, Failure
from tests.conftest import declaration
from tests.notifications.cast import last, tenant
from tests.notifications.conftest import Sink
from tests.notifications.rooms import Hook

pytestmark = pytest.mark.usefixtures("catalogue")

WEST = ("key-vault", "west-europe")


class Receivers:
    """A transport whose other side answers each message as `answer` says."""

    def __init__(self, answer: Callable[[Message], str]) -> None:
        self.answer = answer

    def send(
        self,
        message: Message,
        following: Message | None = None,
        meanwhile: Callable[[], None] = lambda: None,
    ) -> str:
        return self.answer(message)

    def close(self) -> None:
        pass


def planned(operator: User, now: datetime, **more: object) -> Incident:
    made = incident_service.declare(
        declaration=declaration(statement=Statement("For all.", "For you."), **more),
        now=now,
        actor=operator,
    )
    plan.plan(communication_id=last(made).pk, now=now)
    return made


def machines(count: int, hook: Hook, now: datetime) -> None:
    """So many tenants that are told at a web address each."""
    for number in range(count):
        owner = tenant(f"machine{number}", WEST, contact=False)
        owner.contact, _ = endpoints.create(
            channel="webhook", address=f"{hook.url}/{number}", tenant=owner, now=now
        )
        owner.save()


def mails(answer: Callable[[Message], str]) -> send.SendTally:
    return send.work(transports={"mail": Receivers(answer)})


def test_each_try_is_on_record_with_the_moment_it_was_made(
    operator: User, now: datetime, sink: Sink
) -> None:
    for name in ("a", "b", "c"):
        tenant(name, WEST)
    planned(operator, now)
    sink.answers["a@example.com"] = "451 4.2.1 try later"
    sink.seconds_a_mail = 0.5
    send.work()
    refused, first, second = Attempt.objects.order_by("delivery")
    assert (refused.result, first.result, second.result) == ("temporary", "sent", "sent")
    assert first.at - refused.at > timedelta(seconds=0.4)
    assert second.at - first.at > timedelta(seconds=0.4)


def test_the_first_300_characters_of_an_answer_are_kept(operator: User, now: datetime) -> None:
    tenant("a", WEST)
    planned(operator, now)
    said = "".join(chr(ord("a") + number % 26) for number in range(301))
    assert mails(lambda _: said).sent == 1
    assert Attempt.objects.get().detail == said[:300]


def test_what_a_mail_said_is_kept_of_those_that_were_taken_alone(
    operator: User, now: datetime, sink: Sink
) -> None:
    for name in ("here", "gone"):
        tenant(name, WEST)
    planned(operator, now)
    sink.answers["gone@example.com"] = "550 5.1.1 No such user"
    send.work()
    taken, refused = Delivery.objects.order_by("-state")
    assert (taken.state, refused.state) == ("sent", "failed")
    assert taken.content is not None
    assert refused.content is None
    assert not refused.own_words


def test_a_transport_that_breaks_costs_one_message_a_try_and_the_log_says_which(
    operator: User, now: datetime, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("a", "b"):
        tenant(name, WEST)
    planned(operator, now)
    broken: list[str] = []

    def answer(message: Message) -> str:
        if not broken:
            broken.append(message.id)
            raise KeyError("no such thing")
        return "250 taken"

    tally = mails(answer)
    assert (tally.sent, tally.waiting) == (1, 1)
    tried = Attempt.objects.get(result="temporary")
    assert tried.detail == "KeyError"
    (record,) = caplog.records
    assert record.getMessage() == f"message {broken[0]} could not be handed over"
    assert record.exc_info is not None


def test_a_message_that_cannot_be_made_is_tried_later_and_the_log_says_which(
    operator: User, now: datetime, caplog: pytest.LogCaptureFixture
) -> None:
    owner = tenant("bad", WEST)
    assert owner.contact is not None
    type(owner.contact).objects.update(address="bad@example.com\nBcc: everybody@example.com")
    planned(operator, now)
    assert mails(lambda _: "250 taken").waiting == 1
    tried = Attempt.objects.get()
    assert (tried.result, tried.detail) == ("temporary", "ValueError")
    (record,) = caplog.records
    assert record.getMessage() == f"delivery {Delivery.objects.get().uuid} could not be made"


def test_a_fault_of_ours_is_no_refusal_of_theirs(
    operator: User, now: datetime, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant("a", WEST)
    planned(operator, now)
    Delivery.objects.update(created_at=timezone.now() - GIVE_UP_AFTER)

    def broken(*_: object) -> None:
        raise KeyError("level")

    monkeypatch.setattr(MailRenderer, "compose", broken)
    assert send.work(transports={"mail": RELAY}).failed == 1
    assert Attempt.objects.get().detail == "KeyError"
    assert not Bounce.objects.exists(), "they said nothing"


def test_nor_is_one_in_handing_it_over(operator: User, now: datetime) -> None:
    tenant("a", WEST)
    planned(operator, now)
    Delivery.objects.update(created_at=timezone.now() - GIVE_UP_AFTER)

    def broken(_: Message) -> str:
        raise KeyError("level")

    def refuses(_: Message) -> str:
        raise TransportError(Failure.TEMPORARY, "451 come back")

    assert mails(broken).failed == 1
    assert not Bounce.objects.exists(), "they said nothing"
    Delivery.objects.update(state="pending")
    assert mails(refuses).failed == 1
    assert Bounce.objects.get().detail == "451 come back"


def test_a_drill_leaves_nobodys_outbox_and_says_why(operator: User, now: datetime) -> None:
    tenant("a", WEST)
    planned(operator, now, drill=True)
    handed_over: list[Message] = []

    def answer(message: Message) -> str:
        handed_over.append(message)
        return "250 taken"

    assert (mails(answer).skipped, handed_over) == (1, [])
    told = Delivery.objects.get()
    assert (told.state, told.skip_reason, told.claim) == ("skipped", "drill", None)


def test_web_addresses_are_asked_eight_at_a_time_and_a_slow_one_holds_up_no_other(
    operator: User, now: datetime, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    machines(24, hook, now)
    planned(operator, now)
    lock, others_done = threading.Lock(), threading.Event()
    at_once, most, taken = 0, 0, 0
    slow: list[str] = []

    def answer(message: Message) -> str:
        nonlocal at_once, most, taken
        with lock:
            at_once += 1
            most = max(most, at_once)
            if not slow:
                slow.append(message.id)
        if message.id in slow:
            assert others_done.wait(20), "the others wait for the slow one"
        time.sleep(0.02)
        with lock:
            at_once -= 1
            taken += 1
            if taken == 23:
                others_done.set()
        return "204"

    monkeypatch.setattr(send, "FIRST_BATCH", 24)
    assert send.work(transports={"webhook": Receivers(answer)}).sent == 24
    assert most == send.PARALLEL_REQUESTS


def test_a_refusal_is_on_record_before_the_rest_of_its_batch_is_sent(
    operator: User, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "abcde":
        tenant(name, WEST)
    planned(operator, now)
    monkeypatch.setattr(send, "MOST_REPEATED", 3)
    on_record: list[int] = []

    def hand_over(transport: Transport, message: Message, *_: object) -> str | TransportError:
        on_record.append(Attempt.objects.filter(result="permanent").count())
        if message.to.startswith("a"):
            return TransportError(Failure.PERMANENT, "550 no")
        return "250 taken"

    monkeypatch.setattr(send, "_hand_over", hand_over)
    assert send.work(channels=("mail",)).sent == 4
    assert on_record == [0, 0, 1, 1, 1]


def test_what_a_web_address_took_is_settled_with_its_body_and_never_only_noted(
    operator: User, now: datetime, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    machines(send.MOST_REPEATED + send.PARALLEL_REQUESTS, hook, now)
    planned(operator, now)
    before = notes_so_far()
    monkeypatch.setattr(send, "FIRST_BATCH", send.LEAST_BATCH)
    assert send.work(transports={"webhook": Receivers(lambda _: "204")}).sent > send.MOST_REPEATED
    assert notes_so_far() == before


def notes_so_far() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT last_value, is_called FROM notifications_sendjournal_id_seq")
        last_value, called = cursor.fetchone()
    return int(last_value) if called else 0


def test_an_address_that_asks_for_a_rest_is_given_it_by_its_breaker(
    operator: User, now: datetime, hook: Hook
) -> None:
    owner = tenant("machine", WEST, contact=False)
    owner.contact, _ = endpoints.create(channel="webhook", address=hook.url, tenant=owner, now=now)
    owner.save()
    hook.status, hook.headers = 503, {"Retry-After": "2400"}
    Breaker.objects.create(
        channel="webhook", host=f"endpoint {owner.contact.pk}", failures=4, open_until=now
    )
    planned(operator, now)
    assert send.work(channels=("webhook",)).waiting == 1
    breaker = Breaker.objects.get(host=f"endpoint {owner.contact.pk}")
    assert breaker.failures == 5
    assert breaker.open_until is not None
    assert breaker.open_until - timezone.now() > timedelta(minutes=39)
