from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from incidents.models import Communication, Incident
from incidents.services.incident import declare, post_update
from incidents.services.inputs import Statement
from tests.conftest import declaration
from tests.desk.conftest import Answer, sent_by, text_of

pytestmark = pytest.mark.django_db


def own(incident: Incident, name: str = "") -> str:
    return f"/admin/desk/{incident.tracking_id}/{name}"


def send(desk: Client, incident: Incident, name: str, **more: Any) -> Answer:
    """Open the incident's screen and send the form with this address."""
    url = own(incident, f"{name}/")
    fields: dict[str, Any] = sent_by(desk.get(own(incident)), url)
    return desk.post(url, fields | more)


def said(incident: Incident) -> Communication:
    last = incident.communications.order_by("-number").first()
    assert last is not None
    return last


def test_an_update_is_posted_in_one_step(desk: Client, targeted: Incident, operator: User) -> None:
    answer = send(
        desk,
        targeted,
        "update",
        step="post",
        stage="identified",
        public_text="A disk controller is at fault.",
        next_update_by="+60",
    )

    assert answer.headers["Location"] == own(targeted)
    last = said(targeted)
    assert (last.number, last.stage, last.actor) == (2, "identified", operator)
    assert last.next_update_by is not None
    assert "Update 2 is posted (Identified)." in text_of(desk.get(own(targeted)))


def test_an_update_that_says_nothing_is_refused(desk: Client, targeted: Incident) -> None:
    page = send(desk, targeted, "update", step="post")

    assert page.status_code == 422
    assert "Public text says nothing; write what has changed since the last update." in text_of(
        page
    )
    assert said(targeted).number == 1


def test_only_stages_that_may_follow_are_offered(desk: Client, targeted: Incident) -> None:
    page = desk.get(own(targeted)).content.decode()
    stages = re.findall(r'<option value="([a-z-]+)"', page[page.index('id="update-stage"') :])
    assert stages[:5] == ["investigating", "identified", "mitigating", "mitigated", "resolved"]

    answer = send(desk, targeted, "update", step="post", stage="planned", public_text="x")
    assert answer.status_code == 422
    assert said(targeted).number == 1


def test_more_regions_are_previewed_first_when_they_turn_the_incident_public(
    desk: Client, targeted: Incident
) -> None:
    url = own(targeted, "update/")
    form: dict[str, Any] = sent_by(desk.get(url), url)
    form |= {"services": ["storage"], "regions": ["west-europe", "north-europe"], "step": "post"}

    preview = desk.post(url, form)

    assert "This update turns the incident public." in text_of(preview)
    assert "PUBLIC – scenario 1, broad impact" in text_of(preview)
    assert said(targeted).number == 1

    done = desk.post(url, sent_by(preview, url) | {"step": "post"})
    assert done.status_code == 302
    targeted.refresh_from_db()
    assert targeted.published_at is not None
    text = said(targeted).public_text
    assert "Key Vault in West Europe is failing or unavailable" in text, "all of it, said first"
    assert "Storage in West Europe and North Europe is failing or unavailable, too" in text


def test_the_way_back_from_an_updates_preview_loses_nothing(
    desk: Client, targeted: Incident
) -> None:
    url = own(targeted, "update/")
    preview = send(
        desk, targeted, "update", step="preview", stage="mitigating", public_text="Nearly.\nThere."
    )

    page = desk.post(url, sent_by(preview, url) | {"step": "edit"})

    back = sent_by(page, url)
    assert back["public_text"] == ["Nearly.\nThere."]
    assert back["stage"] == ["mitigating"]
    assert said(targeted).number == 1


def test_who_was_not_first_is_shown_the_news_and_keeps_every_word(
    desk: Client, targeted: Incident
) -> None:
    url = own(targeted, "update/")
    form: dict[str, Any] = sent_by(desk.get(own(targeted)), url)
    other = User.objects.create(username="otto")
    now = datetime.now(UTC)
    post_update(
        incident_id=targeted.pk,
        now=now,
        statement=Statement(public_text="Otto was here."),
        actor=other,
    )

    page = desk.post(url, form | {"step": "post", "public_text": "Olga writes the same."})

    words = text_of(page)
    assert page.status_code == 409
    assert "Somebody was faster" in words
    assert "Update 2, Investigating" in words
    assert "by otto: Otto was here." in words
    assert said(targeted).number == 2

    again = sent_by(page, url)
    assert again["public_text"] == ["Olga writes the same."]
    assert desk.post(url, again | {"step": "post"}).status_code == 302
    assert said(targeted).public_text == "Olga writes the same."


