"""Limits, intervals and digests: what is held back, what carries it, and what is never held."""

from __future__ import annotations

import json
import threading
import uuid
from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.utils import timezone
from pytest_django.fixtures import Settings

from incidents.models import Incident
from incidents.services import incident as incident_service
from incidents.services import visibility
from incidents.services.inputs import Changes, Override, Statement
from notifications.channels.webhook.renderer import WebhookRenderer
from notifications.delivery import claims, plan, rate_limits, send, settlement
from notifications.evidence.when_told import statements_told
from notifications.models import Delivery, Endpoint, Tenant
from tests.conftest import declaration, hit
from tests.notifications.cast import endpoint, last, reader, rule, tenant
from tests.notifications.conftest import Sink, text_of

pytestmark = pytest.mark.usefixtures("catalogue")

WEST, NORTH = ("key-vault", "west-europe"), ("key-vault", "north-europe")
HERE = "here@example.com"


@pytest.fixture(autouse=True)
def limits(settings: Settings) -> None:
    settings.HOURLY_LIMIT, settings.UPDATE_INTERVAL = 3, 0


@pytest.fixture
def here() -> None:
    tenant("here", WEST, NORTH)


def declare(operator: User, now: datetime, title: str, *cells: tuple[str, str]) -> Incident:
    made = incident_service.declare(
        declaration=declaration(
            public_title=title,
            hits=[hit(*cell) for cell in cells or (WEST,)],
            statement=Statement("", f"{title} begins."),
        ),
        now=now,
        actor=operator,
    )
    plan.plan(communication_id=last(made).pk, now=now)
    return made


def update(
    incident: Incident,
    operator: User,
    now: datetime,
    text: str,
    stage: str = "identified",
    changes: Changes | None = None,
) -> None:
    incident_service.post_update(
        incident_id=incident.pk,
        stage=stage,
        statement=Statement("", text),
        changes=changes,
        now=now,
        actor=operator,
    )
    plan.plan(communication_id=last(incident).pk, now=now)


def pass_time(minutes: float) -> None:
    """The database's clock cannot be set, so what it has written is moved into the past."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE notifications_delivery SET sent_at = sent_at - %(t)s * interval '1 minute',"
            " next_attempt_at = next_attempt_at - %(t)s * interval '1 minute'",
            {"t": minutes},
        )


def states(incident: Incident) -> list[str]:
    rows = Delivery.objects.filter(incident=incident).order_by("communication_id")
    return [each.skip_reason or each.deferred or each.state for each in rows]


@pytest.fixture
def three(operator: User, now: datetime, here: None, sink: Sink) -> list[Incident]:
    """Three incidents, and the hour's three messages are used up."""
    made = [declare(operator, now, title) for title in ("Red", "Green", "Blue")]
    send.work()
    assert len(sink.mails) == 3
    return made


def test_beyond_the_hours_limit_updates_wait_and_come_as_one_digest(
    three: list[Incident], operator: User, now: datetime, sink: Sink
) -> None:
    for incident in three:
        update(incident, operator, now, f"We know why {incident.public_title} fails.")
    tally = send.work()
    assert (tally.sent, tally.held, len(sink.mails)) == (0, 3, 3)
    assert [states(each)[1] for each in three] == ["in_digest", "in_digest", "limit"]
    pass_time(61)
    assert send.work().sent == 1
    digest = sink.mails[-1]
    assert "2 more updates" in text_of(digest)
    for body in (text_of(digest), text_of(digest, "html")):
        for incident in three:
            assert f"We know why {incident.public_title} fails." in body
            assert f"/service-health/events/{incident.tracking_id}/" in body
        assert "at most 3 messages an hour" in body
    carrier = Delivery.objects.get(incident=three[2], communication__number=2)
    assert set(
        Delivery.objects.filter(skip_reason="in_digest").values_list("digest", flat=True)
    ) == {carrier.pk}
    assert send.work().sent == 0


