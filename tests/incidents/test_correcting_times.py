"""A start or an end that turned out to be another, after it had been published."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction

from incidents.models import Impact, Incident, TimeVersion
from incidents.services.corrections import correct_times, reschedule
from incidents.services.errors import EntryError
from incidents.services.incident import declare, post_update
from incidents.services.inputs import Statement
from tests.conftest import declaration, hit

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]

HOUR = timedelta(hours=1)


@pytest.fixture
def over(now: datetime, operator: User) -> Incident:
    """Broad and public, from 09:00 to 10:30."""
    broad = declaration(
        hit("storage", "west-europe", extent="region"),
        hit("key-vault", "west-europe", extent="region"),
    )
    incident = declare(declaration=broad, now=now, actor=operator)
    post_update(incident_id=incident.pk, stage="resolved", now=now + HOUR, actor=operator)
    incident.refresh_from_db()
    return incident


@pytest.fixture
def maintenance(now: datetime, operator: User) -> Incident:
    planned = declaration(
        kind="planned-maintenance",
        stage="planned",
        started_at=now + HOUR,
        scheduled_for=now + HOUR,
        scheduled_until=now + 2 * HOUR,
    )
    return declare(declaration=planned, now=now, actor=operator)


def test_the_corrected_start_is_published_and_the_former_one_is_kept(
    over: Incident, now: datetime, operator: User
) -> None:
    former, start = over.started_at, over.started_at - timedelta(minutes=20)
    said = correct_times(
        incident_id=over.pk,
        started_at=start,
        reason="The first errors were found in the logs.",
        now=now + 2 * HOUR,
        actor=operator,
    )
    over.refresh_from_db()
    assert over.started_at == start
    assert set(Impact.objects.values_list("started_at", flat=True)) == {start}
    assert said.kind == "correction"
    assert said.public_at is not None
    assert said.public_text == (
        "Correction: this incident began at 08:40 UTC on 1 March 2026, not at 09:00 UTC on"
        " 1 March 2026, as we stated before."
    )
    kept = TimeVersion.objects.get()
    assert (kept.what, kept.before, kept.after) == ("start", former, start)
    assert (kept.actor, kept.reason) == (operator, "The first errors were found in the logs.")


def test_review_clocks_count_from_the_corrected_end(
    over: Incident, now: datetime, operator: User
) -> None:
    end = now + timedelta(minutes=30)
    correct_times(
        incident_id=over.pk, ended_at=end, reason="Metrics.", now=now + 2 * HOUR, actor=operator
    )
    over.refresh_from_db()
    assert over.mitigated_at == end
    assert set(Impact.objects.values_list("ended_at", flat=True)) == {end}


def test_both_times_are_corrected_in_one_statement(
    over: Incident, now: datetime, operator: User
) -> None:
    said = correct_times(
        incident_id=over.pk,
        started_at=now - timedelta(minutes=10),
        ended_at=now + timedelta(minutes=10),
        reason="Metrics.",
        now=now + 2 * HOUR,
        actor=operator,
    )
    assert "began at 09:20 UTC" in said.public_text
    assert "ended at 09:40 UTC" in said.public_text
    assert TimeVersion.objects.count() == 2


def test_impossible_times_are_refused_and_nothing_is_kept(
    over: Incident, now: datetime, operator: User
) -> None:
    def refused(start: datetime | None = None, end: datetime | None = None) -> str:
        with pytest.raises(EntryError) as error:
            correct_times(
                incident_id=over.pk,
                started_at=start,
                ended_at=end,
                reason="So.",
                now=now + 2 * HOUR,
                actor=operator,
            )
        return str(error.value)

    assert "had recovered" in refused(start=now + timedelta(minutes=90))
    assert "was hit" in refused(end=now - HOUR)
    assert "in the future" in refused(end=now + 3 * HOUR)
    assert "as they were" in refused(start=over.started_at)
    assert not TimeVersion.objects.exists()


def test_what_is_not_over_has_no_end_to_correct(now: datetime, operator: User) -> None:
    incident = declare(declaration=declaration(), now=now, actor=operator)
    with pytest.raises(EntryError, match="is not over"):
        correct_times(incident_id=incident.pk, ended_at=now, reason="So.", now=now, actor=operator)


def test_a_correction_needs_a_reason(over: Incident, now: datetime, operator: User) -> None:
    with pytest.raises(EntryError, match="write why"):
        correct_times(
            incident_id=over.pk,
            started_at=now - HOUR,
            reason=" ",
            now=now + 2 * HOUR,
            actor=operator,
        )


def test_a_maintenance_is_planned_for_another_time(
    maintenance: Incident, now: datetime, operator: User
) -> None:
    said = reschedule(
        incident_id=maintenance.pk,
        scheduled_for=now + 5 * HOUR,
        scheduled_until=now + 6 * HOUR,
        reason="The parts are late.",
        now=now,
        actor=operator,
        statement=Statement(targeted_text="Your stamps follow at the new time."),
    )
    maintenance.refresh_from_db()
    assert (maintenance.scheduled_for, maintenance.started_at) == (now + 5 * HOUR,) * 2
    assert (said.stage, said.targeted_text) == (
        "rescheduled",
        "Your stamps follow at the new time.",
    )
    assert (
        "now planned for another time, from 14:30 UTC to 15:30 UTC on 1 March" in said.public_text
    )
    assert TimeVersion.objects.count() == 2


def test_a_maintenance_is_not_moved_into_the_past_nor_before_its_own_start(
    maintenance: Incident, now: datetime, operator: User
) -> None:
    def refused(start: datetime, end: datetime | None) -> str:
        with pytest.raises(EntryError) as error:
            reschedule(
                incident_id=maintenance.pk,
                scheduled_for=start,
                scheduled_until=end,
                reason="So.",
                now=now,
                actor=operator,
            )
        return str(error.value)

    assert "is over" in refused(now - HOUR, None)
    assert "ends before it starts" in refused(now + 3 * HOUR, now + 2 * HOUR)
    assert "that time already" in refused(now + HOUR, now + 2 * HOUR)


def test_an_incident_is_not_rescheduled(over: Incident, now: datetime, operator: User) -> None:
    with pytest.raises(EntryError, match="no planned maintenance"):
        reschedule(
            incident_id=over.pk,
            scheduled_for=now + HOUR,
            scheduled_until=None,
            reason="So.",
            now=now,
            actor=operator,
        )


@pytest.mark.parametrize(
    "attempt",
    [
        "UPDATE incidents_timeversion SET reason = 'it was different'",
        "DELETE FROM incidents_timeversion",
        "UPDATE incidents_communication SET public_text = 'we never said that'",
        "DELETE FROM incidents_communication",
    ],
)
def test_what_was_stated_can_be_neither_changed_nor_deleted(
    over: Incident, now: datetime, operator: User, attempt: str
) -> None:
    correct_times(
        incident_id=over.pk,
        started_at=now - HOUR,
        reason="Logs.",
        now=now + 2 * HOUR,
        actor=operator,
    )
    with (
        pytest.raises(IntegrityError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(attempt)
