"""Whoever was told, but not in the words for those affected, reads no such words anywhere."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User

from incidents.models import Incident
from incidents.services import incident as incident_service
from incidents.services.inputs import Statement
from notifications.audience.tenants.tenant_events import events_of
from notifications.models import Delivery, Endpoint, Tenant
from statuspage.tenant_api import event_shapes
from tests.conftest import NOW, declaration, hit
from tests.notifications.cast import confirm_audience, reader, tenant
from tests.portal.people import signed_in
from tests.portal.test_events import ANNA, HOME, SECRET, WEST, declared, tell

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]

CONFIDENTIAL = "Rotate the keys of these vaults only: 17."


def read(tenant_of: Tenant, incident: Incident) -> str:
    """All that a tenant's people and programs can read of an incident."""
    anna = signed_in(ANNA)
    one = f"{HOME}events/{incident.tracking_id}/"
    paths = (one, f"{one}evidence/", f"{one}evidence.json", HOME, f"{HOME}events.csv")
    pages = [anna.get(path).content.decode() for path in paths]
    known = event_shapes.known(tenant_of, events_of(tenant_of))
    return "\n".join([*pages, *(each.text for one in known for each in one.statements)])


def test_who_was_told_that_it_is_not_affected_reads_nothing_that_was_for_the_affected(
    nordwind: Tenant, operator: User
) -> None:
    incident = declared(operator)
    tenant("other", WEST)
    confirm_audience(incident, "other-1")
    incident_service.post_update(
        incident_id=incident.pk,
        statement=Statement(targeted_text=CONFIDENTIAL),
        now=NOW + timedelta(minutes=30),
        actor=operator,
    )
    tell(incident)
    delivery = Delivery.objects.get(endpoint=nordwind.contact, communication__number=2)
    assert (delivery.relevance, delivery.state) == ("not-impacted", "sent")
    assert CONFIDENTIAL not in read(nordwind, incident)
    anna = signed_in(ANNA)
    made = anna.get(f"{HOME}events/{incident.tracking_id}/evidence.json").json()["document"]
    first, second = made["statements"]
    assert first["text"] == SECRET
    assert "your subscriptions were not affected" in second["text"]
    assert second["messages"][0]["acceptedAt"]


def test_who_got_the_public_post_alone_reads_no_targeted_words(
    nordwind: Tenant, operator: User
) -> None:
    contact = nordwind.contact
    assert contact is not None
    reader(contact.address)
    Endpoint.objects.filter(pk=contact.pk).update(confirmed_at=NOW)
    incident = incident_service.declare(
        declaration=declaration(
            hit(*WEST, extent="zone"),
            hit("storage", "west-europe"),
            statement=Statement(public_text="Known to all.", targeted_text=CONFIDENTIAL),
        ),
        now=NOW,
        actor=operator,
    )
    tenant("other", WEST)
    confirm_audience(incident, "other-1")
    tell(incident)
    delivery = Delivery.objects.get(endpoint=contact)
    assert (delivery.audience, delivery.state) == ("public", "sent")
    seen = read(nordwind, incident)
    assert "Known to all." in seen
    assert CONFIDENTIAL not in seen