def test_the_last_message_of_the_hour_says_that_the_limit_is_reached(
    operator: User, now: datetime, here: None, sink: Sink
) -> None:
    made = declare(operator, now, "Red")
    send.work()
    for number in (2, 3):
        update(made, operator, now, f"Update {number}.")
        send.work()
    said = ["which is the limit" in text_of(mail) for mail in sink.mails]
    assert said == [False, False, True]


def test_first_notices_ends_and_retractions_are_never_held(
    three: list[Incident], operator: User, now: datetime, sink: Sink
) -> None:
    update(three[0], operator, now, "It is over.", stage="resolved")
    declare(operator, now, "Another")
    assert send.work().sent == 2


def test_what_is_resolved_meanwhile_leaves_the_digest(
    three: list[Incident], operator: User, now: datetime, sink: Sink
) -> None:
    for incident in three:
        update(incident, operator, now, f"We know why {incident.public_title} fails.")
    send.work()
    update(three[0], operator, now, "Red is over.", stage="resolved")
    update(three[2], operator, now, "Blue is over.", stage="resolved")
    assert send.work().sent == 2
    assert states(three[0]) == ["sent", "superseded", "sent"]
    assert states(three[2]) == ["sent", "superseded", "sent"]
    # Blue was the digest; its end has taken along what it carried.
    assert "We know why Green fails." in text_of(sink.mails[-1])
    assert states(three[1]) == ["sent", "in_digest"]
    assert not any("We know why Red fails." in text_of(mail) for mail in sink.mails)


def test_an_end_takes_along_what_it_does_not_say_itself(
    operator: User, now: datetime, here: None, sink: Sink
) -> None:
    made = declare(operator, now, "Red", WEST, NORTH)
    for title in ("Green", "Blue"):
        declare(operator, now, title)
    send.work()
    west, north = hit(*WEST).region, hit(*NORTH).region
    for region in (west, north):
        incident_service.recover(
            incident_id=made.pk, regions=[region], at=now, now=now, actor=operator
        )
        plan.plan(communication_id=last(made).pk, now=now)
        send.work()
    # The second ends the incident and speaks of North Europe only: it may not push the first aside.
    assert states(made) == ["sent", "in_digest", "sent"]
    end = text_of(sink.mails[-1])
    assert "1 more update" in end
    assert end.index("North Europe") < end.index("West Europe")


def test_updates_of_one_incident_keep_their_distance_and_the_newest_wins(
    operator: User, now: datetime, here: None, sink: Sink, settings: Settings
) -> None:
    settings.HOURLY_LIMIT, settings.UPDATE_INTERVAL = 0, 300
    made = declare(operator, now, "Red")
    send.work()
    update(made, operator, now, "Too soon.")
    assert send.work().held == 1
    assert states(made) == ["sent", "interval"]
    pass_time(4)
    update(made, operator, now, "Better known.")
    assert send.work().sent == 0
    assert states(made) == ["sent", "superseded", "interval"]
    pass_time(2)
    assert send.work().sent == 1
    assert "Better known." in text_of(sink.mails[-1])


def test_the_interval_delays_neither_another_incident_nor_an_end(
    operator: User, now: datetime, here: None, sink: Sink, settings: Settings
) -> None:
    settings.HOURLY_LIMIT, settings.UPDATE_INTERVAL = 0, 300
    made = declare(operator, now, "Red")
    send.work()
    declare(operator, now, "Green")
    update(made, operator, now, "It is over.", stage="mitigated")
    assert send.work().sent == 2


def test_whoever_leaves_or_is_withdrawn_gets_no_digest_and_the_rest_still_comes(
    operator: User, now: datetime, sink: Sink
) -> None:
    reader(HERE)
    made = []
    for title in ("Red", "Green", "Blue"):
        incident = incident_service.declare(
            declaration=declaration(
                public_title=title, statement=Statement(f"{title} begins.", "")
            ),
            now=now,
            actor=operator,
            override=Override(public=True, reason="Everybody asks."),
        )
        plan.plan(communication_id=last(incident).pk, now=now)
        made.append(incident)
    send.work()
    for incident in made:
        incident_service.post_update(
            incident_id=incident.pk,
            stage="identified",
            statement=Statement(f"We know why {incident.public_title} fails.", ""),
            now=now,
            actor=operator,
        )
        plan.plan(communication_id=last(incident).pk, now=now)
    send.work()
    # The digest's own incident leaves the page, and one that it carries, too.
    for incident in (made[0], made[2]):
        visibility.withdraw(incident_id=incident.pk, reason="A mistake.", now=now, actor=operator)
    pass_time(61)
    while send.work().sent:
        pass_time(61)
    said = [text_of(mail) for mail in sink.mails[3:]]
    assert len(said) == 1
    assert "We know why Green fails." in said[0]
    assert [states(each)[1] for each in made] == ["withdrawn", "sent", "withdrawn"]


