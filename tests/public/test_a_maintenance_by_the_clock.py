"""A maintenance lived through with the clock: ahead, late, in its window, over time and after, on every surface."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import User

from incidents.models import Incident
from incidents.services.incident import declare, post_update
from incidents.services.inputs import Declaration
from incidents.services.scheduled.maintenance import follow_plans
from statuspage.desk.incidents.incident_list import listing
from statuspage.desk.incidents.incident_screen import screen_of
from statuspage.public.publisher import Publisher
from tests.conftest import declaration, hit

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("catalogue")]
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


class House:
    """The publisher with a clock that is set by hand, and what everybody sees then."""

    def __init__(self, folder: Path, now: datetime) -> None:
        self.now = now
        self.publisher = Publisher(folder, clock=lambda: self.now)

    def at(self, now: datetime) -> House:
        """It is `now`, and the publisher has done all that was due."""
        self.now = now
        if self.publisher.due():
            self.publisher.publish()
        while self.publisher.translate() is not None:
            pass
        return self

    def text(self, path: str) -> str:
        body = (self.publisher.directory / "current" / "site" / path.lstrip("/")).read_text()
        return " ".join(re.sub(r"<[^>]+>", " ", body).split())

    def cards(self, title: str) -> str:
        """The part of the status page between its headings, from the one named."""
        text = self.text("/status/index.html")
        return text.partition(title)[2].partition("All services by region")[0]

    def names(self, document: str) -> list[str]:
        path = f"api/v2/scheduled-maintenances{document}.json"
        rows = json.loads((self.publisher.directory / "current/site" / path).read_text())
        return [row["status"] for row in rows["scheduled_maintenances"]]

    def calendar(self) -> str:
        return (self.publisher.directory / "current/site/maintenance.ics").read_text()


@pytest.fixture
def house(tmp_path: Path, now: datetime) -> House:
    return House(tmp_path, now).at(now)


def work(now: datetime, **more: object) -> Declaration:
    """Two services in two regions, tomorrow from 09:30 to 11:30, in another month."""
    facts: dict[str, object] = {
        "kind": "planned-maintenance",
        "stage": "planned",
        "public_title": "Switches are replaced",
        "started_at": now + 31 * DAY,
        "scheduled_for": now + 31 * DAY,
        "scheduled_until": now + 31 * DAY + 2 * HOUR,
        **more,
    }
    cells = hit("storage", "west-europe"), hit("key-vault", "north-europe")
    return declaration(*cells, **facts)


def desk(incident: Incident, now: datetime) -> str:
    incident.refresh_from_db()
    row = next(iter(listing(Incident.objects.all(), now).open), None)
    screen = screen_of(incident, now)
    assert row is None or row.plan == screen.plan
    return screen.plan


def test_with_a_person_who_says_when(house: House, now: datetime, operator: User) -> None:
    start, end = now + 31 * DAY, now + 31 * DAY + 2 * HOUR
    incident = declare(declaration=work(now), now=now, actor=operator)
    own = f"/status/history/{incident.tracking_id}/index.html"

    house.at(now + HOUR)  # ahead of it
    assert "Switches are replaced" in house.cards("Planned maintenance 1")
    assert "Open incidents" not in house.text("/status/index.html")
    assert "No public incidents right now." in house.text("/status/index.html")
    page = house.text(own)
    assert "Planned for 1 April 2026, 09:30 UTC – 11:30 UTC" in page
    assert "going on" not in page
    assert "March 2026" not in page.partition("Switches")[0]
    assert "Switches" not in house.text("/status/history/index.html")
    assert not (house.publisher.directory / "current/site/status/history/2026-04").exists()
    assert (house.names("/upcoming"), house.names("/active")) == (["scheduled"], [])
    assert "DTSTART:20260401T093000Z" in house.calendar()
    assert "DTEND:20260401T113000Z" in house.calendar()
    assert desk(incident, house.now) == ""

    house.at(start)  # its time has come, and nobody has said that it began
    late = "Planned for 1 April 2026, 09:30 UTC ; it has not been confirmed yet that it began."
    assert late.replace("1 April 2026, ", "") in house.cards("Open incidents 1")
    assert late in house.text(own)
    assert "going on" not in house.text(own)
    assert "Geplant für 09:30 UTC ;" in house.text("/de/status/index.html")
    assert "Switches" in house.text("/status/history/2026-04/index.html")
    assert (house.names("/upcoming"), house.names("/active"), house.names("")) == (
        [],
        [],
        ["scheduled"],
    )
    assert "it has not been confirmed yet that it began" in house.calendar().replace("\n ", "")
    assert "not been confirmed" in desk(incident, house.now)

    house.at(end)  # over, and still not a word
    lapsed = "Planned until 11:30 UTC ; it has not been confirmed yet whether"
    assert lapsed in house.cards("Open incidents 1")
    assert (house.names("/upcoming"), house.names("/active")) == ([], [])

    post_update(incident_id=incident.pk, stage="in-progress", now=end, actor=operator)
    house.at(end + HOUR)  # over its time
    overtime = "Planned until 11:30 UTC ; it takes longer than planned."
    assert overtime in house.cards("Open incidents 1")
    assert (house.names("/upcoming"), house.names("/active")) == ([], ["in_progress"])
    assert "1 April 2026, 11:30 UTC – still going on" in house.text(own)
    assert "takes longer" in desk(incident, house.now)

    done = end + 2 * HOUR
    post_update(incident_id=incident.pk, stage="complete", now=done, actor=operator)
    house.at(done)
    assert "Open incidents" not in house.text("/status/index.html")
    assert house.names("") == ["completed"]
    assert "1 April 2026, 11:30 UTC – 13:30 UTC 2 h" in house.text(own)
    assert "mitigated" not in house.text(own).lower()
    assert "DTSTART:20260401T113000Z" in house.calendar()
    assert "DTEND:20260401T133000Z" in house.calendar()


def test_one_that_follows_its_plan(house: House, now: datetime, operator: User) -> None:
    start, end = now + 31 * DAY, now + 31 * DAY + 2 * HOUR
    incident = declare(declaration=work(now, follows_plan=True), now=now, actor=operator)
    own = f"/status/history/{incident.tracking_id}/index.html"

    follow_plans(now=start)
    house.at(start + HOUR)
    assert "Planned until 11:30 UTC ." in house.cards("Open incidents 1")
    assert (house.names("/upcoming"), house.names("/active")) == ([], ["in_progress"])
    assert "under maintenance" in house.text("/status/index.html")
    assert "In progress: Switches are replaced" in house.text("/history.rss")

    follow_plans(now=end)
    house.at(end)
    assert "Open incidents" not in house.text("/status/index.html")
    assert (house.names("/active"), house.names("")) == ([], ["completed"])
    assert "Complete: Switches are replaced" in house.text("/history.rss")
    assert "1 April 2026, 09:30 UTC – 11:30 UTC 2 h" in house.text(own)


def test_one_that_was_called_off_is_found_under_the_day_it_was(
    house: House, now: datetime, operator: User
) -> None:
    incident = declare(declaration=work(now), now=now, actor=operator)
    post_update(incident_id=incident.pk, stage="cancelled", now=now + HOUR, actor=operator)
    house.at(now + 2 * HOUR)
    page = house.text(f"/status/history/{incident.tracking_id}/index.html")
    assert "still going on" not in page
    assert "Mitigated" not in page
    assert "Switches" in house.text("/status/history/2026-03/index.html")
    assert not (house.publisher.directory / "current/site/status/history/2026-04").exists()
    assert house.names("/upcoming") == []
    assert "STATUS:CANCELLED" in house.calendar()


def test_nothing_is_rendered_until_the_clock_changes_something(
    house: House, now: datetime, operator: User
) -> None:
    soon = now + timedelta(seconds=30)
    plan = {"started_at": soon, "scheduled_for": soon, "scheduled_until": now + HOUR}
    declare(declaration=work(now, **plan), now=now, actor=operator)
    house.at(now)
    house.now = soon - timedelta(seconds=1)
    assert not house.publisher.due()
    house.now = soon
    assert house.publisher.due()
    house.at(soon).now = soon + timedelta(seconds=59)
    assert not house.publisher.due()
