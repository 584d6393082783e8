"""Insight at the desk: figures by month, service and geography, as charts, tables and CSV; a month on one page."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from incidents.models import Communication, Incident, RepairItem, ReviewFeedback
from incidents.policy import PRESETS
from incidents.review_deadlines import reviews_on_time
from incidents.services.incident import declare, post_update
from incidents.services.inputs import Statement
from incidents.services.reviews.review import Draft, Repair, Section, publish_review
from notifications.evidence.how_fast import how_fast
from notifications.evidence.insight import insight
from notifications.models import DeliveryStatistics
from tests.conftest import declaration, hit
from tests.desk.conftest import text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]

MARCH = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
INSIGHT = reverse("desk:insight")


def lived(
    operator: User,
    start: datetime = MARCH,
    *,
    told: int = 20,
    over: int = 90,
    cell: tuple[str, str] = ("key-vault", "west-europe"),
) -> Incident:
    """Impact from `start`: detected after 10 minutes, told after `told`, mitigated after `over`."""
    incident = declare(
        declaration=declaration(
            hit(*cell), started_at=start, detected_at=start + timedelta(minutes=10)
        ),
        now=start + timedelta(minutes=15),
        actor=operator,
    )
    post_update(
        incident_id=incident.pk,
        stage="resolved",
        statement=Statement(targeted_text="It is over."),
        now=start + timedelta(minutes=over),
        actor=operator,
    )
    DeliveryStatistics.objects.create(
        incident=incident,
        planned=4,
        endpoints=3,
        half_at=start + timedelta(minutes=told),
        counted_at=start,
    )
    return incident


def reviewed(incident: Incident, operator: User, after: timedelta) -> None:
    repairs = [
        Repair("A second path", "Network", "planned", "2026-04"),
        Repair("An alarm", state="done"),
    ]
    draft = Draft("final", [Section("what", "What happened", "It failed.")], repairs=repairs)
    at = (incident.mitigated_at or MARCH) + after
    review = publish_review(incident_id=incident.pk, draft=draft, now=at, actor=operator)
    ReviewFeedback.objects.create(
        review=review, key="6f1c2e0e-6f1c-4c6e-9f1c-2e0e6f1c2e0e", useful=4, clear=2, given_on=at
    )


def test_a_month_has_its_medians_promises_silence_and_receivers(operator: User) -> None:
    lived(operator)
    lived(operator, MARCH + timedelta(days=2), told=40, over=200)
    lived(operator, MARCH + timedelta(days=40))

    april, march = insight(now=MARCH + timedelta(days=60)).by("month")

    assert (april.name, march.name, march.incidents) == ("2026-04", "2026-03", 2)
    assert march.detected.median == 10 * 60
    assert march.told.median == 30 * 60
    assert march.mitigated.median == 145 * 60
    assert march.public.count == 0, "nothing of them was ever public"
    assert march.silence == timedelta(minutes=185), "from the first word to the end"
    assert march.receivers == 6


def test_its_figures_are_those_of_how_fast_we_tell(operator: User) -> None:
    lived(operator)
    lived(operator, MARCH + timedelta(days=2), told=300)
    (quarter,) = how_fast(now=MARCH + timedelta(days=9)).quarters
    (month,) = insight(now=MARCH + timedelta(days=9)).by("month")
    assert quarter.impact_to_told == month.told
    assert (quarter.untold, quarter.promises) == (month.untold, month.promises)
    assert month.untold == 1


def test_an_incident_counts_in_each_service_and_geography_it_hit(operator: User) -> None:
    lived(operator)
    lived(operator, MARCH + timedelta(days=1), cell=("storage", "east-us"))
    found = insight(now=MARCH + timedelta(days=9))
    assert [(each.name, each.incidents) for each in found.by("service")] == [
        ("Key Vault", 1),
        ("Storage", 1),
    ]
    assert [each.name for each in found.by("geography")] == ["Americas", "Europe"]


def test_reviews_repairs_and_feedback_belong_to_the_month_of_the_incident(operator: User) -> None:
    reviewed(lived(operator), operator, timedelta(days=3))
    before, after = (
        insight(now=datetime(2026, month, 20, tzinfo=UTC)).by("month")[0] for month in (4, 5)
    )
    assert (before.reviews, before.reviews_on_time) == (1, 1)
    assert (before.repairs, before.overdue) == (1, 0), "April is the month it was promised for"
    assert (after.repairs, after.overdue) == (1, 1)
    assert (after.answers, after.useful, after.clear) == (1, 4.0, 2.0)


@pytest.mark.parametrize(
    ("out", "expected"),
    [
        ([], (2, 0)),
        ([("preliminary", 70)], (2, 1)),
        ([("preliminary", 80)], (2, 0)),
        ([("final", 70)], (2, 2)),
        ([("preliminary", 70), ("final", 15 * 24)], (2, 1)),
        ([("final", -5)], (2, 0)),
    ],
)
def test_a_final_settles_both_reviews_and_what_came_before_mitigation_none(
    out: list[tuple[str, int]], expected: tuple[int, int]
) -> None:
    found = reviews_on_time(
        review="public",
        mitigated_at=MARCH,
        published=[(kind, MARCH + timedelta(hours=hours)) for kind, hours in out],
        policy=PRESETS["azure"],
        now=MARCH + timedelta(days=30),
    )
    assert found == expected
    young = reviews_on_time(
        review="public", mitigated_at=MARCH, published=(), policy=PRESETS["azure"], now=MARCH
    )
    assert young == (0, 0), "what is not due yet counts nowhere"


def test_the_screen_draws_each_measure_with_its_table(desk: Client, operator: User) -> None:
    lived(operator, timezone.now() - timedelta(days=3))
    page = desk.get(INSIGHT)
    words = text_of(page)
    assert "First told: median from impact" in words
    assert "20 min" in words
    content = page.content.decode()
    assert content.count('role="img"') == content.count("<details>") > 4
    assert "Key Vault" in text_of(desk.get(f"{INSIGHT}?by=service"))
    assert "Europe" in text_of(desk.get(f"{INSIGHT}?by=geography&months=3"))


def test_what_is_asked_for_wrongly_is_the_usual_view(desk: Client) -> None:
    page = desk.get(f"{INSIGHT}?by=colour&months=many&imported=yes")
    assert page.status_code == 200
    assert "No service issue began in this time" in text_of(page)


def test_the_file_says_the_same_in_seconds(desk: Client, operator: User) -> None:
    incident = lived(operator, timezone.now() - timedelta(days=3))
    answer = desk.get(f"{INSIGHT}?by=service&format=csv")
    text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    (row,) = csv.DictReader(io.StringIO(text))
    assert (row["service"], row["incidents"], row["told_median_seconds"]) == (
        "Key Vault",
        "1",
        "1200",
    )
    assert row["longest_silence_in"] == incident.tracking_id


def test_the_imported_history_is_looked_at_where_asked_for(desk: Client, operator: User) -> None:
    incident = lived(operator, timezone.now() - timedelta(days=3))
    Incident.objects.filter(pk=incident.pk).update(backfilled=True)
    assert "left out: 1 imported" in text_of(desk.get(INSIGHT))
    words = text_of(desk.get(f"{INSIGHT}?imported=1"))
    assert "Mitigated: median from impact" in words
    assert "Public: median" not in words, "nobody knows when it was posted"
    Communication.objects.update(backfilled=True)
    assert "Longest silence: " not in text_of(desk.get(f"{INSIGHT}?imported=1")), (
        "nor when it was said"
    )


def test_an_incident_that_was_declared_and_over_at_once_was_never_silent(
    desk: Client, operator: User
) -> None:
    now = timezone.now()
    start = now - timedelta(hours=1)
    incident = declare(declaration=declaration(started_at=start), now=now, actor=operator)
    post_update(incident_id=incident.pk, stage="resolved", now=now, actor=operator)
    assert desk.get(INSIGHT).status_code == 200
    assert insight(now=now).whole().silence is None


def test_a_month_is_one_report_beside_the_month_before(desk: Client, operator: User) -> None:
    incident = lived(operator)
    reviewed(incident, operator, timedelta(days=3))
    RepairItem.objects.filter(state="planned").update(owner="=cmd()")
    page = desk.get(reverse("desk:monthly-report", args=["2026-03"]))
    words = text_of(page)
    assert "Monthly report: Mar 2026" in words
    assert incident.tracking_id in words
    assert "Feb 2026" in words
    assert "Repair items overdue now (1)" in words
    assert "=cmd()" in words


@pytest.mark.parametrize("month", ["2199-01", "2026-13", "2026-1", "march", "2026-03x"])
def test_no_report_of_a_month_to_come_or_of_none(desk: Client, month: str) -> None:
    assert desk.get(f"{INSIGHT}{month}/").status_code == 404


def test_the_questions_do_not_grow_with_the_incidents(
    desk: Client, operator: User, django_assert_max_num_queries: object
) -> None:
    for days in range(4):
        lived(operator, timezone.now() - timedelta(days=days + 1))
    with django_assert_max_num_queries(20):  # type: ignore[operator]
        desk.get(INSIGHT)
