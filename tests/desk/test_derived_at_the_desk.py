"""What the catalogue and the spread say of an incident, and one press that takes it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client

from incidents.models import Incident
from incidents.services.incident import declare, post_update
from incidents.services.inputs import Changes, Statement
from statuspage.desk.form.optimistic_lock import seen_now
from tests.conftest import declaration, hit
from tests.desk.conftest import text_of
from tests.desk.test_updates_at_the_desk import own, send

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]


@pytest.fixture
def spreading(operator: User) -> Incident:
    """A Warning in two regions at once, declared by a person."""
    now = datetime.now(UTC)
    return declare(
        declaration=declaration(
            hit("azure-resource-manager", "west-europe"),
            hit("azure-resource-manager", "north-europe"),
            level="warning",
            started_at=now - timedelta(minutes=5),
        ),
        now=now,
        actor=operator,
    )


def test_a_proposed_level_is_shown_with_its_reason_and_taken_at_a_press(
    desk: Client, spreading: Incident
) -> None:
    words = text_of(desk.get(own(spreading)))
    assert "Error is proposed: a second region was hit 0 minutes after the first" in words
    assert "Raise to Error, and post publicly" in words
    assert "2 more may be affected" in words

    send(desk, spreading, "level", level="error")

    spreading.refresh_from_db()
    assert (spreading.level, spreading.dependents) == ("error", 2)
    assert spreading.published_at is not None
    words = text_of(desk.get(own(spreading)))
    assert "Level Error, from the spread: a second region was hit" in words
    assert "is proposed" not in words
    assert "2 services cannot do without what fails, as the catalogue says" in words


def test_a_proposal_that_is_over_is_refused(
    desk: Client, spreading: Incident, operator: User
) -> None:
    post_update(
        incident_id=spreading.pk,
        changes=Changes(level="error"),
        statement=Statement(targeted_text="It is worse."),
        now=datetime.now(UTC),
        actor=operator,
    )
    spreading.refresh_from_db()
    answer = desk.post(own(spreading, "level/"), {"seen": seen_now(spreading), "level": "error"})
    assert answer.status_code == 422
    assert "is not proposed any more" in text_of(answer)


def test_a_number_that_a_person_stated_is_shown_as_that(
    desk: Client, spreading: Incident, operator: User
) -> None:
    post_update(
        incident_id=spreading.pk,
        changes=Changes(dependents=7),
        statement=Statement(targeted_text="Seven services fail."),
        now=datetime.now(UTC),
        actor=operator,
    )
    words = text_of(desk.get(own(spreading)))
    assert "7 dependent services, as a person stated; the catalogue counts 0" in words
