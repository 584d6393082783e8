"""Erasing an address or a tenant at the desk: a look first, a tick, a reason, and only with permission."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from notifications.models import Endpoint, OperatorAct, Tenant
from tests.desk.conftest import text_of
from tests.notifications.cast import tenant

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]

SURE = {"reason": "Ticket 4711", "sure": "on"}


def test_an_address_is_erased_after_a_look_a_tick_and_a_reason(
    desk: Client, operator: User
) -> None:
    tenant("blue")
    endpoint = Endpoint.objects.get()
    found = desk.get("/admin/desk/told/", {"q": "blue@example.com"})
    own = f"/admin/desk/erase/{endpoint.pk}/"
    assert own in found.content.decode()
    look = text_of(desk.get(own))
    assert "Erase blue@example.com?" in look
    assert "0 deliveries with state and time" in look

    refused = desk.post(own, {"reason": "Ticket 4711"})
    assert refused.status_code == 422
    assert "Tick the box: it cannot be taken back." in text_of(refused)
    refused = desk.post(own, SURE | {"reason": "blue@example.com wants it"})
    assert "names the address" in text_of(refused)

    done = desk.post(own, SURE, follow=True)
    assert "What was counted is still counted." in text_of(done)
    assert OperatorAct.objects.get().actor == operator
    assert not Endpoint.objects.filter(address="blue@example.com").exists()
    assert desk.post(own, SURE).status_code == 404


def test_a_tenant_is_erased_with_its_addresses(desk: Client) -> None:
    tenant("blue")
    own = "/admin/desk/erase/tenant/blue/"
    assert own in desk.get("/admin/desk/told/", {"q": "blue"}).content.decode()
    assert "1 subscription" in text_of(desk.get(own))
    assert desk.post(own, SURE).status_code == 302
    assert Tenant.objects.get().name == "Erased tenant"
    assert desk.get(own).status_code == 404


def test_only_who_may_erase_can(client: Client) -> None:
    tenant("blue")
    someone = User.objects.create(username="sam", is_staff=True)
    for name in ("change_incident", "view_delivery", "retry_delivery"):
        someone.user_permissions.add(Permission.objects.get(codename=name))
    client.force_login(someone)
    assert "Erase" not in text_of(client.get("/admin/desk/told/", {"q": "blue"}))
    for path in (
        f"/admin/desk/erase/{Endpoint.objects.get().pk}/",
        "/admin/desk/erase/tenant/blue/",
    ):
        assert client.post(path, SURE).status_code == 403
    assert Endpoint.objects.filter(address="blue@example.com").exists()
