"""How much a worker claims at once, how long it keeps at it, and what it does while its database is away."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError

from notifications.channels.base import Message, Transport, TransportError
from notifications.channels.email.renderer import MailRenderer
from notifications.delivery import claims, kill_switch, send, settlement
from notifications.delivery.circuit_breaker import Breakers
from notifications.delivery.send import BATCH, FIRST_BATCH, LEAST_BATCH, PACE_SECONDS, next_batch
from notifications.delivery.settlement import SendOutcome
from notifications.models import ContactNotice, Delivery, MailContent
from notifications.vocabulary.delivery_states import Failure
from tests.notifications.cast import tenant
from tests.notifications.test_one_run import WEST, Receivers, mails, planned

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("catalogue")]


@pytest.mark.parametrize(
    ("count", "seconds", "batch"),
    [(300, 0.5, 300), (300, 0.25, 600), (10, 1.0, LEAST_BATCH), (BATCH, 0.1, BATCH)],
)
def test_a_batch_is_what_was_sent_in_half_a_second(count: int, seconds: float, batch: int) -> None:
    assert PACE_SECONDS == 0.5
    assert next_batch(count, seconds) == batch


def test_the_first_batch_is_small_and_the_next_as_the_pace_says(
    operator: User, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(FIRST_BATCH + 3):
        tenant(f"t{number}", WEST)
    planned(operator, now)
    asked: list[int] = []
    paces: list[int] = []
    claim = claims.claim

    def recorded(*, most: int, channel: str) -> claims.Batch:
        asked.append(most)
        return claim(most=most, channel=channel)

    def paced(count: int, seconds: float) -> int:
        assert 0 < seconds < 60
        paces.append(count)
        return 2

    monkeypatch.setattr(claims, "claim", recorded)
    monkeypatch.setattr(send, "next_batch", paced)
    assert mails(lambda _: "250 taken").sent == FIRST_BATCH + 3
    assert asked == [FIRST_BATCH, 2, 2, 2]
    assert paces == [FIRST_BATCH, 2, 1]


def test_what_is_held_back_is_counted_over_all_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    batches = [claims.Batch(uuid.uuid4(), [], picked) for picked in (2, 3, 0)]
    monkeypatch.setattr(claims, "claim", lambda **_: batches.pop(0))
    assert mails(lambda _: "250 taken").held == 5


def test_whether_an_entry_is_public_is_asked_anew_after_a_while(
    operator: User, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(FIRST_BATCH + 1):
        tenant(f"t{number}", WEST)
    planned(operator, now)
    monkeypatch.setattr(send, "RENDERER_SECONDS", -1.0)
    used: set[int] = set()
    renderers = []
    compose = MailRenderer.compose

    def noted(self: MailRenderer, delivery: Delivery) -> Message:
        used.add(id(self))
        renderers.append(self)  # kept, so that no other gets its number
        return compose(self, delivery)

    monkeypatch.setattr(MailRenderer, "compose", noted)
    assert mails(lambda _: "250 taken").sent == FIRST_BATCH + 1
    assert len(used) == 2


def test_the_rest_of_a_batch_is_given_back_after_the_time_that_was_asked_for(
    operator: User, now: datetime
) -> None:
    for name in "abc":
        tenant(name, WEST)
    planned(operator, now)
    tally = send.work(
        seconds=0.2, transports={"mail": Receivers(lambda _: "250")}, batch_seconds=-1.0
    )
    assert tally.sent == 0
    assert tally.waiting > 0


def away(times: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database is not there, so many times in a row, when something is to be settled."""
    left = [OperationalError("the server closed the connection")] * times
    settle = settlement.settle

    def tried(claimed: uuid.UUID, outcomes: Sequence[SendOutcome], **more: Any) -> int:
        if outcomes and left:
            raise left.pop()
        return settle(claimed, outcomes, **more)

    monkeypatch.setattr(settlement, "settle", tried)


def test_what_was_sent_while_the_database_is_away_is_settled_when_it_is_back(
    operator: User, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant("here", WEST)
    planned(operator, now)
    away(2, monkeypatch)
    assert mails(lambda _: "250 taken").sent == 1
    assert Delivery.objects.get().state == "sent"


def test_a_database_that_stays_away_ends_the_run(
    operator: User, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant("here", WEST)
    planned(operator, now)
    away(2, monkeypatch)
    monkeypatch.setattr(send, "DATABASE_PATIENCE", -1.0)
    with pytest.raises(OperationalError):
        mails(lambda _: "250 taken")
    assert Delivery.objects.get().state == "sending"


def test_after_a_refusal_is_settled_all_that_follows_is_noted_as_it_leaves(
    operator: User, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "abcde":
        tenant(name, WEST)
    planned(operator, now)
    monkeypatch.setattr(send, "MOST_REPEATED", 2)
    noted: list[str] = []
    note = settlement.note

    def recorded(claimed: uuid.UUID, outcomes: Sequence[SendOutcome], **more: Any) -> None:
        noted.extend(each.delivery.endpoint.address for each in outcomes)
        note(claimed, outcomes, **more)

    def hand_over(transport: Transport, message: Message, *_: object) -> str | TransportError:
        if message.to.startswith("a"):
            return TransportError(Failure.PERMANENT, "550 no")
        return "250 taken"

    monkeypatch.setattr(settlement, "note", recorded)
    monkeypatch.setattr(send, "_hand_over", hand_over)
    assert send.work(channels=("mail",)).sent == 4
    assert noted == [f"{name}@example.com" for name in "bcde"]


def test_whether_sending_is_stopped_is_not_asked_for_each_message(
    operator: User, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "abcd":
        tenant(name, WEST)
    planned(operator, now)
    monkeypatch.setattr(send, "MOST_REPEATED", 2)
    monkeypatch.setattr(send, "ASK_SECONDS", 10.0)
    asked = 0
    holds = kill_switch.holds

    def counted() -> bool:
        nonlocal asked
        asked += 1
        return holds()

    monkeypatch.setattr(kill_switch, "holds", counted)
    assert mails(lambda _: "250 taken").sent == 4
    assert asked == 1


def test_what_was_said_of_two_incidents_in_one_batch_is_kept_of_both(
    operator: User, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "ab":
        tenant(name, WEST)
    for _ in range(2):
        planned(operator, now)
    monkeypatch.setattr(send, "MOST_REPEATED", 2)
    assert mails(lambda _: "250 taken").sent == 4
    kept = set(MailContent.objects.values_list("key", flat=True))
    assert len(kept) == 2
    assert {each.content for each in Delivery.objects.all()} == kept


def test_behind_an_open_breaker_a_message_waits_as_long_as_it_is_open(
    operator: User, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant("here", WEST)
    planned(operator, now)
    monkeypatch.setattr(Breakers, "pause", lambda *_: timedelta(minutes=5))
    assert mails(lambda _: "250 taken").waiting == 1
    delivery = Delivery.objects.get()
    assert delivery.state == "pending"
    wait = delivery.next_attempt_at - datetime.now(UTC)
    assert timedelta(minutes=4) < wait <= timedelta(minutes=5)


def test_of_a_mail_address_that_fails_for_a_while_nobody_else_is_told(
    operator: User, now: datetime
) -> None:
    tenant("here", WEST)
    planned(operator, now)
    Delivery.objects.update(attempts=send.FAILING_AFTER - 1)

    def later(message: Message) -> str:
        raise TransportError(Failure.TEMPORARY, "451 later")

    assert mails(later).waiting == 1
    assert Delivery.objects.get().attempts == send.FAILING_AFTER
    assert not ContactNotice.objects.exists()
