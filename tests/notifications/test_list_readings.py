"""A list that was handed in is read by whoever comes first: seen from outside, stopped, and begun anew."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.db import Error, connection

from incidents.models import Incident
from incidents.services.incident import declare
from notifications import tasks, without_broker
from notifications.customers import list_readings
from notifications.models import CustomerSubscription, ListDraft, ListPiece, ListReading
from tests.conftest import declaration
from tests.notifications.cast import tenant

pytestmark = pytest.mark.usefixtures("catalogue")


@pytest.fixture
def incident(operator: User, now: datetime) -> Incident:
    for ref in ("contoso", "fabrikam", "litware"):
        tenant(ref, ("key-vault", "west-europe"))
    return declare(declaration=declaration(audience="unknown"), now=now, actor=operator)


def handed_in(
    incident: Incident, now: datetime, *pieces: bytes, name: str = "list.csv"
) -> ListReading:
    return list_readings.hand_in(
        incident_id=incident.pk,
        pieces=pieces,
        size=sum(map(len, pieces)),
        file_name=name,
        now=now,
        actor=User.objects.get(username="olga"),
    )


def drafted() -> set[str]:
    listed = CustomerSubscription.objects.filter(pk__in=ListDraft.objects.get().listed)
    return set(listed.values_list("ref", flat=True))


@contextmanager
def once_lines_are_read(statement: str) -> Iterator[None]:
    """While this lasts, the database does something as soon as the progress of a reading is noted."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION meanwhile() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$BEGIN {statement} RETURN NULL; END$$;"
            " CREATE TRIGGER meanwhile AFTER UPDATE OF lines_read ON notifications_listreading"
            " FOR EACH ROW WHEN (NEW.lines_read > 0) EXECUTE FUNCTION meanwhile()"
        )
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP FUNCTION meanwhile() CASCADE")


def test_a_file_in_pieces_becomes_a_draft_and_is_gone(incident: Incident, now: datetime) -> None:
    text = "﻿name,subscription\nMüller,contoso-1\n,fabrikam-1\n".encode()
    reading = handed_in(incident, now, *(text[at : at + 3] for at in range(0, len(text), 3)))

    assert list_readings.read(reading_id=reading.pk, now=now)

    draft = ListDraft.objects.get()
    assert (draft.file_name, draft.subscriptions, draft.added) == ("list.csv", 2, 2)
    assert str(draft.actor) == "olga"
    assert drafted() == {"contoso-1", "fabrikam-1"}
    assert not ListReading.objects.exists()
    assert not ListPiece.objects.exists()


def test_progress_is_noted_piece_by_piece(incident: Incident, now: datetime) -> None:
    reading = handed_in(incident, now, b"contoso-1\n!\n", b"fabrikam-1\n")
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE seen (bytes int, lines int, faults int)")
        noting = "INSERT INTO seen VALUES (NEW.bytes_read, NEW.lines_read, NEW.faults);"
        with once_lines_are_read(noting):
            list_readings.read(reading_id=reading.pk, now=now)
        cursor.execute("SELECT * FROM seen")
        seen = cursor.fetchall()
        cursor.execute("DROP TABLE seen")
    assert [row[:2] for row in seen][:2] == [(12, 2), (23, 3)]
    assert seen[-1][2] == 1


def test_faults_are_kept_with_the_file_and_its_content_is_not(
    incident: Incident, now: datetime
) -> None:
    reading = handed_in(incident, now, b"contoso-1\nnobody\n!\n" + b"?\n" * 150)

    assert list_readings.read(reading_id=reading.pk, now=now)

    reading.refresh_from_db()
    assert (reading.faults, reading.ended_at) == (152, now)
    assert reading.told[0].startswith("line 2: nobody is no known subscription")
    assert reading.told[-1] == "… and 52 more."
    assert not ListPiece.objects.exists()
    assert not ListDraft.objects.exists()
    assert not list_readings.read(reading_id=reading.pk, now=now)


