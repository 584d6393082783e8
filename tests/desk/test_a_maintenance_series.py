"""Planned work: what repeats, what is reminded of, what is in the way, and what takes longer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from incidents.models import Incident, ScheduledPost
from incidents.services.corrections import extend, reschedule
from incidents.services.errors import EntryError
from incidents.services.incident import declare, post_update
from incidents.services.scheduled import posts
from incidents.services.scheduled.maintenance import remind_receivers
from incidents.services.scheduled.series import windows_of
from tests.conftest import declaration, hit
from tests.desk.conftest import NEW, Form, publish, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
START = (datetime.now(UTC) + 20 * DAY).replace(hour=9, minute=0, second=0, microsecond=0)


@pytest.fixture
def plan(form: Form) -> Form:
    return form | {
        "kind": "planned-maintenance",
        "public_text": "",
        "targeted_text": "",
        "next_update_by": "",
        "scheduled_for": f"{START:%Y-%m-%d %H:%M}",
        "scheduled_until": f"{START + 2 * HOUR:%Y-%m-%d %H:%M}",
        "repeats": "FREQ=WEEKLY;COUNT=3",
        "announce_days": "7",
    }


def test_each_window_is_announced_days_ahead(desk: Client, plan: Form) -> None:
    assert "3 windows" in text_of(desk.post(NEW, plan))
    publish(desk, plan)
    assert Incident.objects.get().scheduled_for == START
    assert [each.due_at for each in posts.later()] == [START, START + 7 * DAY]
    assert "The first notice of" in text_of(desk.get("/admin/desk/"))
    assert posts.send_due(now=START - timedelta(minutes=1)) == []
    posts.send_due(now=START)
    second = Incident.objects.latest("id")
    assert (second.scheduled_for, second.scheduled_until) == (START + 7 * DAY, START + 7 * DAY + 2 * HOUR)  # fmt: skip
    assert second.stage == "planned"


def test_the_series_can_be_taken_back_as_one(desk: Client, plan: Form, settings: Any) -> None:
    settings.UNDO_SECONDS = 30
    publish(desk, plan)
    waits = ScheduledPost.objects.get()
    back = desk.post(f"/admin/desk/scheduled/{waits.pk}/", {"do": "take-back"})
    assert "FREQ=WEEKLY;COUNT=3" in desk.get(back["Location"]).content.decode()
    posts.send_due(now=START)
    assert not Incident.objects.exists()


def test_one_window_is_cancelled_by_itself(desk: Client, plan: Form) -> None:
    publish(desk, plan)
    first = posts.later()[0]
    back = desk.post(f"/admin/desk/scheduled/{first.pk}/", {"do": "take-back"})
    page = desk.get(back["Location"]).content.decode()
    assert f"{START + 7 * DAY:%Y-%m-%d %H:%M}" in page
    assert len(posts.later()) == 1


def test_all_windows_that_are_not_announced_are_cancelled_at_once(desk: Client, plan: Form) -> None:
    publish(desk, plan)
    other = plan | {"repeats": "FREQ=WEEKLY;COUNT=2", "public_title": "Another one"}
    publish(desk, other)
    assert [each.windows for each in posts.later()].count(2) == 2
    assert "Cancel all 2 windows" in text_of(desk.get("/admin/desk/"))
    first = next(each for each in posts.later() if each.windows == 2)
    answer = desk.post(f"/admin/desk/scheduled/{first.pk}/", {"do": "cancel-series"}, follow=True)
    assert "2 windows are cancelled" in text_of(answer)
    assert len(posts.later()) == 1, "the other series goes on"
    assert "Cancel all" not in text_of(desk.get("/admin/desk/"))
    posts.send_due(now=START)
    assert Incident.objects.count() == 3


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ("every week", "is no recurrence rule of RFC 5545; write FREQ=WEEKLY;COUNT=4"),
        ("FREQ=WEEKLY", "goes on for more than 52 windows or a year; add COUNT= or UNTIL="),
        ("FREQ=YEARLY;COUNT=3", "goes on for more than 52 windows or a year"),
        ("FREQ=MINUTELY;COUNT=3", "is more often than daily"),
        ("FREQ=DAILY;COUNT=3;BYHOUR=9,10", "begins anew before a window is over"),
        ("FREQ=MONTHLY;BYDAY=1XX;COUNT=3", "is no recurrence rule"),
        ("FREQ=WEEKLY;UNTIL=20200101T000000Z", "begins never"),
        ("x" * 500, "is no single rule"),
        ("FREQ=WEEKLY;COUNT=4\nFREQ=DAILY;COUNT=2", "is no single rule"),
    ],
)
def test_a_rule_that_cannot_be_followed_is_refused(rule: str, says: str) -> None:
    with pytest.raises(EntryError, match=says.replace("=", "=")):
        windows_of(rule, START, START + 2 * HOUR)


def test_a_rule_that_begins_another_day_is_refused(desk: Client, plan: Form) -> None:
    another = {0: "TU"}.get(START.weekday(), "MO")
    answer = desk.post(NEW, plan | {"repeats": f"FREQ=WEEKLY;BYDAY={another};COUNT=3"})
    assert answer.status_code == 422
    assert "make them agree" in text_of(answer)


def test_a_window_that_is_over_is_refused(desk: Client, plan: Form) -> None:
    now = datetime.now(UTC)
    with pytest.raises(EntryError, match="is over: nothing can be planned for then"):
        declare(
            declaration=declaration(
                hit("storage", "west-europe"),
                kind="planned-maintenance",
                stage="planned",
                started_at=now - 3 * HOUR,
                scheduled_for=now - 3 * HOUR,
                scheduled_until=now - HOUR,
            ),
            now=now,
        )


@pytest.fixture
def planned(catalogue: None, operator: User, now: datetime) -> Incident:
    return declare(
        declaration=declaration(
            hit("key-vault", "west-europe"),
            kind="planned-maintenance",
            stage="planned",
            started_at=now + 2 * DAY,
            scheduled_for=now + 2 * DAY,
            scheduled_until=now + 2 * DAY + HOUR,
            remind_before=24 * 60,
        ),
        now=now,
        actor=operator,
    )


def test_receivers_are_reminded_once(planned: Incident, now: datetime) -> None:
    assert remind_receivers(now=now + DAY - HOUR) == []
    assert remind_receivers(now=now + DAY) == [planned.tracking_id]
    assert remind_receivers(now=now + DAY + HOUR) == []
    said = planned.communications.get(number=2)
    assert "is planned from" in said.targeted_text
    assert planned.stage == "planned"


def test_a_reminder_follows_another_plan(planned: Incident, now: datetime, operator: User) -> None:
    reschedule(
        incident_id=planned.pk,
        scheduled_for=now + 4 * DAY,
        scheduled_until=now + 4 * DAY + HOUR,
        reason="The vendor asked.",
        now=now + HOUR,
        actor=operator,
    )
    assert remind_receivers(now=now + DAY + HOUR) == []
    assert remind_receivers(now=now + 3 * DAY) == [planned.tracking_id]


def test_what_takes_longer_says_so(planned: Incident, now: datetime, operator: User) -> None:
    at = now + 2 * DAY
    with pytest.raises(EntryError, match="no maintenance in progress"):
        extend(incident_id=planned.pk, scheduled_until=at, reason="x", now=now, actor=operator)
    post_update(incident_id=planned.pk, stage="in-progress", now=at, actor=operator)
    later = at + 3 * HOUR
    said = extend(
        incident_id=planned.pk,
        scheduled_until=later,
        reason="A disk.",
        now=at + HOUR,
        actor=operator,
    )
    planned.refresh_from_db()
    assert planned.scheduled_until == later
    assert f"planned to end at {later:%H:%M} UTC" in said.targeted_text
    assert planned.time_versions.get().reason == "A disk."


def test_what_is_in_the_way_is_pointed_out(
    desk: Client, plan: Form, targeted: Incident, operator: User
) -> None:
    """An open issue on the cell, and another maintenance at that time; none at another time."""
    only = plan | {"repeats": ""}
    words = text_of(desk.post(NEW, only))
    assert f"At that time on these cells: {targeted.public_title}" in words
    publish(desk, only | {"public_title": "New racks"})
    assert "New racks (Key Vault in West Europe), planned maintenance" in text_of(
        desk.post(NEW, only)
    )
    next_month = START + 30 * DAY
    other = only | {
        "scheduled_for": f"{next_month:%Y-%m-%d %H:%M}",
        "scheduled_until": f"{next_month + HOUR:%Y-%m-%d %H:%M}",
    }
    assert "New racks (" not in text_of(desk.post(NEW, other))
