"""The screen on the wall: what is open, how long it has been, what is due; nothing to press, nothing to keep."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client

from incidents.models import Incident
from incidents.services.incident import declare, post_update
from incidents.services.inputs import Statement
from tests.conftest import declaration
from tests.desk.conftest import text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]
WALL = "/admin/desk/wall/"


@pytest.fixture
def promised(operator: User) -> Incident:
    now = datetime.now(UTC)
    statement = Statement("", "We look into it.", now + timedelta(minutes=4))
    return declare(
        declaration=declaration(started_at=now - timedelta(minutes=90), statement=statement),
        now=now,
        actor=operator,
    )


def test_it_shows_what_is_open_with_its_clocks(
    desk: Client, promised: Incident, waiting: Incident
) -> None:
    page = desk.get(WALL).content.decode()
    words = text_of(desk.get(WALL))
    assert "2 open" in words
    assert "Key Vault in West Europe" in words
    assert f'data-since="{promised.started_at:%Y-%m-%dT%H:%M}' in page
    assert "to the promised update" in words
    assert "until it is posted publicly" in words


def test_reviews_that_are_due_stay_in_sight(
    desk: Client, promised: Incident, operator: User
) -> None:
    now = datetime.now(UTC)
    post_update(incident_id=promised.pk, stage="resolved", now=now, actor=operator)
    words = text_of(desk.get(WALL))
    assert "Nothing is open" in words
    assert "Reviews due" in words
    assert "Final:" in words


def test_it_refreshes_itself_and_has_nothing_to_press(desk: Client, promised: Incident) -> None:
    page = desk.get(WALL)
    content = page.content.decode()
    assert 'hx-trigger="every 10s"' in content
    assert "<form" not in content
    assert "<button" not in content
    assert set(page.cookies) <= {"sessionid"}
    part = desk.get(WALL, headers={"HX-Request": "true"})
    assert part.content.decode().startswith('<div class="clocks"')
    assert promised.tracking_id in text_of(part)


def test_signed_out_it_says_so_instead_of_showing_a_login_among_the_rows(
    client: Client, catalogue: None
) -> None:
    for part in (WALL, "/admin/desk/"):
        answer = client.get(part, headers={"HX-Request": "true"})
        assert "signed out" in text_of(answer)
        assert "password" not in answer.content.decode()