def test_a_reading_that_is_stopped_leaves_nothing(incident: Incident, now: datetime) -> None:
    reading = handed_in(incident, now, b"contoso-1\n", b"fabrikam-1\n")

    with once_lines_are_read(
        "DELETE FROM notifications_listpiece; DELETE FROM notifications_listreading;"
    ):
        assert not list_readings.read(reading_id=reading.pk, now=now)

    assert not ListDraft.objects.exists()
    assert not list_readings.cancel(reading_id=reading.pk)


def test_stopping_before_it_began_is_in_time(incident: Incident, now: datetime) -> None:
    reading = handed_in(incident, now, b"contoso-1\n")
    assert list_readings.cancel(reading_id=reading.pk)
    assert not list_readings.read(reading_id=reading.pk, now=now)
    assert not ListPiece.objects.exists()


def test_another_file_takes_the_place_of_the_one_before(incident: Incident, now: datetime) -> None:
    first = handed_in(incident, now, b"contoso-1\n")
    second = handed_in(incident, now, b"fabrikam-1\n")

    assert not list_readings.read(reading_id=first.pk, now=now)
    assert list_readings.read(reading_id=second.pk, now=now)

    assert drafted() == {"fabrikam-1"}


@pytest.mark.django_db(transaction=True)
def test_who_reads_may_vanish_and_the_next_begins_anew(incident: Incident, now: datetime) -> None:
    reading = handed_in(incident, now, b"contoso-1\n", b"fabrikam-1\n")

    with once_lines_are_read("PERFORM pg_terminate_backend(pg_backend_pid());"):
        with pytest.raises(Error):
            list_readings.read(reading_id=reading.pk, now=now)
        connection.close()
        assert not ListDraft.objects.exists()

    assert list_readings.read(reading_id=reading.pk, now=now)
    assert drafted() == {"contoso-1", "fabrikam-1"}


@pytest.mark.django_db(transaction=True)
def test_two_never_read_the_same_file(incident: Incident, now: datetime) -> None:
    reading = handed_in(incident, now, b"contoso-1\n")
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute(
                "SELECT pg_advisory_lock(%s, %s)", [list_readings.LOCK, reading.pk % 2**31]
            )
        assert not list_readings.read(reading_id=reading.pk, now=now)
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock_all()")
    finally:
        other.close()
    assert list_readings.read(reading_id=reading.pk, now=now)


def test_a_file_that_brings_down_whoever_reads_it_is_given_up(
    incident: Incident, now: datetime
) -> None:
    reading = handed_in(incident, now, b"contoso-1\n")
    ListReading.objects.update(tries=list_readings.TRIES)

    assert list_readings.read(reading_id=reading.pk, now=now)

    reading.refresh_from_db()
    assert reading.told == [list_readings.GIVEN_UP]
    assert list_readings.unread(since=now) == []


def test_without_workers_the_fallback_reads_what_has_waited(incident: Incident) -> None:
    now = datetime.now(UTC)
    handed_in(incident, now, b"contoso-1\n")
    without_broker.run_once(now=now)
    assert not ListDraft.objects.exists()
    without_broker.run_once(now=now + timedelta(minutes=1))
    assert drafted() == {"contoso-1"}


def test_a_task_reads_and_takes_arguments_of_a_later_version(
    incident: Incident, now: datetime
) -> None:
    reading = handed_in(incident, now, b"contoso-1\n")
    tasks.read_list(reading_id=reading.pk, colour="blue")
    tasks.read_list(reading_id=reading.pk)
    assert drafted() == {"contoso-1"}


def test_what_nobody_fetched_is_cleared_away_by_the_next_file(
    incident: Incident, now: datetime, operator: User
) -> None:
    other = declare(declaration=declaration(audience="unknown"), now=now, actor=operator)
    handed_in(other, now - timedelta(days=2), b"contoso-1\n")
    handed_in(incident, now, b"contoso-1\n")
    assert ListReading.objects.get().incident == incident
