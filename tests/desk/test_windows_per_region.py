"""A maintenance with other times in other regions, and a series as a whole: moved, called off; no window is past."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from incidents.models import Communication, Incident
from incidents.services.scheduled import posts
from incidents.services.scheduled.maintenance import follow_plans
from notifications.channels.email.calendar import event_of
from notifications.delivery.plan import plan_due
from notifications.models import Delivery
from tests.desk.conftest import NEW, Form, publish, sent_by, text_of
from tests.notifications.cast import tenant

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
START = (datetime.now(UTC) + 20 * DAY).replace(hour=9, minute=0, second=0, microsecond=0)


def at(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"


@pytest.fixture
def plan(form: Form) -> Form:
    """West Europe as above, North Europe a day later, and as long."""
    return form | {
        "kind": "planned-maintenance",
        "public_text": "New racks, {window}.",
        "targeted_text": "",
        "next_update_by": "",
        "regions": ["west-europe", "north-europe"],
        "scheduled_for": at(START),
        "scheduled_until": at(START + 2 * HOUR),
        "follows_plan": "on",
        "from-north-europe": at(START + DAY),
        "announce_days": "7",
    }


def windows() -> list[tuple[str, datetime | None, datetime | None]]:
    return [
        (
            one.occurrences.get().impacts.get().region.slug,
            one.scheduled_for,
            one.scheduled_until,
        )
        for one in Incident.objects.order_by("scheduled_for")
    ]


def test_each_region_has_its_own_window(desk: Client, plan: Form) -> None:
    preview = desk.post(NEW, plan)
    words = text_of(preview)
    assert "2 windows" in words
    assert f"planned from {START:%-d %b %Y %H:%M} UTC" in words
    assert f"North Europe: {START + DAY:%a}" in words
    published = desk.post(NEW, sent_by(preview, NEW) | {"step": "publish"})
    assert windows() == [
        ("west-europe", START, START + 2 * HOUR),
        ("north-europe", START + DAY, START + DAY + 2 * HOUR),
    ]
    first, second = Incident.objects.order_by("scheduled_for")
    assert first.series == second.series == first.tracking_id
    assert second.tracking_id in text_of(desk.get(published["Location"]))


def test_mail_and_calendar_speak_of_the_window_of_the_region(desk: Client, plan: Form) -> None:
    publish(desk, plan)
    second = Incident.objects.latest("scheduled_for").communications.get()
    assert f"{START + DAY:%-d %B %Y}" in second.public_text
    calendar = event_of(second, public=False).decode()
    assert f"DTSTART:{START + DAY:%Y%m%dT%H%M%SZ}" in calendar


def test_each_region_begins_and_ends_by_itself(desk: Client, plan: Form) -> None:
    publish(desk, plan)
    first, second = Incident.objects.order_by("scheduled_for")
    assert follow_plans(now=START) == [first.tracking_id]
    assert follow_plans(now=START + 2 * HOUR) == [first.tracking_id]
    assert follow_plans(now=START + DAY) == [second.tracking_id]


def test_what_repeats_repeats_in_each_region(desk: Client, plan: Form) -> None:
    publish(desk, plan | {"repeats": "FREQ=WEEKLY;COUNT=3"})
    later = posts.later()
    assert [each.windows for each in later] == [4] * 4
    north = [each for each in later if each.fields["regions"] == ["north-europe"]]
    assert len(north) == 2
    text = north[0].arguments["declaration"]["fields"]["statement"]["fields"]["public_text"]
    assert f"{START + 8 * DAY:%-d %B %Y}" in text, "its own window is named in its text"
    assert not [name for each in later for name in each.fields if name.startswith("from-")]


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"from-north-europe": "soon"}, "North Europe: “soon” is not a time"),
        ({"from-north-europe": "", "until-north-europe": "09:00"}, "North Europe has an end of its own only"),
        ({"until-north-europe": at(START)}, "North Europe ends before it starts"),
        ({"from-north-europe": "2020-01-01 09:00"}, "North Europe: 2020-01-01 11:00 UTC is over"),
    ],
)  # fmt: skip
def test_a_window_that_cannot_be_is_refused(
    desk: Client, plan: Form, typed: Form, says: str
) -> None:
    answer = desk.post(NEW, plan | typed)
    assert answer.status_code == 422
    assert says in text_of(answer)
    for value in typed.values():
        assert f'value="{value}"' in answer.content.decode()


def test_a_series_is_planned_for_another_time_as_a_whole(desk: Client, plan: Form) -> None:
    publish(desk, plan | {"repeats": "FREQ=WEEKLY;COUNT=2"})
    first = Incident.objects.earliest("scheduled_for")
    times = f"/admin/desk/{first.tracking_id}/times/"
    form = sent_by(desk.get(times), times) | {
        "scheduled_for": at(START + HOUR),
        "scheduled_until": at(START + 4 * HOUR),
        "whole_series": "on",
        "reason": "The vendor asked.",
    }
    desk.post(times, form)
    assert windows() == [
        ("west-europe", START + HOUR, START + 4 * HOUR),
        ("north-europe", START + DAY + HOUR, START + DAY + 4 * HOUR),
    ]
    assert {one.stage for one in Incident.objects.all()} == {"rescheduled"}
    waits = posts.later()
    assert [each.fields["scheduled_for"] for each in waits] == [
        [at(START + 7 * DAY + HOUR)],
        [at(START + 8 * DAY + HOUR)],
    ]
    assert [each.why for each in posts.send_due(now=START + 2 * DAY)] == ["", ""]
    assert windows()[-1] == ("north-europe", START + 8 * DAY + HOUR, START + 8 * DAY + 4 * HOUR)


def test_a_series_is_called_off_as_a_whole(desk: Client, plan: Form) -> None:
    publish(desk, plan | {"repeats": "FREQ=WEEKLY;COUNT=2"})
    first = Incident.objects.earliest("scheduled_for")
    times = f"/admin/desk/{first.tracking_id}/times/"
    assert "Call off all 4 windows" in text_of(desk.get(times))
    off = {"call_off": "on", "seen": sent_by(desk.get(times), times)["seen"]}
    answer = desk.post(times, off, follow=True)
    assert "All 4 windows are called off" in text_of(answer)
    assert {one.stage for one in Incident.objects.all()} == {"cancelled"}
    assert not posts.later()
    again = desk.post(times, off | {"seen": sent_by(desk.get(times), times)["seen"]})
    assert again.status_code == 422
    assert "has begun or is over" in text_of(again)


@pytest.mark.parametrize("stage", ["", "planned", "in-progress"])
def test_the_desk_refuses_a_window_that_is_over(desk: Client, plan: Form, stage: str) -> None:
    now = datetime.now(UTC)
    past: dict[str, Any] = {
        "stage": stage,
        "from-north-europe": "",
        "scheduled_for": at(now - 3 * HOUR),
        "scheduled_until": at(now - HOUR),
    }
    answer = desk.post(NEW, plan | past)
    assert answer.status_code == 422
    assert "is over: nothing can be planned for then" in text_of(answer)
    assert not Incident.objects.exists()


@pytest.mark.parametrize("act", ["another time", "called off"])
def test_who_hears_counts_all_windows_that_were_told(
    desk: Client, plan: Form, settings: Settings, act: str
) -> None:
    settings.CONFIRM_RECEIVERS = 4
    tenant("both", ("key-vault", "west-europe"), ("key-vault", "north-europe"))
    tenant("west", ("key-vault", "west-europe"))
    tenant("north", ("key-vault", "north-europe"))
    publish(desk, plan | {"repeats": "FREQ=WEEKLY;COUNT=2"})
    plan_due(now=datetime.now(UTC))
    first = Incident.objects.earliest("scheduled_for")
    url = f"/admin/desk/{first.tracking_id}/times/"
    seen = sent_by(desk.get(url), url)["seen"]
    fields = {"seen": seen, "call_off": "on"}
    if act == "another time":
        fields = {
            "seen": seen,
            "scheduled_for": at(START + HOUR),
            "scheduled_until": at(START + 4 * HOUR),
            "whole_series": "on",
            "reason": "The vendor asked.",
        }

    words = text_of(desk.post(url, fields | {"look": "1"}))

    assert "4 messages in all, of the 2 windows that were told" in words
    assert words.count("Alerted now (mail) 2") == 2
    assert Communication.objects.count() == 2
    answer = desk.post(url, fields)
    if act == "another time":
        assert answer.status_code == 422
        assert "4 receivers would hear of this" in text_of(answer)
        assert "Counted over the 2 windows" in text_of(answer)
        desk.post(url, sent_by(answer, url) | {"receivers": "4"})
    Delivery.objects.all().delete()
    plan_due(now=datetime.now(UTC))
    assert Delivery.objects.filter(state="pending").count() == 4
