"""Who of a tenant may come in: owners decide, the last owner stays, events about security have a role of their own."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client

from notifications.models import Membership, Person, Tenant
from tests.notifications.cast import tenant
from tests.portal.people import form_token, person, signed_in
from tests.portal.test_events import ANNA, HOME, declared, text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]
PEOPLE = f"{HOME}people/"
OLA = "ola@nordwind.example.com"


@pytest.fixture
def ola(nordwind: Tenant) -> Client:
    person(OLA, nordwind, role="owner")
    return signed_in(OLA)


def post(client: Client, act: str, **values: Any) -> Any:
    return client.post(PEOPLE, {"form_token": form_token(client, PEOPLE), "act": act, **values})


def member(address: str) -> Membership:
    return Membership.objects.get(person__email=address, tenant__ref="nordwind")


def test_an_owner_lets_somebody_in_who_then_signs_in_with_that_address(
    nordwind: Tenant, ola: Client
) -> None:
    post(ola, "invite", address="New@nordwind.example.com", role="editor")
    assert mail.outbox[-1].to == ["New@nordwind.example.com"]
    assert "made you a member of Nordwind" in mail.outbox[-1].body
    client = signed_in("new@nordwind.example.com")
    assert "editor of Nordwind" in text(client, HOME)
    assert nordwind.pk


def test_somebody_may_be_of_several_tenants(nordwind: Tenant, ola: Client) -> None:
    person("tom@tulip.example.com", tenant("tulip"))
    post(ola, "invite", address="TOM@tulip.example.com", role="reader")
    assert Person.objects.filter(email__iexact="tom@tulip.example.com").count() == 1
    tom = signed_in("tom@tulip.example.com")
    assert "/service-health/of/tulip/" in text(tom, HOME)
    assert nordwind.pk


def test_roles_change_and_people_go_but_the_last_owner_stays(nordwind: Tenant, ola: Client) -> None:
    anna = signed_in(ANNA)
    post(ola, f"change {member(ANNA).pk}", role="editor", security="on")
    assert (member(ANNA).role, member(ANNA).security) == ("editor", True)
    for act in ("change", "remove"):
        answer = post(ola, f"{act} {member(OLA).pk}", role="reader")
        assert answer.status_code == 422, act
        assert "last owner" in answer.content.decode()
    post(ola, f"remove {member(ANNA).pk}")
    assert anna.get(HOME).status_code == 302
    assert nordwind.memberships.count() == 1


def test_only_owners_decide_and_only_of_their_own(nordwind: Tenant, ola: Client) -> None:
    anna = signed_in(ANNA)
    token = form_token(ola, PEOPLE)
    assert 'value="invite"' not in text(anna, PEOPLE)
    assert anna.post(PEOPLE, {"form_token": token, "act": "invite"}).status_code == 403
    Membership.objects.filter(person__email=ANNA).update(role="editor")
    edits = form_token(anna, f"{HOME}rules/new/")
    assert anna.post(PEOPLE, {"form_token": edits, "act": "invite"}).status_code == 403
    foreign = Membership.objects.create(
        person=Person.objects.create(email="x@other.example.com"), tenant=tenant("other")
    )
    for act in ("change", "remove"):
        assert post(ola, f"{act} {foreign.pk}", role="reader").status_code == 404
    assert post(ola, "remove 999999999999999999999").status_code == 404
    assert Membership.objects.filter(pk=foreign.pk).exists()
    assert nordwind.pk


@pytest.mark.parametrize(
    ("address", "role", "problem"),
    [
        ("", "reader", "address"),
        ("a@b\nBcc: c@d.example", "reader", "address"),
        ("x@example.com", "root", "role: &#x27;root&#x27; is not known"),
        (
            ANNA.upper().replace("NORDWIND.EXAMPLE.COM", "nordwind.example.com"),
            "reader",
            "is there already",
        ),
    ],
)
def test_what_is_wrong_is_said(ola: Client, address: str, role: str, problem: str) -> None:
    before = Membership.objects.count()
    answer = post(ola, "invite", address=address, role=role)
    assert answer.status_code == 422
    assert problem in answer.content.decode()
    assert Membership.objects.count() == before


def test_events_about_security_are_for_whom_an_owner_lets_see_them(
    nordwind: Tenant, ola: Client, operator: User
) -> None:
    secret = declared(operator, kind="security-advisory", level="informational", stage="identified")
    anna = signed_in(ANNA)
    page = f"{HOME}events/{secret.tracking_id}/"
    assert secret.tracking_id in text(ola, f"{HOME}security/")
    assert "people with the security role" in text(anna, f"{HOME}security/")
    assert anna.get(page).status_code == 404
    for path in (
        HOME,
        f"{HOME}history/",
        f"{HOME}events.json",
        f"{HOME}events.csv",
        f"{HOME}where/log/",
    ):
        assert secret.tracking_id not in text(anna, path), path
    post(ola, f"change {member(ANNA).pk}", role="reader", security="on")
    assert anna.get(page).status_code == 200
    assert nordwind.pk
