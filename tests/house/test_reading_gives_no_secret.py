"""Who may only look learns nothing that opens anything: each operation of the API that reads, each screen, each page
of the admin, asked for with real numbers and searched for what must not be there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.test import Client

from incidents import access
from incidents.models import ApiToken, Incident
from incidents.sealing import seal
from incidents.services.access import tokens
from incidents.services.incident import declare
from notifications.channels import endpoints, outbound
from notifications.delivery import plan
from notifications.models import ActionGroup, AlertRule, Membership, Person, Tenant
from tests.conftest import declaration
from tests.house.test_roles import SCREENS, addresses
from tests.house.test_whatever_strangers_ask import operations
from tests.notifications.cast import tenant

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]
ROOM = "https://hooks.example.com/services/T000/B000opensesame"
VIEWS = [name for name, act in access.SCOPES.items() if act.verb == "view"]
SEED = "JBSWY3DPEHPK3PXP"


@dataclass(frozen=True)
class House:
    incident: Incident
    tenant: Tenant
    words: list[str]


@pytest.fixture
def house(operator: User, monkeypatch: pytest.MonkeyPatch) -> House:
    """A little of everything that has a secret, used at least once."""
    monkeypatch.setattr(outbound, "_resolve", lambda *_: ["93.184.216.34"])
    now = datetime.now(UTC)
    owner = tenant("contoso", ("key-vault", "west-europe"))
    hook, secret = endpoints.create(
        channel="webhook", address=f"{ROOM}/hook", tenant=owner, now=now
    )
    room, _ = endpoints.create(channel="chat", address=ROOM, tenant=owner, now=now)
    former = endpoints.rotate(endpoint_id=hook.pk, now=now)
    group = ActionGroup.objects.create(tenant=owner, name="night")
    group.endpoints.set([hook, room])
    rule = AlertRule.objects.create(tenant=owner, name="all")
    rule.action_groups.set([group])
    Membership.objects.create(person=Person.objects.create(email="ann@example.com"), tenant=owner)
    token, opens = tokens.issue(user=operator, name="script", now=now)
    operator.set_password("correct horse battery staple")
    operator.save()
    factor = Authenticator.objects.create(user=operator, type="totp", data={"secret": seal(SEED)})
    incident = declare(
        declaration=declaration(started_at=now - timedelta(hours=1)), now=now, actor=operator
    )
    plan.plan_due(now=now + timedelta(hours=1))
    words = [
        "opensesame", secret, former, SEED, factor.data["secret"], opens, token.digest, operator.password,
        *(str(each.key) for each in (hook, room)), *(each.key.hex for each in (hook, room)),
    ]  # fmt: skip
    return House(incident, owner, words)


def person(role: str) -> User:
    user = User.objects.create(username=role, is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    return user


def check(house: House, where: str, answer: Any) -> None:
    parts = answer.streaming_content if answer.streaming else [answer.content]
    body = b"".join(parts).decode(errors="replace") + repr(answer.headers)
    assert [word for word in house.words if word in body] == [], where


def filled(house: House, path: str) -> str:
    names = {
        "tracking_id": house.incident.tracking_id, "ref": house.tenant.ref, "tenant": house.tenant.ref,
        "tenant_ref": house.tenant.ref,
    }  # fmt: skip
    first = house.tenant.endpoints.first()
    assert first
    return re.sub(r"[{<](?:\w+:)?(\w+)[}>]", lambda found: names.get(found[1], str(first.pk)), path)


@pytest.mark.parametrize("who", ["olga", access.AUDITOR])
def test_a_token_that_reads_reads_no_secret(house: House, who: str) -> None:
    user = User.objects.filter(username=who).first() or person(who)
    scopes = [
        name for name in VIEWS if access.may(user, *access.SCOPES[name].permissions)
    ]  # fmt: skip
    _, secret = tokens.issue(user=user, name="reads", now=datetime.now(UTC), scopes=scopes)
    asked = answered = 0
    for method, path, parameters, _, _ in operations():
        if method != "GET":
            continue
        asked += 1
        for query in ({}, parameters):
            answer = Client().get(
                filled(house, path), query, headers={"Authorization": f"Bearer {secret}"}
            )
            answered += answer.status_code == 200
            check(house, path, answer)
    assert asked > 12
    assert answered > 8


def pages(house: House) -> Iterator[str]:
    for name in SCREENS:
        yield f"/admin/desk/{filled(house, name)}"
    yield from (f"/admin/desk/audit/trail/?format={each}" for each in ("csv", "json"))
    yield from (f"/admin/desk/told/?q={each}" for each in ("contoso", "contoso@example.com"))
    yield f"/admin/desk/told/?endpoint={filled(house, '<pk>')}"
    for model in admin.site._registry:
        base = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        yield base
        for row in model._default_manager.all()[:5]:
            yield from (f"{base}{row.pk}/{each}/" for each in ("change", "history", "delete"))
    for each in addresses():
        if each.startswith("admin/") and "(?P" not in each:
            yield "/" + filled(house, each)


def test_no_page_shows_a_secret_to_an_auditor(house: House) -> None:
    client = Client()
    client.force_login(person(access.AUDITOR))
    shown = 0
    for path in pages(house):
        answer = client.get(path)
        assert answer.status_code < 500, path
        shown += answer.status_code == 200
        check(house, path, answer)
    assert shown > 30


def test_the_search_finds_what_is_there(house: House) -> None:
    """A check of the check: whoever keeps addresses sees them, and the search says so."""
    client = Client()
    client.force_login(person(access.CUSTOMER_MANAGER))
    room = house.tenant.endpoints.get(channel="chat")
    answer = client.get(f"/admin/notifications/endpoint/{room.pk}/change/")
    with pytest.raises(AssertionError, match="opensesame"):
        check(house, "change", answer)
    assert ApiToken.objects.exists()
