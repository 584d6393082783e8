"""The plain admin over the tables of notifications."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.contrib.auth.models import User
from django.test import Client

from incidents.services import incident as incident_service
from notifications.delivery import claims, plan, settlement
from notifications.models import AlertRule, Delivery, Endpoint
from tests.conftest import declaration
from tests.notifications.cast import rule, tenant

pytestmark = pytest.mark.usefixtures("catalogue")

TABLES = (
    "tenant",
    "customersubscription",
    "endpoint",
    "actiongroup",
    "alertrule",
    "fanout",
    "delivery",
    "attempt",
    "bounce",
    "operatoract",
    "deliverystatistics",
)
WRITTEN_BY_SERVICES = (
    "fanout",
    "delivery",
    "attempt",
    "bounce",
    "operatoract",
    "deliverystatistics",
)


@pytest.fixture
def desk(client: Client, operator: User) -> Client:
    client.force_login(operator)
    return client


def url(table: str, rest: str = "") -> str:
    return f"/admin/notifications/{table}/{rest}"


@pytest.mark.parametrize("table", TABLES)
def test_every_table_can_be_listed_and_searched(
    desk: Client, operator: User, now: datetime, table: str
) -> None:
    rule(tenant("here", ("key-vault", "west-europe")), "ops@example.com")
    incident_service.declare(declaration=declaration(), now=now, actor=operator)
    plan.plan_due(now=now)
    claims.claim(most=1, channel="mail")
    Delivery.objects.update(lease_until=now)
    settlement.expire_leases()
    assert desk.get(url(table)).status_code == 200
    assert desk.get(url(table), {"q": "here"}).status_code == 200


@pytest.mark.parametrize("table", TABLES)
def test_what_services_write_nobody_else_does(desk: Client, table: str) -> None:
    expected = 403 if table in WRITTEN_BY_SERVICES else 200
    assert desk.get(url(table, "add/")).status_code == expected


def endpoint_form(**values: str) -> dict[str, str]:
    plain = {
        "channel": "mail",
        "language": "en",
        "time_zone": "UTC",
        "topics-TOTAL_FORMS": "0",
        "topics-INITIAL_FORMS": "0",
    }
    return plain | values


def test_an_endpoint_is_normalised_and_unique_whatever_its_spelling(desk: Client) -> None:
    form = endpoint_form(address="Ops@EXAMPLE.com")
    assert desk.post(url("endpoint", "add/"), form).status_code == 302
    assert Endpoint.objects.get().address == "Ops@example.com"
    again = desk.post(url("endpoint", "add/"), endpoint_form(address="ops@example.com"))
    assert "This address is there already." in again.content.decode()


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("address", "nobody", "use name@example.com"),
        ("address", "a@example.com, b@example.com", "no or more than one @"),
        ("time_zone", "Mars/Olympus", "is no time zone"),
    ],
)
def test_a_wrong_field_is_explained_and_nothing_is_stored(
    desk: Client, field: str, value: str, words: str
) -> None:
    form = endpoint_form(address="a@example.com") | {field: value}
    answer = desk.post(url("endpoint", "add/"), form)
    assert words in answer.content.decode()
    assert not Endpoint.objects.exists()


def test_links_to_an_old_address_die_when_it_changes(desk: Client) -> None:
    made = tenant("here").contact
    assert made is not None
    answer = desk.post(
        url("endpoint", f"{made.pk}/change/"), endpoint_form(address="new@example.com")
    )
    assert answer.status_code == 302
    assert Endpoint.objects.get(pk=made.pk).key != made.key


def test_an_endpoint_keeps_its_channel(desk: Client) -> None:
    made = tenant("here").contact
    assert made is not None
    form = endpoint_form(address="new@example.com", channel="webhook")
    assert desk.post(url("endpoint", f"{made.pk}/change/"), form).status_code == 302
    made.refresh_from_db()
    assert (made.address, made.channel) == ("new@example.com", "mail")


def test_suppression_can_be_lifted(desk: Client, now: datetime) -> None:
    tenant("here")
    Endpoint.objects.update(suppressed_at=now, suppressed_because="550")
    chosen = {"action": "lift_suppression", "_selected_action": str(Endpoint.objects.get().pk)}
    desk.post(url("endpoint"), chosen)
    assert Endpoint.objects.get().suppressed_at is None


def test_a_rule_cannot_reach_into_another_tenant(desk: Client) -> None:
    foreign = rule(tenant("other"), "x@example.com").action_groups.get()
    own = tenant("here")
    form = {"tenant": own.pk, "name": "mine", "active": "on", "action_groups": foreign.pk}
    answer = desk.post(url("alertrule", "add/"), form)
    assert "belongs to another tenant" in answer.content.decode()
    form["action_groups"] = rule(own, "y@example.com").action_groups.get().pk
    answer = desk.post(url("alertrule", "add/"), form | {"kinds": ["service-issue"]})
    assert answer.status_code == 302
    assert AlertRule.objects.get(name="mine").kinds == ["service-issue"]
