"""The figure of how fast we tell: medians by quarter, promises kept, and what is left out, honestly."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import jsonschema
import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from incidents.models import Incident
from incidents.services.incident import declare, post_update
from incidents.services.inputs import Statement
from incidents.services.published_figures import published_figures
from notifications.evidence.how_fast import how_fast
from notifications.evidence.measures import Span
from notifications.models import DeliveryStatistics
from statuspage.public.renderer import render_language, render_site
from statuspage.public.snapshot.reader import Reader
from statuspage.public.snapshot.values import Snapshot
from tests.conftest import declaration
from tests.desk.conftest import text_of
from tests.public.markup import Markup

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]

MARCH = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
FIGURE = reverse("desk:how-fast")
PUBLIC = "/status/history/how-fast/"


def happened(
    operator: User, start: datetime, told_after: int | None, *, over_after: int = 60
) -> Incident:
    """Impact from `start` for so many minutes, detected five minutes in; half were told so much later."""
    incident = declare(
        declaration=declaration(started_at=start, detected_at=start + timedelta(minutes=5)),
        now=start + timedelta(minutes=5),
        actor=operator,
    )
    post_update(
        incident_id=incident.pk,
        stage="resolved",
        statement=Statement(targeted_text="It is over."),
        now=start + timedelta(minutes=over_after),
        actor=operator,
    )
    half_at = None if told_after is None else start + timedelta(minutes=told_after)
    DeliveryStatistics.objects.create(
        incident=incident, planned=1, half_at=half_at, counted_at=start + timedelta(days=1)
    )
    return incident


def test_each_quarter_has_its_median_and_p90(operator: User) -> None:
    for minutes in (6, 8, 10):
        happened(operator, MARCH + timedelta(days=minutes), minutes)
    happened(operator, MARCH + timedelta(days=40), 30)

    april, march = how_fast(now=MARCH + timedelta(days=90)).quarters

    assert (march.name, march.incidents, april.name) == ("2026-Q1", 3, "2026-Q2")
    assert march.impact_to_told == Span(3, 8 * 60, 576)
    assert march.detection_to_told == Span(3, 3 * 60, 276)
    assert april.impact_to_told.median == 30 * 60


def test_what_was_over_before_anybody_was_told_is_untold(operator: User) -> None:
    happened(operator, MARCH, None)
    happened(operator, MARCH + timedelta(days=1), 61)
    (quarter,) = how_fast(now=MARCH + timedelta(days=2)).quarters
    assert (quarter.untold, quarter.impact_to_told.count) == (2, 0)


def test_a_promise_counts_once_it_is_due(operator: User) -> None:
    incident = declare(declaration=declaration(started_at=MARCH), now=MARCH, actor=operator)
    for minutes, ahead in ((10, 30), (50, 30), (70, 30)):
        at = MARCH + timedelta(minutes=minutes)
        post_update(
            incident_id=incident.pk,
            statement=Statement(
                targeted_text="We go on.", next_update_by=at + timedelta(minutes=ahead)
            ),
            now=at,
            actor=operator,
        )
    (quarter,) = how_fast(now=MARCH + timedelta(minutes=80)).quarters
    assert (quarter.promises, quarter.promises_kept) == (2, 1), "10:40 was missed, 11:20 was kept"
    (later,) = how_fast(now=MARCH + timedelta(hours=9)).quarters
    assert (later.promises, later.promises_kept) == (3, 1)
    assert later.under_way == 1


def test_what_is_no_service_issue_of_ours_is_left_out_and_counted(
    operator: User, now: datetime
) -> None:
    declare(declaration=declaration(drill=True), now=now, actor=operator)
    figure = how_fast(now=now)
    assert figure.quarters == []
    assert figure.excluded["drill"] == 1


def test_the_desk_shows_it_and_machines_get_what_the_schema_says(
    desk: Client, operator: User
) -> None:
    happened(operator, MARCH, 8)
    happened(operator, MARCH + timedelta(days=1), None)

    words = text_of(desk.get(FIGURE))
    assert "2026-Q1" in words
    assert "8 min" in words

    schema = json.loads(desk.get(f"{FIGURE}?format=schema").content)
    told = desk.get(f"{FIGURE}?format=json").json()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(told, schema)
    assert told["quarters"][0]["untold"] == 1
    assert told["quarters"][0]["impact_to_told"]["median_seconds"] == 480


def test_the_quarters_that_are_over_are_published_by_a_person_and_taken_off(
    desk: Client, operator: User
) -> None:
    happened(operator, MARCH, 8)
    happened(operator, datetime.now(UTC) - timedelta(minutes=90), 10)
    assert render_site(snapshot()).pages.get(PUBLIC) is None

    assert "shows the quarters that are over" in text_of(
        desk.post(FIGURE, {"step": "publish"}, follow=True)
    )
    site = render_site(snapshot())
    page = Markup(site.pages[PUBLIC].body).text
    assert "Quarter 1 of 2026" in page
    assert "8 min" in page
    document = json.loads(site.pages["/how-fast.json"].body)
    jsonschema.validate(document, json.loads(site.pages["/how-fast.schema.json"].body))
    assert [each["quarter"] for each in document["quarters"]] == ["2026-Q1"], "this one goes on"
    assert "/how-fast.json" in Markup(site.pages["/status/api/"].body).links()
    assert PUBLIC in Markup(site.pages["/status/history/"].body).links()
    german = render_language(snapshot(), "de")
    assert "Wie schnell wir informieren" in Markup(german.pages[f"/de{PUBLIC}"].body).text

    desk.post(FIGURE, {"step": "take-off"})
    site = render_site(snapshot())
    assert PUBLIC not in site.pages
    assert {PUBLIC, "/how-fast.json"} <= site.dropped


def test_nothing_is_published_before_a_quarter_is_over(desk: Client, operator: User) -> None:
    happened(operator, datetime.now(UTC) - timedelta(minutes=90), 10)
    answer = desk.post(FIGURE, {"step": "publish"}, follow=True)
    assert "has no quarter that is over" in text_of(answer)
    assert published_figures() is None


def snapshot() -> Snapshot:
    return Reader()._read(datetime.now(UTC))  # within the transaction of the test


def test_without_incidents_it_says_so(desk: Client) -> None:
    assert "No service issue has happened here yet." in text_of(desk.get(FIGURE))
