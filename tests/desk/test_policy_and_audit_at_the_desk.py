"""The policy in force and the record of decisions, at the desk."""

from __future__ import annotations

import json

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from incidents.models import Incident, PolicyVersion
from incidents.policy import PRESETS
from tests.desk.conftest import Answer, sent_by, text_of

pytestmark = pytest.mark.django_db

POLICIES, AUDIT = "/admin/desk/policies/", "/admin/desk/audit/"
STRICT = "name: ours\nbroad:\n  services: 3\n"


def test_a_policy_is_looked_at_before_it_is_put_into_force(
    desk: Client, targeted: Incident
) -> None:
    shown = desk.get(POLICIES)
    assert f"In force: recommended , version {PRESETS['recommended'].version}" in text_of(shown)

    filled = sent_by(shown, POLICIES) | {"text": STRICT, "reason": "Two are not broad for us."}
    preview = desk.post(POLICIES, filled | {"step": "preview"})
    assert "broad.services" in text_of(preview)
    assert "0 of 1 recorded incident would have been told differently" in text_of(preview)
    assert not PolicyVersion.objects.exists()

    done = desk.post(POLICIES, sent_by(preview, POLICIES) | {"step": "adopt"}, follow=True)

    assert "ours 1 is in force from now on." in text_of(done)
    assert PolicyVersion.objects.get().reason == "Two are not broad for us."


def test_a_version_can_be_taken_up_again(desk: Client) -> None:
    desk.post(POLICIES, {"text": STRICT, "reason": "Trial.", "step": "adopt"})
    first = PolicyVersion.objects.get()
    desk.post(POLICIES, {"text": "name: ours\nbroad: null\n", "reason": "No.", "step": "adopt"})

    start = sent_by(desk.get(f"{POLICIES}?from={first.pk}"), POLICIES)

    assert "services: 3" in start["text"][0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name: ours\nbraod: null\n", "braod"),
        ("- a\n- b\n", "no list of fields"),
        ("name: [", "policy"),
    ],
)
def test_a_policy_that_cannot_be_is_named_and_every_word_stays(
    desk: Client, text: str, words: str
) -> None:
    answer = desk.post(POLICIES, {"text": text, "reason": "Typed so.", "step": "adopt"})

    assert answer.status_code == 422
    assert words in text_of(answer)
    assert "Typed so." in answer.content.decode()
    assert not PolicyVersion.objects.exists()


def test_putting_into_force_needs_its_own_permission(client: Client, db: None) -> None:
    user = User.objects.create(username="otto", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="change_incident"))
    client.force_login(user)

    preview = client.post(POLICIES, {"text": STRICT, "reason": "So.", "step": "preview"})
    refused = client.post(POLICIES, {"text": STRICT, "reason": "So.", "step": "adopt"})

    assert "needs the permission" in text_of(preview)
    assert refused.status_code == 403
    assert not PolicyVersion.objects.exists()


def test_decisions_are_listed_and_taken_away(desk: Client, targeted: Incident) -> None:
    assert targeted.tracking_id in text_of(desk.get(AUDIT))

    taken: Answer = desk.get(AUDIT, {"format": "json", "incident": targeted.tracking_id.lower()})
    (record,) = json.loads(b"".join(taken.streaming_content))
    assert record["tracking_id"] == targeted.tracking_id

    table: Answer = desk.get(AUDIT, {"format": "csv"})
    assert (
        b"".join(table.streaming_content)
        .decode()
        .splitlines()[0]
        .startswith("decision,tracking_id,decided_at")
    )


def test_no_decision_and_no_day_are_said(desk: Client, targeted: Incident) -> None:
    assert "No decision matches." in text_of(desk.get(AUDIT, {"until": "2001-01-01"}))
    wrong = desk.get(AUDIT, {"since": "soon"})
    assert wrong.status_code == 422
    assert "This is no day" in text_of(wrong)
