from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from incidents.models import Incident
from incidents.services.incident import declare, post_update
from incidents.services.inputs import Changes, Statement
from incidents.services.visibility import publish_due
from tests.conftest import declaration, hit
from tests.desk.conftest import sent_by, text_of
from tests.desk.test_updates_at_the_desk import own, said, send

pytestmark = pytest.mark.django_db


def test_a_waiting_post_is_confirmed_at_a_press(
    desk: Client, waiting: Incident, operator: User
) -> None:
    page = desk.get(own(waiting))
    words = text_of(page)
    assert "A public post waits for you" in words
    assert "4:59 minutes" in words or "5:00 minutes" in words
    assert b'data-countdown="' in page.content
    assert "Storage and Key Vault in West Europe are failing" in words, "what will be said"

    send(desk, waiting, "confirm")

    waiting.refresh_from_db()
    assert waiting.published_at is not None
    assert waiting.public_due_at is None
    last = waiting.decisions.latest("id")
    assert (last.actor, last.override_public) == (operator, None)
    post = said(waiting)
    assert "Storage and Key Vault in West Europe are failing" in post.public_text
    assert post.public_at is not None
    assert post.targeted_text == ""


def test_a_confirmed_post_can_be_in_the_operators_words(desk: Client, waiting: Incident) -> None:
    send(desk, waiting, "confirm", public_text="We see it, too.")

    assert said(waiting).public_text == "We see it, too."


def test_a_waiting_post_is_kept_back_only_with_a_reason(desk: Client, waiting: Incident) -> None:
    refused = send(desk, waiting, "override", reason=" ")
    assert refused.status_code == 422
    assert "Write why: an override of the policy needs a reason." in text_of(refused)

    done = send(desk, waiting, "override", reason="A drill of the storage team.")

    assert done.status_code == 302
    waiting.refresh_from_db()
    assert (waiting.published_at, waiting.public_due_at) == (None, None)
    assert said(waiting).number == 1
    assert "TARGETED ONLY – by override" in text_of(desk.get(own(waiting)))


def test_what_is_kept_back_stays_so_through_updates_until_the_policy_says_something_else(
    desk: Client, waiting: Incident, operator: User
) -> None:
    send(desk, waiting, "override", reason="A drill of the storage team.")

    send(desk, waiting, "update", step="post", public_text="Still drilling.")
    waiting.refresh_from_db()
    assert waiting.published_at is None
    assert waiting.decisions.latest("id").reason == "A drill of the storage team."

    now = datetime.now(UTC)
    post_update(
        incident_id=waiting.pk,
        now=now,
        changes=Changes(level="warning", audience="unknown"),
        statement=Statement(public_text="Milder now, and we do not know any more whom it hits."),
        actor=operator,
    )
    waiting.refresh_from_db()
    assert waiting.decisions.latest("id").override_public is None
    assert waiting.published_at == now


def test_the_deadline_and_the_operator_do_not_both_post(
    desk: Client, waiting: Incident, operator: User
) -> None:
    url = own(waiting, "confirm/")
    form: dict[str, Any] = sent_by(desk.get(own(waiting)), url)
    assert waiting.public_due_at is not None
    assert publish_due(now=waiting.public_due_at) == [waiting.tracking_id]

    page = desk.post(url, form)

    assert page.status_code == 409
    assert "Somebody was faster" in text_of(page)
    assert said(waiting).number == 2


def test_a_targeted_incident_is_posted_by_override(desk: Client, targeted: Incident) -> None:
    send(desk, targeted, "override", reason="The press knows.", public_text="We know.")

    assert Incident.objects.public().get() == targeted
    assert said(targeted).public_text == "We know."
    assert "PUBLIC – by override" in text_of(desk.get(own(targeted)))


def test_an_entry_is_withdrawn_with_a_reason_and_an_author(
    desk: Client, waiting: Incident, operator: User
) -> None:
    send(desk, waiting, "confirm")
    send(desk, waiting, "withdraw", reason="Posted for the wrong region.")

    waiting.refresh_from_db()
    assert waiting.withdrawal_reason == "Posted for the wrong region."
    assert Incident.objects.gone().get() == waiting
    last = waiting.decisions.latest("id")
    assert (last.actor, last.override_public) == (operator, False)


def test_once_the_audience_is_known_the_affected_are_told(
    desk: Client, targeted: Incident, operator: User
) -> None:
    Incident.objects.update(audience="unknown")
    post_update(
        incident_id=targeted.pk,
        now=datetime.now(UTC),
        changes=Changes(hits=[hit("storage", "west-europe")]),
        actor=operator,
    )
    targeted.refresh_from_db()
    assert targeted.scenario == 3

    send(desk, targeted, "audience", audience="estimated", targeted_text="It is your storage.")

    targeted.refresh_from_db()
    assert targeted.audience == "estimated"
    assert Incident.objects.public().get() == targeted
    last = said(targeted)
    assert last.targeted_text == "It is your storage."
    assert last.public_text == ""
    assert targeted.note in text_of(desk.get(own(targeted)))
    assert targeted.note


def test_an_audience_that_does_not_change_is_refused(desk: Client, targeted: Incident) -> None:
    page = send(desk, targeted, "audience", audience="estimated")

    assert page.status_code == 422
    assert "Audience is estimated already" in text_of(page)


def test_a_borderline_verdict_of_a_machine_asks_a_person(desk: Client, waiting: Incident) -> None:
    assert "no person has looked yet" not in text_of(desk.get(own(waiting)))
    Incident.objects.update(public_due_at=None)

    words = text_of(desk.get(own(waiting)))

    decision = waiting.decisions.get()
    assert ("no person has looked yet" in words) == decision.verdict["needs_confirmation"]


def test_every_decision_is_listed_with_its_author(desk: Client, waiting: Incident) -> None:
    send(desk, waiting, "confirm")

    words = text_of(desk.get(own(waiting)))

    assert "All 2 decisions" in words
    assert "· the machine" in words
    assert "· olga" in words


@pytest.mark.usefixtures("catalogue")
def test_forgetting_the_audience_says_that_it_made_the_incident_public(
    desk: Client, operator: User
) -> None:
    entry = declaration(
        hit("key-vault", "west-europe"), hit("key-vault", "north-europe"), level="warning"
    )
    incident = declare(declaration=entry, now=datetime.now(UTC), actor=operator)
    assert not Incident.objects.public().exists()

    send(desk, incident, "audience", audience="unknown")

    assert Incident.objects.public().exists()
    assert "posted publicly now" in text_of(desk.get(own(incident)))
