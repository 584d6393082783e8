"""What a worker has handed over is noted as it leaves: killed before it settles, it repeats almost nothing."""

from __future__ import annotations

import json
import uuid
from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from incidents.models import Incident
from incidents.services.incident import post_update
from incidents.services.inputs import Statement
from notifications.channels.base import Message, Transport
from notifications.delivery import claims, plan, send, settlement
from notifications.models import Attempt, ClaimedBatch, Delivery, SendJournal
from notifications.vocabulary.delivery_states import State
from tests.notifications.cast import last, tenant
from tests.notifications.conftest import Sink, text_of
from tests.notifications.test_sending import WEST, open_incident

__all__ = ["open_incident"]
pytestmark = pytest.mark.usefixtures("catalogue")


def test_killed_after_noting_what_it_sent_none_of_that_goes_out_again(
    open_incident: Incident, now: datetime, sink: Sink
) -> None:
    for name in ("a", "b"):
        tenant(name, WEST)
    plan.plan(communication_id=last(open_incident).pk, now=now)
    batch = claims.claim(most=10, channel="mail")
    first, second = batch.deliveries
    said = uuid.uuid4()
    left = settlement.SendOutcome(
        first, State.SENT, result="sent", detail='250 "ünï"', at=95.0, content=said, own='{"a": 1}'
    )
    settlement.note(batch.claim, [left], clock=100.0)
    assert settlement.expire_leases() == 0
    assert SendJournal.objects.count() == 1, "its worker may be at it still"
    assert ClaimedBatch.objects.get().deliveries == [first.pk, second.pk]
    Delivery.objects.update(lease_until=timezone.now() - timedelta(seconds=1))

    assert settlement.expire_leases() == 1
    assert not ClaimedBatch.objects.exists()
    send.work()

    assert len(sink.mails) == 1
    sent = Delivery.objects.get(pk=first.pk)
    assert (sent.state, sent.attempts, sent.content, sent.own_words) == (
        "sent",
        1,
        said,
        '{"a": 1}',
    )
    assert sent.sent_at is not None
    assert 4.9 < (timezone.now() - sent.sent_at).total_seconds() < 60
    tries = Attempt.objects.filter(delivery=first).values_list("number", "result", "detail")
    assert list(tries) == [(1, "sent", '250 "ünï"')]
    assert Attempt.objects.filter(delivery=second).count() == 2, "lost, and sent"
    assert not SendJournal.objects.exists()

    late = settlement.settle(batch.claim, [left], clock=100.0)
    assert (late, Attempt.objects.filter(delivery=first).count()) == (0, 1)


def test_what_was_noted_counts_from_when_it_left_also_where_nothing_of_a_mail_is_kept(
    open_incident: Incident, now: datetime
) -> None:
    tenant("a", WEST)
    plan.plan(communication_id=last(open_incident).pk, now=now)
    batch = claims.claim(most=10, channel="mail")
    (delivery,) = batch.deliveries
    left = settlement.SendOutcome(delivery, State.SENT, result="sent", detail="204", at=95.0)
    settlement.note(batch.claim, [left], clock=100.0)
    hour = timedelta(hours=1)
    SendJournal.objects.update(at=timezone.now() - hour)
    Delivery.objects.update(lease_until=timezone.now() - hour)
    settlement.expire_leases()
    delivery.refresh_from_db()
    assert (delivery.state, delivery.content) == ("sent", None)
    assert delivery.sent_at is not None
    assert hour + timedelta(seconds=4.9) < timezone.now() - delivery.sent_at < hour * 1.1
    assert abs(Attempt.objects.get().at - delivery.sent_at) < timedelta(seconds=1)


def test_a_batch_is_noted_as_it_leaves_and_settled_together(
    open_incident: Incident, now: datetime, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(7):
        tenant(f"t{number}", WEST)
    plan.plan(communication_id=last(open_incident).pk, now=now)
    monkeypatch.setattr(send, "MOST_REPEATED", 3)
    unsafe: list[int] = []  # how many would go out again if the worker was killed now

    def hand_over(transport: Transport, message: Message, *_: object) -> str:
        noted = sum(len(json.loads(each.sent)) for each in SendJournal.objects.all())
        unsafe.append(len(unsafe) + 1 - noted - Delivery.objects.filter(state="sent").count())
        return "250 ok"

    monkeypatch.setattr(send, "_hand_over", hand_over)
    assert send.work(channels=("mail",)).sent == 7
    assert max(unsafe) == send.MOST_REPEATED - 1
    assert not SendJournal.objects.exists()
    assert not ClaimedBatch.objects.exists()
    assert Delivery.objects.filter(state="sent").count() == Attempt.objects.count() == 7


def test_a_batch_that_is_settled_in_parts_is_on_the_list_until_a_sweep_finds_nothing_of_it_left(
    open_incident: Incident, now: datetime
) -> None:
    for name in ("a", "b"):
        tenant(name, WEST)
    plan.plan(communication_id=last(open_incident).pk, now=now)
    batch = claims.claim(most=10, channel="mail")
    for delivery in batch.deliveries:
        settlement.expire_leases()
        assert ClaimedBatch.objects.filter(claim=batch.claim).exists()
        sent = settlement.SendOutcome(delivery, State.SENT, result="sent", detail="250", at=99.0)
        assert settlement.settle(batch.claim, [sent], clock=100.0) == 1
    settlement.expire_leases()
    assert not ClaimedBatch.objects.exists()
    assert Delivery.objects.filter(state="sent").count() == 2


def test_a_claim_changes_no_index(open_incident: Incident, now: datetime) -> None:
    for number in range(7):
        tenant(f"t{number}", WEST)
    plan.plan(communication_id=last(open_incident).pk, now=now)

    def on_their_page() -> int:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT n_tup_hot_upd FROM pg_stat_xact_user_tables"
                " WHERE relname = 'notifications_delivery'"
            )
            return int(cursor.fetchone()[0])

    before = on_their_page()
    assert len(claims.claim(most=10, channel="mail").deliveries) == 7
    assert on_their_page() - before == 7


def test_who_may_have_it_of_a_killed_worker_reads_it_again_under_the_newer_ones_id(
    open_incident: Incident, operator: User, now: datetime, sink: Sink
) -> None:
    """What was handed over and not noted counts as not heard once a newer update takes its place."""
    tenant("a", WEST)
    first = last(open_incident)
    plan.plan(communication_id=first.pk, now=now)
    (old,) = claims.claim(most=10, channel="mail").deliveries
    post_update(
        incident_id=open_incident.pk,
        statement=Statement("", "It goes on."),
        now=now,
        actor=operator,
    )
    plan.plan_due(now=now)
    Delivery.objects.filter(pk=old.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    settlement.expire_leases()
    send.work()
    old.refresh_from_db()
    assert (old.state, old.skip_reason) == ("skipped", "superseded")
    (mail,) = sink.mails
    new = Delivery.objects.get(state="sent")
    assert str(new.uuid) in str(mail["Message-ID"])
    words = text_of(mail)
    assert words.index("It goes on.") < words.index(first.targeted_text)
