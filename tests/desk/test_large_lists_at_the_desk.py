"""A large list at the desk: read by a worker while the operator looks on, goes away, or stops it."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from playwright.sync_api import Page

from incidents.models import Incident
from incidents.services.incident import declare
from notifications import tasks
from notifications.customers import list_readings
from notifications.models import ListDraft, ListReading
from tests.browsing import browser_page, check_accessible
from tests.conftest import declaration
from tests.desk.conftest import Answer, text_of
from tests.desk.test_walk_in_a_browser import PASSWORD, sign_in
from tests.notifications.cast import tenant

pytestmark = pytest.mark.django_db

LARGE = b"contoso-1\n" * 60_000
WIDE = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


@pytest.fixture
def customers(targeted: Incident) -> None:
    for ref in ("contoso", "fabrikam"):
        tenant(ref, ("key-vault", "west-europe"))


def page_of(incident: Incident) -> str:
    return f"/admin/desk/{incident.tracking_id}/list/"


def hand_in(desk: Client, incident: Incident, content: bytes = LARGE) -> Answer:
    file = SimpleUploadedFile("large.csv", content)
    return desk.post(page_of(incident), {"step": "read", "file": file}, follow=True)


def stop(desk: Client, incident: Incident, reading: object) -> Answer:
    return desk.post(page_of(incident), {"step": "cancel", "reading": reading}, follow=True)


def test_a_large_file_waits_for_a_worker_and_the_page_asks_again(
    desk: Client, targeted: Incident, customers: None
) -> None:
    waiting = hand_in(desk, targeted)

    assert waiting.status_code == 200
    assert "large.csv is being read" in text_of(waiting)
    assert "It waits for a worker" in text_of(waiting)
    assert 'hx-trigger="every 1s"' in waiting.content.decode()

    ListReading.objects.update(tries=1, bytes_read=150_000, lines_read=15_000, faults=2)
    under_way = text_of(desk.get(page_of(targeted)))
    assert "15,000 lines are read, 25 % of the file. 2 faulty so far." in under_way

    tasks.read_list(reading_id=ListReading.objects.get().pk)
    done = desk.get(page_of(targeted))
    assert "large.csv: read, not in force yet" in text_of(done)
    assert "hx-trigger" not in done.content.decode()


def test_its_faults_are_there_when_the_operator_comes_back(
    desk: Client, targeted: Incident, customers: None
) -> None:
    hand_in(desk, targeted, LARGE + b"nobody-7\n")
    reading = ListReading.objects.get()
    tasks.read_list(reading_id=reading.pk)

    shown = desk.get(page_of(targeted))

    assert "large.csv can’t be taken 1 line of it is faulty." in text_of(shown)
    assert "line 60001: nobody-7 is no known subscription" in text_of(shown)
    assert "hx-trigger" not in shown.content.decode()
    assert "laid aside" in text_of(stop(desk, targeted, reading.pk))
    assert "can’t be taken" not in text_of(desk.get(page_of(targeted)))


def test_it_is_stopped_and_nothing_is_left(
    desk: Client, targeted: Incident, customers: None
) -> None:
    hand_in(desk, targeted)
    reading = ListReading.objects.get()

    answer = stop(desk, targeted, reading.pk)

    assert "large.csv was laid aside; the list is as it was." in text_of(answer)
    tasks.read_list(reading_id=reading.pk)
    assert not ListDraft.objects.exists()


def test_stopping_what_is_over_or_another_incident_s_says_so(
    desk: Client, targeted: Incident, customers: None, operator: User
) -> None:
    now = datetime.now(UTC)
    other = declare(declaration=declaration(started_at=now), now=now, actor=operator)
    theirs = list_readings.hand_in(
        incident_id=other.pk, pieces=[b"x"], size=1, file_name="x", now=now, actor=operator
    )
    for reading in ("", "x", "²", "9" * 30, "77", theirs.pk):
        assert "too late to stop" in text_of(stop(desk, targeted, reading))
    assert ListReading.objects.get() == theirs


def elsewhere(act: Callable[[], object]) -> None:
    """Do it as another process would: the browser's own loop forbids the database to this thread."""

    def run() -> None:
        act()
        connection.close()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(run).result()


def look(page: Page, name: str) -> None:
    check_accessible(page)
    for width in (1440, 360):
        page.set_viewport_size({"width": width, "height": 900})
        assert not page.evaluate(WIDE), f"{name} at {width}"
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            if folder := os.environ.get("LOOK"):
                page.screenshot(path=f"{folder}/{name}-{width}-{scheme}.png", full_page=True)
    page.emulate_media(color_scheme="light")


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_the_page_follows_the_reading_by_itself(live_server: Any, catalogue: None) -> None:
    operator = User.objects.create_superuser("olga", password=PASSWORD)
    now = datetime.now(UTC)
    incident = declare(
        declaration=declaration(started_at=now - timedelta(hours=1)), now=now, actor=operator
    )
    tenant("contoso", ("key-vault", "west-europe"))
    with browser_page() as (page, complaints):
        sign_in(page, live_server)
        complaints.clear()  # of the login page: a favicon that only the real front has
        page.goto(live_server.url + page_of(incident))
        page.get_by_label("File").set_input_files(
            {"name": "large.csv", "mimeType": "text/csv", "buffer": LARGE}
        )
        page.get_by_role("button", name="Read the file").click()
        page.get_by_text("It waits for a worker").wait_for()
        far = {"tries": 1, "bytes_read": 400_000, "lines_read": 40_000, "faults": 2}
        elsewhere(lambda: ListReading.objects.update(**far))
        page.get_by_text("40,000 lines are read").wait_for()
        look(page, "list-reading")

        elsewhere(lambda: tasks.read_list(reading_id=ListReading.objects.get().pk))

        page.get_by_text("large.csv: read, not in force yet").wait_for()
        look(page, "list-draft")
        page.get_by_role("button", name="Put it into force").click()
        page.get_by_text("1 subscriptions are on the list").wait_for()

        page.get_by_label("File").set_input_files(
            {"name": "faulty.csv", "mimeType": "text/csv", "buffer": b"contoso-1\nnobody\n!\n"}
        )
        page.get_by_role("button", name="Read the file").click()
        page.get_by_text("faulty.csv can’t be taken").wait_for()
        look(page, "list-faulty")
        # The browser logs the answer 422.
        assert [each for each in complaints if "422" not in each] == []
