"""What is owed is called to mind: once each, whenever the clock gets to look."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.mail import EmailMessage
from pytest_django.fixtures import Settings

from incidents.models import Incident, Reminder, RepairItem
from incidents.policy import PRESETS
from incidents.services.decisions.policies import adopt_policy
from incidents.services.incident import declare, post_update
from incidents.services.inputs import Changes, Statement
from incidents.services.reviews.repairs import change_repair
from incidents.services.reviews.review import Draft, Repair, Section, publish_review
from incidents.services.scheduled import reminders, retention
from notifications.delivery import reminder_mail
from tests.conftest import declaration, hit

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def broad(now: datetime, operator: User) -> Incident:
    """Public, mitigated at once: a Preliminary is due after 72 hours, a Final after 14 days."""
    incident = declare(
        declaration=declaration(
            hit("storage", "west-europe", extent="region"),
            hit("key-vault", "west-europe", extent="region"),
        ),
        now=now,
        actor=operator,
    )
    post_update(incident_id=incident.pk, stage="resolved", now=now, actor=operator)
    return incident


def made(now: datetime) -> list[tuple[str, int]]:
    return [(each.what, each.days_late) for each in reminders.remind(now=now)]


def test_a_promise_is_called_to_mind_once_before_it_is_due_and_once_it_is_missed(
    now: datetime, operator: User
) -> None:
    promise = Statement(next_update_by=now + HOUR)
    declare(declaration=declaration(statement=promise), now=now, actor=operator)
    assert made(now + HOUR * 0.8) == []
    assert made(now + HOUR * 0.9) == [("next-update", -1)]
    assert made(now + HOUR) == []
    assert made(now + 2 * HOUR) == [("next-update", 0)]
    assert made(now + 2 * HOUR) == []
    assert made(now + 2 * DAY) == []


def test_a_kept_promise_is_not(now: datetime, operator: User) -> None:
    promise = Statement(next_update_by=now + HOUR)
    incident = declare(declaration=declaration(statement=promise), now=now, actor=operator)
    post_update(
        incident_id=incident.pk,
        statement=Statement(targeted_text="Still working."),
        now=now + HOUR * 0.9,
        actor=operator,
    )
    assert made(now + HOUR * 1.2) == []


def test_words_for_the_affected_alone_keep_no_promise_to_the_public(
    now: datetime, operator: User
) -> None:
    def post(at: datetime, **words: Any) -> None:
        post_update(incident_id=incident.pk, statement=Statement(**words), now=at, actor=operator)

    cells = [hit(service, "west-europe", extent="region") for service in ("storage", "key-vault")]
    incident = declare(declaration=declaration(*cells), now=now, actor=operator)
    assert incident.published_at
    post(now, public_text="All is slow.", next_update_by=now + HOUR)
    post(now, targeted_text="Restart yours.", next_update_by=now + 2 * HOUR)
    assert made(now + HOUR * 0.9) == [("next-update", -1)]
    post(now + HOUR * 0.95, targeted_text="Restart again.", next_update_by=now + 3 * HOUR)
    assert made(now + HOUR * 1.1) == [("next-update", 0)], "the public was promised it, too"
    assert made(now + 2.9 * HOUR) == [("next-update", -1)]


def test_an_update_is_due_by_the_cadence_of_the_level_where_nobody_has_promised_one(
    now: datetime, operator: User
) -> None:
    incident = declare(declaration=declaration(level="error"), now=now, actor=operator)
    minute = timedelta(minutes=1)
    assert made(now + 23 * minute) == []
    assert made(now + 24 * minute) == [("next-update", -1)], "80 % of half an hour"
    assert made(now + 30 * minute) == []
    assert made(now + 31 * minute) == [("next-update", 0)]
    assert made(now + 50 * minute) == []

    said = now + 50 * minute
    promise = Statement(targeted_text="Still at it.", next_update_by=said + 3 * HOUR)
    post_update(incident_id=incident.pk, statement=promise, now=said, actor=operator)
    assert made(said + 2 * HOUR) == [], "readers were told another time"

    later = said + 3 * HOUR - minute
    post_update(
        incident_id=incident.pk,
        statement=Statement(targeted_text="And still."),
        changes=Changes(level="warning"),
        now=later,
        actor=operator,
    )
    assert made(later + 47 * minute) == []
    assert made(later + 48 * minute) == [("next-update", -1)], "an hour at Warning"
    post_update(incident_id=incident.pk, stage="resolved", now=later + HOUR, actor=operator)
    assert [what for what, _ in made(later + 5 * HOUR) if what == "next-update"] == []


def test_a_policy_without_a_cadence_asks_for_no_update(now: datetime, operator: User) -> None:
    adopt_policy(document=PRESETS["azure"].as_dict(), reason="As Azure.", now=now, actor=operator)
    declare(declaration=declaration(level="error"), now=now, actor=operator)
    assert made(now + DAY) == []


def test_planned_work_is_called_to_mind_at_its_start_and_at_its_end(
    now: datetime, operator: User
) -> None:
    plan = {"scheduled_for": now + HOUR, "scheduled_until": now + 3 * HOUR}
    work = declaration(kind="planned-maintenance", stage="planned", started_at=now + HOUR, **plan)
    incident = declare(declaration=work, now=now, actor=operator)
    assert made(now + HOUR * 0.9) == []
    assert made(now + HOUR) == [("maintenance-start", 0)]
    assert made(now + 2 * HOUR) == []
    post_update(incident_id=incident.pk, stage="in-progress", now=now + 2 * HOUR, actor=operator)
    assert made(now + 3 * HOUR) == [("maintenance-end", 0)]
    assert made(now + 3 * HOUR + DAY) == [("maintenance-end", 1)]
    post_update(incident_id=incident.pk, stage="complete", now=now + 2 * DAY, actor=operator)
    assert [what for what, _ in made(now + 4 * DAY) if what.startswith("maintenance")] == []


def test_what_follows_its_plan_needs_no_reminder(now: datetime, operator: User) -> None:
    plan = {"scheduled_for": now + HOUR, "scheduled_until": now + 3 * HOUR}
    work = declaration(
        kind="planned-maintenance",
        stage="planned",
        started_at=now + HOUR,
        follows_plan=True,
        **plan,
    )
    declare(declaration=work, now=now, actor=operator)
    assert made(now + 2 * HOUR) == made(now + 4 * HOUR) == []


def test_a_review_is_called_to_mind_before_it_is_due_and_each_day_it_is_late(
    broad: Incident, now: datetime
) -> None:
    assert made(now + 47 * HOUR) == []
    assert made(now + 49 * HOUR) == [("preliminary", -1)]
    assert made(now + 50 * HOUR) == []
    assert made(now + 73 * HOUR) == [("preliminary", 0)]
    assert made(now + 73 * HOUR + DAY) == [("preliminary", 1)]
    assert ("final", -1) in made(now + 13 * DAY)


def test_a_clock_that_stood_still_for_days_reminds_once(broad: Incident, now: datetime) -> None:
    assert made(now + 9 * DAY) == [("preliminary", 6)]
    assert made(now + 8 * DAY) == [("preliminary", 5)]


def test_a_published_review_ends_its_reminders(
    broad: Incident, now: datetime, operator: User
) -> None:
    draft = Draft(kind="final", sections=[Section("what", "What happened?", "A quorum was lost.")])
    publish_review(incident_id=broad.pk, draft=draft, now=now + HOUR, actor=operator)
    assert made(now + 20 * DAY) == []


def test_operators_get_one_mail_for_all_that_is_due(
    broad: Incident, now: datetime, operator: User, mailoutbox: list[EmailMessage]
) -> None:
    operator.email = "olga@example.com"
    operator.save()
    reminders.remind(now=now + 13 * DAY)
    assert reminder_mail.mail_reminders(now=now + 13 * DAY) == 2
    (mail,) = mailoutbox
    assert mail.to == ["olga@example.com"]
    assert f"/admin/desk/{broad.tracking_id}/" in mail.body
    assert mail.subject == "2 things are due at the incident desk"
    assert reminder_mail.mail_reminders(now=now + 13 * DAY) == 0
    assert not Reminder.objects.filter(mailed_at=None).exists()


@pytest.mark.parametrize(
    ("days_late", "words"),
    [
        (-1, "Preliminary review is due soon"),
        (0, "Preliminary review was due"),
        (2, "Preliminary review is overdue"),
    ],
)
def test_a_mail_about_one_thing_says_in_its_subject_how_late_it_is(
    broad: Incident,
    now: datetime,
    settings: Settings,
    mailoutbox: list[EmailMessage],
    days_late: int,
    words: str,
) -> None:
    settings.OPERATORS_MAIL = ["olga@example.com"]
    Reminder.objects.create(
        incident=broad, what="preliminary", days_late=days_late, due_at=now, made_at=now
    )
    assert reminder_mail.mail_reminders(now=now) == 1
    (mail,) = mailoutbox
    assert mail.subject == f"[{broad.tracking_id}] {words}"
    assert f"{words}: " in mail.body
    assert mail.body.startswith(f"{broad.tracking_id} {broad.public_title}\n")


def test_a_mail_names_an_incident_as_its_own_people_do(
    broad: Incident, now: datetime, settings: Settings, mailoutbox: list[EmailMessage]
) -> None:
    settings.OPERATORS_MAIL = ["olga@example.com"]
    Incident.objects.update(internal_title="Quorum lost in WEU")
    Reminder.objects.create(incident=broad, what="final", days_late=0, due_at=now, made_at=now)
    reminder_mail.mail_reminders(now=now)
    (mail,) = mailoutbox
    assert mail.body.startswith(f"{broad.tracking_id} Quorum lost in WEU\n")


def test_public_entries_leave_after_five_years_and_their_address_says_why(
    broad: Incident, now: datetime
) -> None:
    assert retention.expire(now=now + 5 * 365 * DAY) == []
    assert retention.expire(now=now + 5 * 366 * DAY) == [broad.tracking_id]
    assert retention.expire(now=now + 5 * 366 * DAY) == []
    gone = Incident.objects.gone().get()
    assert "end of the time" in gone.withdrawal_reason


def test_repair_items_are_called_to_mind_at_the_end_of_their_month_and_each_week_from_then_on(
    broad: Incident, now: datetime, operator: User
) -> None:
    items = [
        Repair("A second path", due="2026-04"),
        Repair("An alarm", state="done", due="2026-04"),
    ]
    draft = Draft("final", [Section("what", "What?", "It failed.")], repairs=items)
    publish_review(incident_id=broad.pk, draft=draft, now=now, actor=operator)
    may = datetime(2026, 5, 1, tzinfo=UTC)
    assert made(may - 8 * DAY) == []
    assert made(may - 7 * DAY) == [("repair", -1)]
    assert made(may - DAY) == []
    assert made(may) == [("repair", 0)]
    assert made(may + 6 * DAY) == []
    assert made(may + 8 * DAY) == [("repair", 7)]
    assert made(may + 99 * DAY) == []
    change_repair(
        repair_id=RepairItem.objects.get(state="planned").pk, state="done", owner="", due=""
    )
    assert made(may + 15 * DAY) == []
