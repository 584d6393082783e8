"""What a customer was told of an incident that another has absorbed stays told, and its link leads on."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User

from incidents.services import merge
from notifications.audience.tenants.tenant_events import events_of
from notifications.evidence import when_told
from notifications.models import Tenant
from tests.conftest import NOW, hit
from tests.portal.people import signed_in
from tests.portal.test_events import ANNA, HOME, SECRET, declared

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]
EAST = ("key-vault", "east-us")


@pytest.mark.parametrize("cell", [("key-vault", "west-europe"), EAST])
def test_the_first_message_counts_and_its_link_leads_to_the_survivor(
    cell: tuple[str, str], nordwind: Tenant, operator: User
) -> None:
    absorbed = declared(operator)
    survivor = declared(operator, hits=(hit(*cell),))
    merge.merge(
        absorbed_id=absorbed.pk,
        into_id=survivor.pk,
        reason="The same fault.",
        now=NOW + timedelta(hours=1),
        actor=operator,
    )
    (event,) = events_of(nordwind)
    assert event.incident == survivor
    told = when_told.first_told(nordwind, [survivor.pk])
    assert told[survivor.pk].at == NOW + timedelta(minutes=6)
    client = signed_in(ANNA)
    moved = client.get(f"/service-health/events/{absorbed.tracking_id}/")
    assert moved.headers["Location"] == f"{HOME}events/{survivor.tracking_id}/"
    made = client.get(f"{HOME}events/{absorbed.tracking_id}/evidence.json").json()["document"]
    assert made["incident"]["trackingId"] == survivor.tracking_id
    assert made["firstTold"] == "2026-03-01T09:36:00Z"
    first = made["statements"][0]
    assert (first["trackingId"], first["number"], first["text"]) == (
        absorbed.tracking_id,
        1,
        SECRET,
    )
    page = client.get(f"{HOME}events/{survivor.tracking_id}/evidence/").content.decode()
    assert f"of {absorbed.tracking_id}" in page
    log = client.get(f"{HOME}where/log/").content.decode()
    assert absorbed.tracking_id in log