@pytest.mark.parametrize("why", ["withdrawn", "drill"])
def test_what_a_digest_leaves_out_is_not_called_told_in_it(
    three: list[Incident], operator: User, now: datetime, sink: Sink, why: str
) -> None:
    for incident in three[:2]:
        update(incident, operator, now, f"We know why {incident.public_title} fails.")
    assert claims.claim(most=10, channel="mail").deliveries == []
    red, green, _ = three
    if why == "drill":
        Incident.objects.filter(pk=red.pk).update(drill=True)
    else:
        Incident.objects.filter(pk=red.pk).update(published_at=now, withdrawn_at=now)
        Delivery.objects.filter(incident=red).update(audience="public")
        Endpoint.objects.update(confirmed_at=now)
    pass_time(61)
    sent = len(sink.mails)
    assert send.work().sent == 1
    (digest,) = sink.mails[sent:]
    assert "We know why Green fails." in text_of(digest)
    assert "We know why Red fails." not in text_of(digest)
    left_out = Delivery.objects.filter(incident=red).latest("communication_id")
    assert (left_out.state, left_out.skip_reason, left_out.digest_id) == ("skipped", why, None)
    owner = Tenant.objects.get()
    assert statements_told(owner, [green.pk]) == {each.pk for each in green.communications.all()}
    assert last(red).pk not in statements_told(owner, [red.pk])


def test_webhooks_get_one_event_with_all_that_a_digest_carries(
    operator: User, now: datetime, sink: Sink, settings: Settings
) -> None:
    settings.OUTBOUND_ALLOW = ["127.0.0.0/8"]
    owner = tenant("here", WEST)
    hook = Endpoint.objects.create(
        channel="webhook",
        address="http://127.0.0.1:1/",
        host="127.0.0.1",
        secret="whsec_c2VjcmV0",
        created_at=now,
    )
    rule(owner, HERE).action_groups.get().endpoints.set([hook])
    made = [declare(operator, now, title) for title in ("Red", "Green", "Blue")]
    Delivery.objects.update(state="sent", sent_at=timezone.now())
    for incident in made:
        update(incident, operator, now, f"We know why {incident.public_title} fails.")
    assert claims.claim(most=10, channel="webhook").deliveries == []
    pass_time(61)
    (delivery,) = claims.claim(most=10, channel="webhook").deliveries
    message = WebhookRenderer().compose(delivery)
    body = json.loads(message.event)
    assert message.id == str(delivery.uuid)
    events = [*body["data"]["told_along"], body["data"]]
    assert [each["title"] for each in events] == ["Red", "Green", "Blue"]
    assert len({each["id"] for each in events}) == 3


def test_a_long_digest_event_keeps_every_statement_and_says_what_it_left_out(
    operator: User, now: datetime, here: None
) -> None:
    made = [declare(operator, now, f"Incident {number}") for number in range(12)]
    Delivery.objects.update(state="sent", sent_at=timezone.now())
    for incident in made:
        update(incident, operator, now, "word " * 1000)
    claims.claim(most=50, channel="mail")
    pass_time(61)
    (delivery,) = claims.claim(most=50, channel="mail").deliveries
    message = WebhookRenderer().compose(delivery)
    data = json.loads(message.event)["data"]
    events = [*data["told_along"], data]
    assert len({each["id"] for each in events}) == 12
    assert len(message.event) < 20_000
    assert not any(each["text_complete"] for each in events)


