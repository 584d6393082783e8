"""To whom the notice of a dead way goes, when it is tried again, and when it is let be."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction

from notifications.channels import endpoints
from notifications.channels.base import Message, TransportError
from notifications.delivery import contact_notices, kill_switch
from notifications.delivery.contact_notices import GIVE_UP_AFTER, KEEP
from notifications.models import ContactNotice, Endpoint, Membership, Person, Tenant
from notifications.vocabulary.delivery_states import Failure
from tests.notifications.cast import rule, tenant
from tests.notifications.conftest import Sink, text_of

pytestmark = pytest.mark.usefixtures("catalogue")

WEST = ("key-vault", "west-europe")
MOMENT = timedelta(microseconds=1)


@pytest.fixture
def nordwind() -> Tenant:
    """Its contact, and a rule that leads to ops@."""
    made = tenant("nordwind", WEST)
    rule(made, "ops@example.net")
    return made


def ops() -> Endpoint:
    return Endpoint.objects.get(address="ops@example.net")


def owner(of: Tenant, email: str, now: datetime) -> None:
    person = Person.objects.create(email=email, created_at=now)
    Membership.objects.create(tenant=of, person=person, role="owner")


def noted(now: datetime, *, what: str = "suppressed", of: str = "ops@example.net") -> ContactNotice:
    """A notice that is due."""
    return ContactNotice.objects.create(
        endpoint=Endpoint.objects.get(address=of),
        tenant=Tenant.objects.order_by("id")[0],
        what=what,
        since=now,
        next_attempt_at=now,
    )


def refreshed(notice: ContactNotice) -> tuple[datetime | None, datetime | None]:
    notice.refresh_from_db()
    return notice.sent_at, notice.next_attempt_at


def test_what_was_told_is_on_record_with_its_time(
    nordwind: Tenant, now: datetime, sink: Sink
) -> None:
    notice = noted(now)
    assert contact_notices.send_due(now=now) == 1
    assert refreshed(notice) == (now, None)


def test_an_address_that_never_takes_it_keeps_the_notice_from_nobody_else(
    nordwind: Tenant, now: datetime, sink: Sink
) -> None:
    owner(nordwind, "olga@example.org", now)
    sink.answers["nordwind@example.com"] = "550 5.1.1 no such user"
    notice = noted(now)
    assert contact_notices.send_due(now=now) == 1
    assert sink.receivers == ["olga@example.org"]
    assert refreshed(notice) == (now, None)


def test_whoever_was_told_is_not_told_again_because_another_address_refuses_for_now(
    nordwind: Tenant, now: datetime, sink: Sink
) -> None:
    owner(nordwind, "olga@example.org", now)
    sink.answers["olga@example.org"] = "452 4.2.2 mailbox full"
    noted(now)
    for hours in range(3):
        contact_notices.send_due(now=now + timedelta(hours=hours))
    assert sink.receivers == ["nordwind@example.com"]


def test_a_notice_that_nobody_ever_takes_is_let_be_and_the_next_one_leaves(
    nordwind: Tenant, now: datetime, sink: Sink, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    rule(tenant("there", WEST), "ops@there.example.net")
    sink.answers["nordwind@example.com"] = "550 5.1.1 no such user"
    refused = noted(now - MOMENT)
    taken = noted(now, of="ops@there.example.net")
    ContactNotice.objects.filter(pk=taken.pk).update(tenant=Tenant.objects.get(ref="there"))
    assert contact_notices.send_due(now=now) == 1
    assert sink.receivers == ["there@example.com"]
    assert refreshed(refused) == (None, None)
    assert f"contact notice {refused.pk} was not taken: permanent" in caplog.text


class DeadRelay:
    """Nobody is there, until there is."""

    def __init__(self) -> None:
        self.tries = 0

    def send(self, message: Message, *_: object, **__: object) -> str:
        self.tries += 1
        raise TransportError(Failure.UNREACHABLE, "connection refused")

    def close(self) -> None:
        """It keeps no connection."""


def test_a_relay_that_is_not_there_is_asked_once_and_all_of_it_waits(
    nordwind: Tenant, now: datetime, sink: Sink
) -> None:
    owner(nordwind, "olga@example.org", now)
    noted(now)
    noted(now, what="left")
    relay = DeadRelay()
    assert contact_notices.send_due(now=now, transport=relay) == 0
    assert relay.tries == 1
    later = now + timedelta(minutes=5)
    assert ContactNotice.objects.filter(sent_at=None, next_attempt_at__lte=later).count() == 2
    assert contact_notices.send_due(now=later) == 2
    assert sink.receivers == ["nordwind@example.com", "olga@example.org"] * 2


@pytest.mark.parametrize(
    ("age", "is_tried_on"), [(GIVE_UP_AFTER, True), (GIVE_UP_AFTER + MOMENT, False)]
)
def test_after_two_days_of_no_for_now_a_notice_is_let_be(
    nordwind: Tenant, now: datetime, sink: Sink, age: timedelta, is_tried_on: bool
) -> None:
    sink.answers["nordwind@example.com"] = "451 4.2.1 try later"
    notice = noted(now)
    contact_notices.send_due(now=now + age)
    sent_at, next_attempt_at = refreshed(notice)
    assert sent_at is None
    assert (next_attempt_at is not None) is is_tried_on


def test_what_is_over_is_kept_for_ninety_days_and_what_waits_is_kept(
    nordwind: Tenant, now: datetime, operator: User
) -> None:
    kill_switch.stop(reason="Nothing leaves in this test.", now=now, actor=operator)
    over, waiting = noted(now), noted(now, what="left")
    ContactNotice.objects.filter(pk=over.pk).update(next_attempt_at=None)
    contact_notices.send_due(now=now + KEEP)
    assert ContactNotice.objects.count() == 2
    contact_notices.send_due(now=now + KEEP + MOMENT)
    assert ContactNotice.objects.get() == waiting


def test_while_sending_is_stopped_no_notice_leaves_and_all_of_them_after(
    nordwind: Tenant, now: datetime, operator: User, sink: Sink
) -> None:
    noted(now)
    kill_switch.stop(reason="Wrong texts.", now=now, actor=operator)
    assert contact_notices.send_due(now=now) == 0
    assert sink.receivers == []
    kill_switch.release(now=now, actor=operator)
    assert contact_notices.send_due(now=now) == 1


def test_each_of_those_who_are_told_has_a_mail_with_an_id_of_its_own_that_stays_the_same(
    nordwind: Tenant, now: datetime, sink: Sink
) -> None:
    owner(nordwind, "olga@example.org", now)
    notice = noted(now)
    contact_notices.send_due(now=now)
    ContactNotice.objects.filter(pk=notice.pk).update(next_attempt_at=now)  # its worker was killed
    contact_notices.send_due(now=now)
    first, second, *again = [str(mail["Message-ID"]) for mail in sink.mails]
    assert first != second
    assert again == [first, second]


def test_a_contact_that_fails_is_not_told_of_itself(
    nordwind: Tenant, now: datetime, sink: Sink
) -> None:
    noted(now, what="failing", of="nordwind@example.com")
    contact_notices.send_due(now=now)
    assert sink.receivers == ["ops@example.net"]


def test_an_owner_who_reads_the_dead_address_is_told_nothing_there(
    nordwind: Tenant, now: datetime, sink: Sink
) -> None:
    owner(nordwind, "Ops@Example.net", now)
    noted(now)
    contact_notices.send_due(now=now)
    assert sink.receivers == ["nordwind@example.com"]


@pytest.mark.parametrize("gone", ["suppressed_at", "left_alerts_at", "erased_at"])
def test_who_is_gone_as_well_is_not_told(
    nordwind: Tenant, now: datetime, sink: Sink, gone: str
) -> None:
    endpoints.create(channel="mail", address="own@example.net", tenant=nordwind, now=now)
    changes = {gone: now, "suppressed_because": "gone" if gone == "suppressed_at" else ""}
    Endpoint.objects.filter(address="ops@example.net").update(**changes)
    noted(now, of="nordwind@example.com")
    contact_notices.send_due(now=now)
    assert sink.receivers == ["own@example.net"]


def test_of_two_ways_that_end_in_the_same_moment_both_are_told(
    nordwind: Tenant, now: datetime
) -> None:
    rule(nordwind, "night@example.net")
    Endpoint.objects.exclude(address="nordwind@example.com").update(left_alerts_at=now)
    assert contact_notices.find(now=now) == 2
    assert set(ContactNotice.objects.values_list("endpoint__address", flat=True)) == {
        "ops@example.net",
        "night@example.net",
    }


def test_that_an_address_fails_keeps_nobody_from_being_asked_whether_its_alerts_shall_end(
    nordwind: Tenant, now: datetime
) -> None:
    noted(now, what="failing")
    contact_notices.ask_to_confirm(ops(), now=now)
    assert ContactNotice.objects.filter(what="leaving").count() == 1


def test_the_question_names_all_that_would_end_by_tenant_in_the_language_of_the_address(
    now: datetime, sink: Sink
) -> None:
    for name in ("beta", "alpha"):
        made = rule(tenant(name, WEST), "ops@example.net")
        made.name = "z" if name == "alpha" else "a"
        made.save()
    Endpoint.objects.filter(address="ops@example.net").update(language="de")
    contact_notices.ask_to_confirm(ops(), now=now)
    notice = ContactNotice.objects.get()
    for _ in range(2):  # killed after the first
        ContactNotice.objects.update(next_attempt_at=now)
        contact_notices.send_due(now=now)
    assert {str(mail["Message-ID"]) for mail in sink.mails} == {
        f"<{notice.uuid}@status.example.com>"
    }
    text = " ".join(text_of(sink.mails[0]).split())
    assert "Was enden würde:" in text
    assert text.index("„z“ von Alpha") < text.index("„a“ von Beta")


def meanwhile(act: Callable[[], object], until: Callable[[], bool]) -> threading.Thread:
    """Another process: it has acted, and ends its transaction once `until` says so."""
    acted = threading.Event()

    def run() -> None:
        with transaction.atomic():
            act()
            acted.set()
            end = time.monotonic() + 30
            while not until() and time.monotonic() < end:
                time.sleep(0.01)
        connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    assert acted.wait(30)
    return thread


def somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
        return bool(cursor.fetchone()[0])


@pytest.mark.django_db(transaction=True)
def test_two_who_look_at_once_note_a_dead_way_once(nordwind: Tenant, now: datetime) -> None:
    Endpoint.objects.filter(pk=ops().pk).update(suppressed_at=now, suppressed_because="gone")
    other = meanwhile(lambda: contact_notices.find(now=now), somebody_waits)
    contact_notices.find(now=now)
    other.join()
    assert ContactNotice.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_who_sends_notices_waits_for_nobody_who_does_the_same(
    nordwind: Tenant, now: datetime, sink: Sink
) -> None:
    mine, others = noted(now), noted(now, what="left")
    done = threading.Event()

    def take() -> None:
        ContactNotice.objects.select_for_update().get(pk=others.pk)

    other = meanwhile(take, done.is_set)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '1s'")
        assert contact_notices.send_due(now=now) == 1
    finally:
        done.set()
        other.join()
        connection.close()
    assert refreshed(mine) == (now, None)
    assert refreshed(others) == (None, now)
