"""List and incident as they are now, without a reload; and every incident found again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from incidents.models import Incident
from incidents.services.incident import declare, post_update
from incidents.services.inputs import Statement
from statuspage.desk.incidents import presence
from tests.conftest import declaration, hit
from tests.desk.conftest import text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]

SEARCH = "/admin/desk/search/"


def test_the_list_is_fetched_anew_as_a_part(desk: Client, targeted: Incident) -> None:
    part = desk.get("/admin/desk/", headers={"HX-Request": "true"})
    assert "<html" not in part.content.decode()
    assert targeted.tracking_id in text_of(part)


def test_anothers_post_is_a_banner_before_one_writes(
    desk: Client, targeted: Incident, operator: User
) -> None:
    head = f"/admin/desk/{targeted.tracking_id}/head/"
    page = desk.get(f"/admin/desk/{targeted.tracking_id}/")
    seen = page.content.decode().split('name="seen" value="')[1].split('"')[0]
    assert "Somebody was faster" not in text_of(desk.get(head, {"seen": seen}))

    post_update(
        incident_id=targeted.pk,
        stage="identified",
        statement=Statement("", "A cable was cut.", datetime.now(UTC) + timedelta(minutes=30)),
        now=datetime.now(UTC),
        actor=operator,
    )

    words = text_of(desk.get(head, {"seen": seen}))
    assert "Update 2, Identified" in words
    assert "by olga: A cable was cut." in words
    assert "to the promised update" in words


def test_who_else_is_here_is_named_for_some_seconds(
    desk: Client, targeted: Incident, operator: User
) -> None:
    petra = User.objects.create(username="petra", is_staff=True, is_superuser=True)
    other = Client()
    other.force_login(petra)
    page = f"/admin/desk/{targeted.tracking_id}/"
    other.get(page)
    assert "Here, too: petra" in text_of(desk.get(page))
    assert "Here, too: olga" in text_of(other.get(f"{page}head/"))
    later = datetime.now(UTC) + timedelta(seconds=presence.SECONDS + 1)
    assert presence.note(targeted, operator, now=later) == []


def test_without_redis_nobody_is_seen_and_the_screen_is_there(
    desk: Client, targeted: Incident, settings: Any
) -> None:
    dead = settings.CACHES["presence"] | {"LOCATION": "redis://127.0.0.1:1"}
    settings.CACHES = settings.CACHES | {"presence": dead}
    answer = desk.get(f"/admin/desk/{targeted.tracking_id}/")
    assert answer.status_code == 200
    assert "Here, too" not in text_of(answer)


def test_who_else_is_writing_is_named(desk: Client, targeted: Incident) -> None:
    other = Client()
    other.force_login(User.objects.create(username="petra", is_staff=True, is_superuser=True))
    page = f"/admin/desk/{targeted.tracking_id}/update/"
    other.post("/admin/desk/drafts/", {"page": page, "public_text": "North is back"})
    head = f"/admin/desk/{targeted.tracking_id}/head/"
    assert "petra is writing here, too" in text_of(desk.get(head))
    assert "is writing here" not in text_of(other.get(head))


@pytest.fixture
def several(targeted: Incident, operator: User) -> Incident:
    """Another one, public, with words of its own."""
    now = datetime.now(UTC)
    return declare(
        declaration=declaration(
            hit("storage", "east-us", extent="region"),
            hit("key-vault", "east-us", extent="region"),
            public_title="Writes are lost",
            started_at=now - timedelta(minutes=5),
            statement=Statement("A firmware bug.", "For you: resend."),
        ),
        now=now,
        actor=operator,
    )


@pytest.mark.parametrize(
    ("query", "first", "second"),
    [
        ({}, True, True),
        ({"q": "firmware"}, False, True),
        ({"q": "resend storage"}, False, True),
        ({"q": "key vault"}, True, True),
        ({"q": "west europe"}, True, False),
        ({"q": "nothing of that"}, False, False),
        ({"state": "public"}, False, True),
        ({"state": "targeted"}, True, False),
        ({"state": "closed"}, False, False),
        ({"who": "Olga"}, True, True),
        ({"who": "petra"}, False, False),
        ({"q": "%_'"}, False, False),
    ],
)
def test_all_incidents_are_searched(
    desk: Client,
    targeted: Incident,
    several: Incident,
    query: dict[str, str],
    first: bool,
    second: bool,
) -> None:
    page = desk.get(SEARCH, query)
    assert page.status_code == 200
    words = text_of(page)
    assert (targeted.tracking_id in words, several.tracking_id in words) == (first, second)


def test_a_tracking_id_finds_the_one_however_it_is_typed(
    desk: Client, targeted: Incident, several: Incident
) -> None:
    typed = several.tracking_id.lower().replace("-", " ")
    words = text_of(desk.get(SEARCH, {"q": typed}))
    assert several.tracking_id in words
    assert targeted.tracking_id not in words


def test_more_than_a_page_has_pages(desk: Client, targeted: Incident) -> None:
    for number in range(31):
        targeted.pk, targeted.tracking_id = None, f"MANY-{number:03}"
        targeted.save()
    first = desk.get(SEARCH, {"state": "open"})
    assert "32 incidents" in text_of(first)
    assert "Page 1 of 2" in text_of(first)
    assert "Page 2 of 2" in text_of(desk.get(SEARCH, {"state": "open", "page": "2"}))


def test_a_state_that_is_none_is_refused_at_its_field(desk: Client) -> None:
    page = desk.get(SEARCH, {"state": "broken"})
    assert page.status_code == 422