def test_the_same_update_sent_twice_is_posted_once(desk: Client, targeted: Incident) -> None:
    url = own(targeted, "update/")
    form: dict[str, Any] = sent_by(desk.get(own(targeted)), url)
    form |= {"step": "post", "public_text": "Once."}

    desk.post(url, form)
    second = desk.post(url, form, follow=True)

    assert "nothing was sent twice" in text_of(second)
    assert said(targeted).number == 2


def test_a_form_without_its_mark_has_seen_nothing(desk: Client, targeted: Incident) -> None:
    for seen in ("", "junk", "99999999999999999999-", "-1-1", "1-999999999999999999999999"):
        page = desk.post(
            own(targeted, "update/"),
            {"stage": "resolved", "public_text": "x", "step": "post", "seen": seen},
        )
        assert page.status_code == (302 if seen.startswith("1-9") else 409), seen


def test_a_recovered_region_is_marked_with_its_time(desk: Client, targeted: Incident) -> None:
    at = datetime.now(UTC) - timedelta(minutes=10)

    answer = send(desk, targeted, "recover", at=f"{at:%Y-%m-%d %H:%M}")

    assert answer.status_code == 302
    targeted.refresh_from_db()
    assert targeted.mitigated_at == at.replace(second=0, microsecond=0)
    assert targeted.stage == "mitigated"
    assert "West Europe is marked recovered. The incident is mitigated." in text_of(
        desk.get(own(targeted))
    )


@pytest.mark.parametrize(
    ("at", "words"),
    [
        ("yesterday", "“yesterday” is not a time"),
        ("2031-01-01 09:00", "Recovered at (UTC) : 09:00 UTC on 1 January 2031 lies in the future"),
        ("2020-01-01 09:00", "is before impact began there"),
    ],
)
def test_a_recovery_at_an_impossible_time_is_refused(
    desk: Client, targeted: Incident, at: str, words: str
) -> None:
    page = send(desk, targeted, "recover", at=at)

    assert page.status_code == 422
    assert words in text_of(page)
    assert sent_by(page, own(targeted, "recover/"))["at"] == [at]
    assert said(targeted).number == 1


def test_a_lower_level_takes_the_cells_along(desk: Client, targeted: Incident) -> None:
    url = own(targeted, "update/")
    form: dict[str, Any] = sent_by(desk.get(url), url)

    answer = desk.post(url, form | {"level": "warning", "public_text": "Slow now.", "step": "post"})

    assert answer.status_code == 302
    targeted.refresh_from_db()
    assert targeted.level == "warning"


def test_a_resolved_incident_moves_to_the_closed_ones(desk: Client, targeted: Incident) -> None:
    send(desk, targeted, "update", step="post", stage="resolved", public_text="All well.")

    page = text_of(desk.get("/admin/desk/"))

    assert "Open (0)" in page
    assert "Nothing is open." in page
    assert page.index("Closed") < page.index(targeted.public_title)


def test_the_list_flags_a_missed_promise_and_a_waiting_post(
    desk: Client, waiting: Incident, operator: User
) -> None:
    now = datetime.now(UTC)
    promise = Statement(next_update_by=now - timedelta(minutes=12))
    targeted = declare(
        declaration=declaration(started_at=now - timedelta(hours=1), statement=promise),
        now=now - timedelta(minutes=42),
        actor=operator,
    )

    words = text_of(desk.get("/admin/desk/"))

    assert "42 min since last update" in words
    assert "update promised by" in words
    assert "public post waits" in words
    assert words.index(waiting.tracking_id) < words.index(targeted.tracking_id)
    assert "was promised by" in text_of(desk.get(own(targeted)))


def test_the_list_asks_the_database_as_often_for_many_as_for_few(
    desk: Client, targeted: Incident, django_assert_num_queries: Any
) -> None:
    desk.get("/admin/desk/")
    with CaptureQueriesContext(connection) as few:
        desk.get("/admin/desk/")
    for number in range(5):
        targeted.pk, targeted.tracking_id = None, f"MANY-00{number}"
        targeted.save()
    with django_assert_num_queries(len(few)):
        desk.get("/admin/desk/")