def test_a_repeated_digest_says_the_same_again(
    three: list[Incident], operator: User, now: datetime, sink: Sink
) -> None:
    for incident in three:
        update(incident, operator, now, f"We know why {incident.public_title} fails.")
    send.work()
    pass_time(61)
    claims.claim(most=10, channel="mail")  # … and the worker is gone
    Delivery.objects.filter(state="sending").update(
        lease_until=timezone.now() - timedelta(seconds=1)
    )
    assert settlement.expire_leases() == 1
    send.work()
    assert "We know why Red fails." in text_of(sink.mails[-1])
    carrier = Delivery.objects.get(incident=three[2], communication__number=2)
    assert sink.mails[-1]["Message-ID"] == f"<{carrier.uuid}@status.example.com>"


def test_the_limit_counts_for_each_address_alone(
    three: list[Incident], operator: User, now: datetime, sink: Sink
) -> None:
    owner = tenant("there", WEST)
    assert owner.contact == endpoint("there@example.com")
    update(three[0], operator, now, "We know why.")
    assert send.work().sent == 1
    assert sink.receivers[-1] == "there@example.com"


def test_an_end_does_not_wait_for_a_digest_that_was_to_carry_an_older_word_of_it(
    three: list[Incident], operator: User, now: datetime, sink: Sink
) -> None:
    for incident in three:
        update(incident, operator, now, f"We know why {incident.public_title} fails.")
    send.work()
    # Blue's update is the digest, and waits for its hour; Red's was to go along with it.
    update(three[0], operator, now, "Red is over.", stage="resolved")
    tally = send.work(seconds=2)
    assert (tally.sent, tally.held) == (1, 0)
    assert "Red is over." in text_of(sink.mails[-1])
    assert states(three[0]) == ["sent", "superseded", "sent"]
    pass_time(61)
    assert send.work().sent == 1
    digest = text_of(sink.mails[-1])
    assert "We know why Green fails." in digest
    assert "We know why Red fails." not in digest


def test_what_is_claimed_too_early_rests_a_moment_before_it_is_claimed_again(
    operator: User, now: datetime, here: None
) -> None:
    made = declare(operator, now, "Red")
    # Another worker claimed the first between this one's look and its own claim.
    (other,) = claims.claim(most=1, channel="mail").deliveries
    update(made, operator, now, "Red is over.", stage="resolved")
    mine = uuid.uuid4()
    end = Delivery.objects.exclude(pk=other.pk).get()
    Delivery.objects.filter(pk=end.pk).update(
        state="sending", claim=mine, lease_until=other.lease_until, attempts=1
    )
    rate_limits.take_along(mine, [end.pk])
    assert states(made) == ["sending", "pending"]
    Delivery.objects.filter(pk=other.pk).update(
        state="sent", claim=None, lease_until=None, sent_at=timezone.now()
    )
    assert claims.claim(most=10, channel="mail").picked == 0
    pass_time(0.05)
    (again,) = claims.claim(most=10, channel="mail").deliveries
    assert (again.pk, again.attempts) == (end.pk, 1)


@pytest.mark.django_db(transaction=True)
def test_what_a_digest_under_claim_carries_is_not_called_superseded(
    three: list[Incident], operator: User, now: datetime
) -> None:
    red, _, blue = three
    for incident in three:
        update(incident, operator, now, f"We know why {incident.public_title} fails.")
    send.work()
    assert states(red) == ["sent", "in_digest"]
    carrier = Delivery.objects.get(incident=blue, communication__number=2)
    claimed, done = threading.Event(), threading.Event()

    def claim() -> None:
        with transaction.atomic():
            Delivery.objects.filter(pk=carrier.pk).update(
                state="sending", deferred="", claim=uuid.uuid4(), lease_until=timezone.now()
            )
            claimed.set()
            done.wait(30)
        connection.close()

    claimer = threading.Thread(target=claim)
    claimer.start()
    assert claimed.wait(30)
    try:
        update(red, operator, now, "Red is being mended.", stage="mitigating")
        assert states(red) == ["sent", "in_digest", "pending"]
    finally:
        done.set()
        claimer.join()
