"""No list of the customers' own page ends without a way on: groups, addresses, tokens, people, cells."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from incidents.models import Offering
from notifications.models import (
    ActionGroup,
    Footprint,
    Membership,
    Person,
    Tenant,
    TenantToken,
)
from statuspage.portal import people, rules, tokens, where
from tests.notifications.cast import endpoint
from tests.portal.people import person, signed_in
from tests.portal.test_events import HOME, text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]
OLA = "ola@nordwind.example.com"
MORE = 7


def test_what_is_beyond_the_first_page_is_on_the_next(
    nordwind: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    person(OLA, nordwind, role="owner")
    for module, name in (
        (where, "A_PAGE"),
        (tokens, "A_PAGE"),
        (people, "A_PAGE"),
        (rules, "CELLS"),
    ):
        monkeypatch.setattr(module, name, 3)
    now = timezone.now()
    for number in range(MORE):
        ActionGroup.objects.create(tenant=nordwind, name=f"group-{number}")
        endpoint(f"a{number}@x.example", tenant=nordwind)
        TenantToken.objects.create(
            tenant=nordwind,
            name=f"token-{number}",
            digest=f"d{number}",
            scopes=[],
            created_at=now,
            expires_at=now + timedelta(days=1),
        )
        one = Person.objects.create(email=f"p{number}@x.example")
        Membership.objects.create(tenant=nordwind, person=one, role="reader")
    offered = Offering.objects.current().exclude(service__slug="key-vault")[:MORE]
    sold = nordwind.subscriptions.get(ref="nordwind-1")
    cells = Footprint.objects.bulk_create(
        Footprint(subscription=sold, service=each.service, region=each.region) for each in offered
    )
    client = signed_in(OLA)

    def everywhere(path: str, name: str) -> str:
        first = text(client, f"{HOME}{path}")
        assert f"{name}=2#" in first, path
        return first + "".join(text(client, f"{HOME}{path}?{name}={page}") for page in (2, 3, 4))

    groups = everywhere("where/", "groups")
    assert all(f"group-{number}" in groups for number in range(MORE))
    addresses = everywhere("where/", "page")
    assert all(f"a{number}@x.example" in addresses for number in range(MORE))
    issued = everywhere("tokens/", "page")
    assert all(f"token-{number}" in issued for number in range(MORE))
    members = everywhere("people/", "page")
    assert all(f"p{number}@x.example" in members for number in range(MORE))
    reached = everywhere("rules/coverage/", "page")
    assert all(each.service.name in reached for each in cells)
    # What is no page is the nearest, and nothing else of the address is lost on the way.
    assert "Page 3 of 3" in text(client, f"{HOME}where/?groups=999&page=2")
    assert "groups=2&amp;page=3#" in text(client, f"{HOME}where/?groups=2&page=2")
