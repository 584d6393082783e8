"""A customer reads of what is planned as planned, of what was called off as that, of no advisory that it goes on."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from incidents.models import Incident
from incidents.services import incident as incident_service
from incidents.services.inputs import Statement
from tests.portal.people import signed_in
from tests.portal.test_events import ANNA, HOME, SECRET, declared, text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue", "nordwind")]


def pages(incident: Incident, tab: str) -> tuple[str, str, str]:
    """The event, its evidence and its list, as plain words."""
    client = signed_in(ANNA)
    one = f"{HOME}events/{incident.tracking_id}/"
    event, evidence, listed = (
        " ".join(text(client, path).split()) for path in (one, f"{one}evidence/", f"{HOME}{tab}")
    )
    return event, evidence, listed


def maintenance(operator: User) -> Incident:
    begin = timezone.now() + timedelta(days=9)
    return declared(
        operator,
        kind="planned-maintenance",
        stage="planned",
        level="warning",
        started_at=begin,
        scheduled_for=begin,
        scheduled_until=begin + timedelta(hours=2),
    )


def test_what_is_planned_does_not_go_on_yet(operator: User) -> None:
    event, evidence, listed = pages(maintenance(operator), "planned/")
    assert "Key Vault, West Europe</dt> <dd> planned </dd>" in event
    assert "<dt>Planned for</dt>" in event
    assert ", which is planned for " in evidence
    assert "going on" not in event + evidence + listed


def test_what_was_called_off_never_began(operator: User) -> None:
    incident = maintenance(operator)
    incident_service.post_update(
        incident_id=incident.pk,
        stage="cancelled",
        statement=Statement(targeted_text=SECRET),
        now=timezone.now(),
        actor=operator,
    )
    event, evidence, listed = pages(incident, "history/")
    assert "Key Vault, West Europe</dt> <dd> called off </dd>" in event
    assert "<dt>Was planned for</dt>" in event
    assert ", which was planned for " in evidence
    assert " and called off. Made" in evidence
    assert "called off, was planned for " in listed
    assert "going on" not in event + evidence + listed
    assert "which began" not in evidence


def test_what_has_begun_goes_on_until_it_is_over(operator: User) -> None:
    incident = declared(operator)
    event, evidence, listed = pages(incident, "")
    assert "<strong>still going on</strong>" in event
    assert ", which began " in evidence
    assert "– still going on" in listed
    incident_service.post_update(
        incident_id=incident.pk, stage="mitigated", now=timezone.now(), actor=operator
    )
    event, _, _ = pages(incident, "")
    assert "going on" not in event


def test_an_advisory_stands_and_does_not_go_on(operator: User) -> None:
    begin = timezone.now() + timedelta(days=90)
    incident = declared(operator, kind="health-advisory", level="informational", started_at=begin)
    event, evidence, listed = pages(incident, "advisories/")
    assert "Key Vault, West Europe</dt> <dd> from " in event
    assert ", which begins " in evidence
    assert "going on" not in event + evidence + listed
