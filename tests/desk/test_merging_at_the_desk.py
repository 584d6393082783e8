"""Two incidents that turned out to be one, at the desk."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User
from django.test import Client

from incidents.models import Incident
from incidents.services.incident import declare, post_update
from tests.conftest import declaration
from tests.desk.conftest import sent_by, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def other(targeted: Incident, operator: User) -> Incident:
    return declare(declaration=declaration(), now=datetime.now(UTC), actor=operator)


def merging(incident: Incident) -> str:
    return f"/admin/desk/{incident.tracking_id}/merge/"


def test_a_merge_leads_to_the_incident_that_goes_on(
    desk: Client, targeted: Incident, other: Incident
) -> None:
    asked = desk.get(merging(targeted))
    assert "goes on alone" in text_of(asked)

    filled = sent_by(asked, merging(targeted)) | {"into": other.tracking_id, "reason": "One cause."}
    done = desk.post(merging(targeted), filled, follow=True)

    assert f"is merged into {other.tracking_id}" in text_of(done)
    targeted.refresh_from_db()
    assert targeted.merged_into == other


def test_a_merge_is_taken_back_on_the_page_of_the_absorbed_one(
    desk: Client, targeted: Incident, other: Incident
) -> None:
    filled = {"into": other.tracking_id, "reason": "One cause."}
    desk.post(merging(targeted), sent_by(desk.get(merging(targeted)), merging(targeted)) | filled)
    own = f"/admin/desk/{targeted.tracking_id}/"
    assert f"Merged into {other.tracking_id}" in text_of(desk.get(own))

    done = desk.post(f"{own}unmerge/", follow=True)

    assert "stands for itself again" in text_of(done)
    targeted.refresh_from_db()
    assert targeted.merged_into is None


def test_without_a_reason_or_with_another_incident_nothing_is_merged(
    desk: Client, targeted: Incident, other: Incident
) -> None:
    filled = sent_by(desk.get(merging(targeted)), merging(targeted))
    refused = desk.post(merging(targeted), filled | {"into": "NONE-000", "reason": " "})

    assert refused.status_code == 422
    assert "NONE-000 is not an open incident of this kind" in text_of(refused)
    assert "Write why the two are one incident." in text_of(refused)
    targeted.refresh_from_db()
    assert targeted.merged_into is None


def test_somebody_elses_update_is_shown_before_merging(
    desk: Client, targeted: Incident, other: Incident, operator: User
) -> None:
    filled = sent_by(desk.get(merging(targeted)), merging(targeted))
    post_update(incident_id=targeted.pk, stage="resolved", now=datetime.now(UTC), actor=operator)

    answer = desk.post(merging(targeted), filled | {"into": other.tracking_id, "reason": "One."})

    assert answer.status_code == 409


def test_where_nothing_else_is_open_the_page_says_so(desk: Client, targeted: Incident) -> None:
    assert "No other incident of this kind is open." in text_of(desk.get(merging(targeted)))
