"""Merge, override, confirm, level, extend: each waits, is taken back whole, and is carried out after its seconds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from incidents.models import Incident, ScheduledPost
from incidents.services.incident import declare
from incidents.services.scheduled import posts
from statuspage.desk.form.recovery import page_of
from tests.conftest import declaration, hit
from tests.desk.conftest import Form, sent_by, text_of
from tests.house.test_roles import SCREENS

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]
SECONDS = 30
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def undo(settings: Any) -> None:
    settings.UNDO_SECONDS = SECONDS


def hit_now(operator: User | None, *hits: Any, **more: object) -> Incident:
    now = datetime.now(UTC)
    found = declaration(*hits, **{"started_at": now - HOUR} | more)
    return declare(declaration=found, now=now, actor=operator)


def two_of_one(operator: User) -> tuple[Incident, Form]:
    absorbed, survivor = hit_now(operator), hit_now(operator, hit("storage", "west-europe"))
    return absorbed, {"into": survivor.tracking_id, "reason": "One cable."}


def kept_targeted(operator: User) -> tuple[Incident, Form]:
    return hit_now(operator), {"public": "yes", "reason": "The press has it."}


def waiting_for_a_person(operator: User) -> tuple[Incident, Form]:
    cells = hit("storage", "west-europe", extent="region"), hit("key-vault", "west-europe")
    return hit_now(None, *cells), {}


def spread(operator: User) -> tuple[Incident, Form]:
    cells = [hit("storage", region) for region in ("west-europe", "north-europe")]
    return hit_now(operator, *cells, level="warning"), {"level": "error"}


def maintained(operator: User) -> tuple[Incident, Form]:
    now = datetime.now(UTC)
    incident = hit_now(
        operator,
        kind="planned-maintenance",
        stage="in-progress",
        scheduled_for=now - HOUR,
        scheduled_until=now + HOUR,
    )
    return incident, {"scheduled_until": "+180", "reason": "A part is late."}


CASES: dict[str, tuple[Callable[[User], tuple[Incident, Form]], str, str]] = {
    "merge": (two_of_one, "merge/", "merged_into_id"),
    "override": (kept_targeted, "override/", "published_at"),
    "confirm": (waiting_for_a_person, "confirm/", "published_at"),
    "level": (spread, "level/", "level"),
    "extend": (maintained, "times/", "scheduled_until"),
}


@pytest.mark.parametrize("name", CASES)
def test_it_waits_is_taken_back_whole_and_is_carried_out_when_its_seconds_are_over(
    desk: Client, operator: User, name: str
) -> None:
    living, act, column = CASES[name]
    incident, typed = living(operator)
    here = f"/admin/desk/{incident.tracking_id}/"
    page = f"{here}{act}" if name in ("merge", "extend") else here
    said = incident.communications.count()
    incident.refresh_from_db()
    before = getattr(incident, column)

    def press() -> ScheduledPost:
        answer = desk.post(f"{here}{act}", sent_by(desk.get(page), f"{here}{act}") | typed)
        assert answer.status_code == 302, text_of(answer)
        incident.refresh_from_db()
        assert (getattr(incident, column), incident.communications.count()) == (before, said)
        return ScheduledPost.objects.latest("id")

    back = desk.post(f"/admin/desk/scheduled/{press().pk}/", {"do": "take-back"})
    again = desk.get(back["Location"])
    assert again.status_code == 200
    for value in typed.values():
        assert value in again.content.decode()
    over = datetime.now(UTC) + timedelta(seconds=SECONDS + 1)
    assert posts.send_due(now=over) == []

    press()
    assert [(each.state, each.why) for each in posts.send_due(now=over)] == [("sent", "")]
    incident.refresh_from_db()
    assert getattr(incident, column) != before


@pytest.mark.parametrize(
    "name",
    [
        name.removeprefix("<tracking_id:tracking_id>/")
        for name, (look, write) in SCREENS.items()
        if look is None and write and name.startswith("<tracking_id:")
    ],
)
def test_what_was_typed_into_any_form_of_an_incident_has_a_page_to_come_back_to(
    desk: Client, targeted: Incident, name: str
) -> None:
    page = page_of(f"/admin/desk/{targeted.tracking_id}/{name}")
    assert desk.get(page).status_code == 200
