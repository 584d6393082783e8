"""Claiming, sending and settling, against a real SMTP server."""

from __future__ import annotations

import threading
import uuid
from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.core.mail.backends.base import BaseEmailBackend
from django.db import connection, transaction
from django.utils import timezone
from pytest_django.fixtures import Settings

from incidents.models import Communication, Incident
from incidents.services import incident as incident_service
from incidents.services.inputs import Statement
from notifications.channels import endpoints
from notifications.channels.base import Message
from notifications.channels.email import smtp
from notifications.channels.email.renderer import MailRenderer
from notifications.channels.email.smtp import RELAY
from notifications.delivery import claims, plan, send, settlement
from notifications.models import Attempt, Delivery, Endpoint
from notifications.vocabulary.delivery_states import State
from tests.conftest import declaration, hit
from tests.notifications.cast import endpoint, last, reader, rule, tenant
from tests.notifications.conftest import Sink, text_of
from tests.notifications.rooms import Hook

pytestmark = pytest.mark.usefixtures("catalogue")

WEST = ("key-vault", "west-europe")


@pytest.fixture
def open_incident(operator: User, now: datetime) -> Incident:
    return incident_service.declare(
        declaration=declaration(statement=Statement("For all.", "For you.")),
        now=now,
        actor=operator,
    )


def plan_last(incident: Incident, now: datetime) -> Communication:
    communication = last(incident)
    plan.plan(communication_id=communication.pk, now=now)
    return communication


def update(incident: Incident, operator: User, now: datetime, stage: str = "identified") -> None:
    incident_service.post_update(
        incident_id=incident.pk,
        stage=stage,
        statement=Statement("p", "t"),
        now=now,
        actor=operator,
    )
    plan_last(incident, now)


def make_due() -> None:
    Delivery.objects.filter(state=State.PENDING).update(next_attempt_at=timezone.now())


def test_everybody_planned_gets_one_mail_over_one_connection(
    open_incident: Incident, now: datetime, sink: Sink
) -> None:
    for number in range(25):
        tenant(f"t{number}", WEST)
    plan_last(open_incident, now)
    tally = send.work()
    assert sorted(sink.receivers) == sorted(f"t{number}@example.com" for number in range(25))
    assert (tally.sent, len(sink.connections)) == (25, 1)
    assert set(Delivery.objects.values_list("state", flat=True)) == {"sent"}
    assert Attempt.objects.filter(result="sent", number=1).count() == 25


