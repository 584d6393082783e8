"""Where a tenant runs: seen by its people, changed by them where the operator allows, with who changed what."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from incidents.models import AuditEvent, Region, Service
from incidents.services.access import audit_trail
from notifications.customers import load_customers, records
from notifications.customers.customer_file import CustomerFile
from notifications.models import CustomerSubscription, Footprint, FootprintChange, Tenant
from tests.conftest import NOW
from tests.notifications.cast import subscription, tenant
from tests.portal.people import form_token, person, signed_in
from tests.portal.test_events import HOME, text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]
PAGE = f"{HOME}footprint/"
ED = "ed@nordwind.example.com"


@pytest.fixture
def ed(nordwind: Tenant) -> Client:
    Tenant.objects.filter(pk=nordwind.pk).update(edits_footprint=True)
    person(ED, nordwind, role="editor")
    return signed_in(ED)


def post(client: Client, **values: Any) -> Any:
    return client.post(PAGE, {"form_token": form_token(client, f"{HOME}rules/new/"), **values})


def runs_in(ref: str) -> set[tuple[str, str]]:
    cells = Footprint.objects.filter(subscription__ref=ref)
    return set(cells.values_list("service__slug", "region__slug"))


def test_an_editor_changes_it_and_it_stands_who_did(nordwind: Tenant, ed: Client) -> None:
    lines = "nordwind-dr, Storage, West Europe\nNORDWIND-DR, key-vault, west-europe\n"
    assert post(ed, places=lines).status_code == 302
    assert runs_in("nordwind-dr") == {("storage", "west-europe"), ("key-vault", "west-europe")}
    assert runs_in("nordwind-1") == {("key-vault", "west-europe")}  # not named, not touched
    page = text(ed, PAGE)
    assert f"{ED}: nordwind-dr" in page
    assert "+ Storage in West Europe" in page
    assert "− Key Vault in North Europe" in page
    event = AuditEvent.objects.filter(what="notifications_footprint").latest("id")
    assert (event.actor.startswith("person "), event.via) == (True, "portal:footprint")

    file = SimpleUploadedFile("f.csv", b"\xef\xbb\xbfsubscription,service,region\nnordwind-dr,,\n")
    assert post(ed, file=file).status_code == 302
    assert runs_in("nordwind-dr") == set()
    assert "nordwind-dr,storage" not in ed.get(f"{HOME}footprint.csv").content.decode()
    assert ed.get(f"{HOME}footprint.csv").content.startswith(b"subscription,service,region")


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("other-1, Storage, West Europe", "none of your subscriptions"),
        ("nordwind-dr, Storage, Nowhere", "is not in the catalogue"),
        ("nordwind-dr, Storage, West Europe, x", "too many commas"),
        ("nordwind-dr, Azure Portal, West Europe", "is not offered"),
        ("<script>alert(1)</script>", "none of your subscriptions"),
        ("", "is empty"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(ed: Client, typed: str, said: str) -> None:
    tenant("other", ("storage", "west-europe"))
    answer = post(ed, places=typed)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert "<script>alert" not in answer.content.decode()
    assert runs_in("nordwind-dr") == {("key-vault", "north-europe")}
    assert post(ed, places="x" * 6_000_000).status_code == 413


def test_readers_look_and_nobody_edits_unless_the_operator_allows(
    nordwind: Tenant, ed: Client
) -> None:
    anna = signed_in("anna@nordwind.example.com")
    assert "nordwind-dr" in text(anna, PAGE)
    assert 'name="places"' not in text(anna, PAGE)
    Tenant.objects.filter(pk=nordwind.pk).update(edits_footprint=False)
    assert 'name="places"' not in text(ed, PAGE)
    assert post(ed, places="nordwind-dr, Storage, West Europe").status_code == 403


def test_thousands_of_subscriptions_come_in_pages_for_the_same_few_questions(
    nordwind: Tenant, ed: Client
) -> None:
    def asked() -> int:
        with CaptureQueriesContext(
            connection,
        ) as questions:
            ed.get(PAGE)
        return len(questions)

    few = asked()
    CustomerSubscription.objects.bulk_create(
        CustomerSubscription(tenant=nordwind, ref=f"more-{number}") for number in range(500)
    )
    assert asked() == few
    assert few <= 12
    assert text(ed, PAGE).count("<tr>") <= 53
    subscription(nordwind, "last-one", ("storage", "west-europe"))
    assert "last-one" in text(ed, f"{PAGE}?q=LAST")


def test_what_the_operator_changes_stands_there_too_and_names_none_of_its_people(
    nordwind: Tenant, ed: Client, operator: User
) -> None:
    place = {each.slug: each for each in Region.objects.all()}
    vault = Service.objects.get(slug="key-vault")
    # From a script, by a file, in the admin: whoever writes passes the same trigger.
    cells = [(vault, place["north-europe"]), (vault, place["west-europe"])]
    records.save_subscription(ref="nordwind-dr", tenant=nordwind, name="", cells=cells)
    row = "tenant,tenant_name,contact,subscription,subscription_name,service,region\n"
    row += "nordwind,Nordwind,nordwind@example.com,by-file,,storage,west-europe\n"
    load_customers.load(files=[CustomerFile("f", io.BytesIO(row.encode()))], now=NOW)
    with audit_trail.acting(lambda: {"actor": operator.get_username()}):
        Footprint.objects.filter(subscription__ref="nordwind-1").delete()
    page = " ".join(text(ed, PAGE).split())
    for said in (
        "the operator: nordwind-dr + Key Vault in West Europe",
        "the operator: by-file + Storage in West Europe",
        "the operator: nordwind-1 − Key Vault in West Europe",
    ):
        assert said in page
    assert "nordwind-dr − Key Vault" not in page  # what stays is no change
    assert operator.get_username() not in page


def test_a_tenant_that_is_deleted_takes_what_changed_along(nordwind: Tenant) -> None:
    assert FootprintChange.objects.exists()
    Tenant.objects.exclude(pk=nordwind.pk).delete()
    nordwind.delete()
    connection.check_constraints()
    assert not FootprintChange.objects.exists()


def test_many_changes_come_in_pages(nordwind: Tenant, ed: Client) -> None:
    for number in range(40):
        subscription(nordwind, f"more-{number:02}", ("storage", "west-europe"))
    pages = text(ed, PAGE), text(ed, f"{PAGE}?changes=2")
    first, second = (" ".join(each.split()) for each in pages)
    assert "more-39 + Storage" in first
    assert "more-00 + Storage" not in first
    assert "more-00 + Storage" in second
