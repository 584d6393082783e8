"""The plain admin: what may be corrected there, and what may only be looked at."""

from __future__ import annotations

import re
from datetime import datetime

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.test import Client

from incidents.models import Decision, Region, Revision, Service
from incidents.services.incident import declare
from tests.conftest import declaration

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]


@pytest.fixture
def signed_in(operator: User) -> Client:
    client = Client()
    client.force_login(operator)
    return client


def test_a_corrected_name_is_a_change_of_the_public_snapshot(signed_in: Client) -> None:
    service = Service.objects.get(slug="storage")
    before = Revision.objects.get(id=1).number

    answer = signed_in.post(
        f"/admin/incidents/service/{service.pk}/change/",
        {"name": "Blob Storage", "category": service.category_id, "position": service.position},
    )

    assert answer.status_code == 302, answer.content.decode()
    service.refresh_from_db()
    assert (service.name, service.slug) == ("Blob Storage", "storage")
    assert Revision.objects.get(id=1).number == before + 1


def test_nothing_of_the_catalogue_is_added_or_deleted_by_hand(signed_in: Client) -> None:
    region = Region.objects.get(slug="east-us")
    assert signed_in.get("/admin/incidents/region/add/").status_code == 403
    assert signed_in.post(f"/admin/incidents/region/{region.pk}/delete/").status_code == 403


def test_decisions_can_be_looked_at_and_not_touched(
    signed_in: Client, operator: User, now: datetime
) -> None:
    declare(declaration=declaration(), now=now, actor=operator)
    decision = Decision.objects.get()
    address = f"/admin/incidents/decision/{decision.pk}/change/"

    assert signed_in.get(address).status_code == 200
    assert signed_in.post(address, {"reason": "another"}).status_code == 403
    assert signed_in.post(f"/admin/incidents/decision/{decision.pk}/delete/").status_code == 403


@pytest.mark.parametrize(
    "path",
    ["incidents/incident", "incidents/communication", "incidents/service", "incidents/region",
     "incidents/geography", "notifications/delivery", "notifications/fanout", "notifications/tenant"],
)  # fmt: skip
def test_every_list_opens_under_the_strict_policy(
    signed_in: Client, operator: User, now: datetime, path: str
) -> None:
    declare(declaration=declaration(), now=now, actor=operator)
    answer = signed_in.get(f"/admin/{path}/")
    assert answer.status_code == 200
    assert "unsafe" not in answer.headers["Content-Security-Policy"]


def test_the_admin_calls_many_of_a_thing_by_its_plural() -> None:
    """Django adds an s; a name that takes more than that says so itself."""
    ours = [
        model._meta
        for app in ("incidents", "notifications")
        for model in apps.get_app_config(app).get_models()
    ]
    assert [
        str(meta.verbose_name_plural)
        for meta in ours
        if re.search(r"(s|x|ch|sh|[^aeiou]y)s$", str(meta.verbose_name_plural))
    ] == []