def test_the_relay_is_called_while_the_first_mail_is_made(
    open_incident: Incident, now: datetime, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant("t", WEST)
    plan_last(open_incident, now)
    called, new_backend, make = threading.Event(), smtp.new_backend, MailRenderer.compose

    def call() -> BaseEmailBackend:
        called.set()
        return new_backend()

    def compose(self: MailRenderer, delivery: Delivery) -> Message:
        assert called.wait(10), "nobody has called before the mail is made"
        return make(self, delivery)

    monkeypatch.setattr(smtp, "new_backend", call)
    monkeypatch.setattr(MailRenderer, "compose", compose)
    assert send.work(channels=("mail",)).sent == 1
    assert len(sink.connections) == 1


def test_a_dead_relay_that_was_called_ahead_is_nobodys_failure_either(
    open_incident: Incident, now: datetime, sink: Sink, settings: Settings
) -> None:
    tenant("t", WEST)
    plan_last(open_incident, now)
    settings.EMAIL_PORT = 1
    RELAY.connect_ahead()
    assert send.work(channels=("mail",)).waiting == 1
    assert Attempt.objects.get().result == "unreachable"


@pytest.mark.parametrize("answer", ['250 "quoted" \\ {braces}, NULL', "250 ünï", "250 "])
def test_what_the_relay_says_is_kept_as_it_is(
    open_incident: Incident, now: datetime, answer: str
) -> None:
    tenant("t", WEST)
    plan_last(open_incident, now)
    batch = claims.claim(most=1, channel="mail")
    (told,) = batch.deliveries
    outcome = settlement.SendOutcome(
        told, State.SENT, result="sent", detail=answer, content=uuid.uuid4(), own='{"a": "\\"x"}'
    )
    assert settlement.settle(batch.claim, [outcome], clock=0.0) == 1
    assert Attempt.objects.get().detail == answer
    sent = Delivery.objects.get()
    assert (sent.content, sent.own_words) == (outcome.content, outcome.own)


def test_a_second_run_sends_nothing(open_incident: Incident, now: datetime, sink: Sink) -> None:
    tenant("here", WEST)
    plan_last(open_incident, now)
    send.work()
    assert send.work().sent == 0
    assert len(sink.mails) == 1


def test_killed_between_sending_and_settling_it_goes_out_again_with_the_same_id(
    open_incident: Incident, now: datetime, sink: Sink
) -> None:
    tenant("here", WEST)
    plan_last(open_incident, now)
    claimed = claims.claim(most=10, channel="mail")
    RELAY.send(MailRenderer().compose(claimed.deliveries[0]))
    # … and here the worker is gone. Its lease runs out:
    assert settlement.expire_leases() == 0
    Delivery.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert settlement.expire_leases() == 1
    send.work()
    assert [mail["Message-ID"] for mail in sink.mails] == [
        f"<{Delivery.objects.get().uuid}@status.example.com>"
    ] * 2
    assert list(Attempt.objects.order_by("id").values_list("result", "number")) == [
        ("lost", 1),
        ("sent", 2),
    ]


def test_a_worker_that_wakes_up_late_cannot_overwrite_its_successor(
    open_incident: Incident, now: datetime, sink: Sink
) -> None:
    tenant("here", WEST)
    plan_last(open_incident, now)
    late = claims.claim(most=10, channel="mail")
    Delivery.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    settlement.expire_leases()
    send.work()
    outcome = settlement.SendOutcome(
        late.deliveries[0], State.FAILED, result="permanent", detail="550"
    )
    assert settlement.settle(late.claim, [outcome], clock=0) == 0
    assert Delivery.objects.get().state == State.SENT


def test_an_unknown_mailbox_fails_for_good_and_is_suppressed(
    open_incident: Incident, now: datetime, sink: Sink
) -> None:
    tenant("gone", WEST)
    tenant("here", WEST)
    sink.answers["gone@example.com"] = "550 5.1.1 No such user"
    plan_last(open_incident, now)
    tally = send.work()
    assert (tally.sent, tally.failed, sink.receivers) == (1, 1, ["here@example.com"])
    gone = Endpoint.objects.get(address="gone@example.com")
    assert gone.suppressed_at is not None
    assert gone.suppressed_because == "550 5.1.1 No such user"
    assert Attempt.objects.get(result="permanent").detail == "550 5.1.1 No such user"


def test_a_filters_refusal_fails_one_mail_but_suppresses_nobody(
    open_incident: Incident, now: datetime, sink: Sink
) -> None:
    tenant("here", WEST)
    sink.data_answers["here@example.com"] = "550 looks like spam"
    plan_last(open_incident, now)
    assert send.work().failed == 1
    assert Endpoint.objects.get().suppressed_at is None


def test_a_temporary_refusal_waits_in_the_row_and_the_others_go_on(
    open_incident: Incident, now: datetime, sink: Sink
) -> None:
    tenant("busy", WEST)
    tenant("here", WEST)
    sink.answers["busy@example.com"] = "451 4.2.1 try later"
    plan_last(open_incident, now)
    tally = send.work()
    assert (tally.sent, tally.waiting) == (1, 1)
    waiting = Delivery.objects.get(state=State.PENDING)
    assert waiting.next_attempt_at > timezone.now()
    assert not claims.anything_due()
    sink.answers.clear()
    make_due()
    assert claims.anything_due()
    assert claims.anything_due(channel="mail")
    assert not claims.anything_due(channel="webhook")
    assert send.work().sent == 1


@pytest.mark.parametrize(
    ("age", "asked", "shortest"),
    [
        (timedelta(0), "", timedelta(minutes=15)),
        (timedelta(0), "2400", timedelta(minutes=40)),
        (timedelta(hours=3), "", timedelta(hours=1)),
        (timedelta(days=2), "", timedelta(hours=6)),
    ],
)
def test_a_web_address_that_goes_on_failing_waits_as_it_asks_and_longer_the_older_its_message(
    open_incident: Incident,
    now: datetime,
    hook: Hook,
    age: timedelta,
    asked: str,
    shortest: timedelta,
) -> None:
    owner = tenant("machine", WEST, contact=False)
    owner.contact, _ = endpoints.create(channel="webhook", address=hook.url, tenant=owner, now=now)
    owner.save()
    plan_last(open_incident, now)
    hook.status, hook.headers = 503, {"Retry-After": asked}
    began = timezone.now()
    Delivery.objects.update(attempts=20, created_at=began - age, next_attempt_at=began)
    assert send.work().waiting == 1
    assert Delivery.objects.get().next_attempt_at - began >= shortest


@pytest.mark.parametrize("answer", ["421 4.7.0 too fast", "450 4.7.0 slow down"])
def test_a_throttling_relay_ends_the_batch_without_costing_the_rest_a_try(
    open_incident: Incident, now: datetime, sink: Sink, answer: str
) -> None:
    for number in range(3):
        tenant(f"t{number}", WEST)
        sink.answers[f"t{number}@example.com"] = answer
    plan_last(open_incident, now)
    assert send.work().waiting == 3
    assert sorted(Delivery.objects.values_list("attempts", flat=True)) == [0, 0, 1]
    assert Attempt.objects.get().result == "throttled"
    assert not Delivery.objects.filter(next_attempt_at__lte=timezone.now()).exists()
    sink.answers.clear()
    make_due()
    assert send.work().sent == 3


def test_a_dead_relay_is_nobodys_failure(
    open_incident: Incident, now: datetime, sink: Sink, settings: Settings
) -> None:
    port = settings.EMAIL_PORT
    settings.EMAIL_PORT = 1
    for number in range(3):
        tenant(f"t{number}", WEST)
    plan_last(open_incident, now)
    assert send.work().waiting == 3
    assert Attempt.objects.get().result == "unreachable"
    settings.EMAIL_PORT = port
    make_due()
    assert send.work().sent == 3


def test_a_delivery_too_old_to_matter_is_given_up(
    open_incident: Incident, now: datetime, sink: Sink
) -> None:
    tenant("busy", WEST)
    sink.answers["busy@example.com"] = "451 try later"
    plan_last(open_incident, now)
    Delivery.objects.update(created_at=timezone.now() - timedelta(days=2))
    assert send.work().failed == 1


def test_who_left_or_was_suppressed_after_planning_gets_nothing(
    operator: User, now: datetime, sink: Sink
) -> None:
    for name in ("left", "suppressed", "reader-left", "unconfirmed"):
        reader(f"{name}@example.com")
    incident = incident_service.declare(
        declaration=declaration(hit(*WEST), hit("storage", "north-europe")), now=now, actor=operator
    )
    tenant("left", WEST)
    plan_last(incident, now)
    Endpoint.objects.filter(address="left@example.com").update(left_alerts_at=now)
    Endpoint.objects.filter(address="reader-left@example.com").update(left_posts_at=now)
    Endpoint.objects.filter(address="unconfirmed@example.com").update(confirmed_at=None)
    Endpoint.objects.filter(address="suppressed@example.com").update(
        suppressed_at=now, suppressed_because="bounced"
    )
    assert send.work().skipped == 4
    assert sink.mails == []
    assert sorted(Delivery.objects.values_list("endpoint__address", "skip_reason")) == [
        ("left@example.com", "left"),
        ("reader-left@example.com", "left"),
        ("suppressed@example.com", "suppressed"),
        ("unconfirmed@example.com", "unconfirmed"),
    ]


def test_leaving_public_posts_does_not_silence_alerts(
    open_incident: Incident, now: datetime, sink: Sink
) -> None:
    tenant("here", WEST)
    Endpoint.objects.update(left_posts_at=now)
    plan_last(open_incident, now)
    assert send.work().sent == 1


def test_a_withdrawn_post_is_not_sent_any_more(operator: User, now: datetime, sink: Sink) -> None:
    reader("reader@example.com")
    incident = incident_service.declare(
        declaration=declaration(hit(*WEST), hit("storage", "north-europe")), now=now, actor=operator
    )
    plan_last(incident, now)
    Incident.objects.update(withdrawn_at=now)
    assert send.work().skipped == 1
    assert Delivery.objects.get().skip_reason == "withdrawn"


def test_nothing_newer_overtakes_an_older_mail_to_the_same_endpoint(
    operator: User, now: datetime, sink: Sink
) -> None:
    owner = tenant("here", WEST, ("key-vault", "north-europe"))
    rule(owner, "ops@example.com")
    incident = incident_service.declare(
        declaration=declaration(hit(*WEST), hit("key-vault", "north-europe")),
        now=now,
        actor=operator,
    )
    plan_last(incident, now)
    sink.answers["ops@example.com"] = "451 try later"
    send.work()
    incident_service.recover(
        incident_id=incident.pk,
        regions=[hit("key-vault", "north-europe").region],
        at=now,
        now=now,
        actor=operator,
    )
    plan_last(incident, now)
    sink.answers.clear()
    assert send.work().sent == 0, "the older one still waits"
    make_due()
    assert send.work().sent == 2
    assert "Investigating" in text_of(sink.mails[0])
    assert "recovered" in text_of(sink.mails[1])


def test_an_older_update_that_comes_back_to_wait_gives_way_to_a_newer_one(
    open_incident: Incident, operator: User, now: datetime, sink: Sink
) -> None:
    tenant("here", WEST)
    plan_last(open_incident, now)
    claimed = claims.claim(most=1, channel="mail")
    update(open_incident, operator, now)
    waits = settlement.SendOutcome(claimed.deliveries[0], State.PENDING, result="temporary")
    settlement.settle(claimed.claim, [waits], clock=0)
    assert send.work().sent == 1
    assert text_of(sink.mails[0]).startswith("Failing · Identified")


def test_first_notices_and_ends_overtake_reviews_of_others(
    open_incident: Incident, operator: User, now: datetime, sink: Sink
) -> None:
    tenant("here", WEST)
    plan_last(open_incident, now)
    Communication.objects.update(kind="review")
    Delivery.objects.update(priority=2)
    other = incident_service.declare(declaration=declaration(), now=now, actor=operator)
    plan_last(other, now)
    send.work()
    first, second = map(text_of, sink.mails)
    assert other.tracking_id in first
    assert "· Review" in second


def test_a_message_that_cannot_be_made_does_not_stop_the_others(
    open_incident: Incident, now: datetime, sink: Sink
) -> None:
    tenant("bad", WEST)
    tenant("here", WEST)
    Endpoint.objects.filter(address="bad@example.com").update(
        address="bad@example.com\nBcc: everybody@example.com"
    )
    plan_last(open_incident, now)
    tally = send.work()
    assert (tally.sent, tally.waiting) == (1, 1)
    assert sink.receivers == ["here@example.com"]


@pytest.mark.django_db(transaction=True)
def test_two_claimers_at_once_never_hold_the_same_delivery(
    open_incident: Incident, now: datetime
) -> None:
    for number in range(40):
        tenant(f"t{number}", WEST)
    plan_last(open_incident, now)
    held: list[int] = []
    start = threading.Barrier(4)

    def take() -> None:
        start.wait()
        try:
            while batch := claims.claim(most=3, channel="mail").deliveries:
                held.extend(delivery.pk for delivery in batch)
        finally:
            connection.close()

    takers = [threading.Thread(target=take) for _ in range(4)]
    for taker in takers:
        taker.start()
    for taker in takers:
        taker.join()
    assert len(held) == len(set(held)) == 40


@pytest.mark.django_db(transaction=True)
def test_a_row_locked_by_another_claimer_is_passed_over(
    open_incident: Incident, now: datetime
) -> None:
    tenant("one", WEST)
    tenant("two", WEST)
    plan_last(open_incident, now)
    first, second = Delivery.objects.order_by("id")
    locked, done = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            Delivery.objects.select_for_update().get(pk=first.pk)
            locked.set()
            done.wait()
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    locked.wait()
    try:
        assert [delivery.pk for delivery in claims.claim(most=10, channel="mail").deliveries] == [
            second.pk
        ]
    finally:
        done.set()
        holder.join()


def test_the_database_refuses_a_sending_row_without_a_claim(
    open_incident: Incident, now: datetime
) -> None:
    tenant("here", WEST)
    plan_last(open_incident, now)
    for bad in (
        {"state": "sending"},
        {"state": "sent"},
        {"state": "skipped"},
        {"state": "unknown"},
        {"claim": uuid.uuid4(), "lease_until": now},
    ):
        with pytest.raises(Exception, match="delivery_"), transaction.atomic():
            Delivery.objects.update(**bad)
    assert endpoint("here@example.com").deliveries.get().state == "pending"


def test_a_claim_reads_no_more_endpoints_than_it_takes(
    open_incident: Incident, now: datetime
) -> None:
    Endpoint.objects.bulk_create(
        Endpoint(address=f"bystander{n}@example.com", created_at=now) for n in range(2000)
    )
    for number in range(5):
        tenant(f"t{number}", WEST)
    plan_last(open_incident, now)
    with connection.cursor() as cursor:
        # As autovacuum does.
        cursor.execute("ANALYZE notifications_endpoint, notifications_delivery")
    before = endpoints_read()
    taken = len(claims.claim(most=10, channel="mail").deliveries)
    assert taken == 5
    # Once to see whether its host is open, once to know its address.
    assert endpoints_read() - before <= 2 * taken


def test_the_claim_of_a_channel_does_not_walk_past_what_waits_in_another(
    open_incident: Incident, now: datetime
) -> None:
    for number in range(50):
        tenant(f"t{number}", WEST)
    hook = tenant("hook", WEST).contact
    assert hook is not None
    Endpoint.objects.filter(pk=hook.pk).update(
        channel="webhook", address="https://hook.example.com/", host="hook.example.com", secret="s"
    )
    plan_last(open_incident, now)
    with (
        transaction.atomic()
    ):  # what other tests have left in the index is marked as dead by who reads it
        claims.claim(most=10, channel="webhook")
        transaction.set_rollback(True)
    before = entries_read("delivery_due")
    (claimed,) = claims.claim(most=10, channel="webhook").deliveries
    assert claimed.endpoint == hook
    assert entries_read("delivery_due") - before == 1


def endpoints_read() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables"
            " WHERE relname = 'notifications_endpoint'"
        )
        (count,) = cursor.fetchone() or (0,)
    return int(count)


def entries_read(index: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_get_xact_tuples_returned(%s::regclass)", [index])
        (count,) = cursor.fetchone() or (0,)
    return int(count)
