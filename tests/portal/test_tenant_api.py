"""The API for tenants: the same events as on the pages, in the shapes of Azure and AWS; each token its own tenant's."""

from __future__ import annotations

import base64
import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from icalendar import Calendar

from incidents.models import Incident
from incidents.services.inputs import Statement
from notifications.audience.tenants import tenant_events
from notifications.customers import tokens
from notifications.evidence import erasure
from notifications.models import AlertRule, Endpoint, Membership, Tenant, TenantScope, TenantToken
from notifications.models.delivery import rows
from statuspage.tenant_api.application import api, document
from statuspage.tenant_api.authentication import Scoped
from tests.notifications.cast import confirm_audience, endpoint, rule, subscription, tenant
from tests.portal.people import form_token, person, signed_in
from tests.portal.test_events import SECRET, WEST, declared

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]
V1 = "/service-health/api/v1/"
EVERY = frozenset(TenantScope.values)
CALENDAR = "/service-health/calendar/{}.ics"
OPERATIONS = [
    (method.upper(), path) for path, each in document()["paths"].items() for method in each
]


def token(owner: Tenant, *scopes: str) -> str:
    by = Membership.objects.filter(tenant=owner, role="owner").first() or Membership.objects.create(
        tenant=owner, person=person(f"owner@{owner.ref}.example.com"), role="owner"
    )
    _, secret = tokens.issue(
        by=by, name="t", scopes=scopes or EVERY, lifetime=timedelta(days=1), now=timezone.now()
    )
    return secret


def send(secret: str, path: str, method: str = "GET", body: Any = None, **headers: str) -> Any:
    return Client(enforce_csrf_checks=True).generic(
        method, path if path.startswith("/") else V1 + path, json.dumps(body) if body is not None else "",
        content_type="application/json", headers={"Authorization": f"Bearer {secret}"} | headers,
    )  # fmt: skip


def got(secret: str, path: str) -> Any:
    answer = send(secret, path)
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_an_event_has_azures_shape_with_the_tenants_own_cells_and_subscriptions(
    nordwind: Tenant, operator: User
) -> None:
    incident = declared(operator)
    (event,) = got(token(nordwind), "events")["value"]
    properties = event["properties"]
    assert event["name"] == incident.tracking_id
    assert (properties["eventType"], properties["status"]) == ("ServiceIssue", "Active")
    assert (properties["level"], properties["eventLevel"]) == ("Critical", "Error")
    assert properties["summary"] == SECRET
    assert [each["summary"] for each in properties["updates"]] == [SECRET]
    (impact,) = properties["impact"]
    assert impact["impactedServiceGuid"] == "key-vault"
    (region,) = impact["impactedRegions"]
    assert region["impactedRegionId"] == "west-europe"
    assert region["impactedSubscriptions"] == ["nordwind-1"]
    assert properties["concern"] | {"firstToldTime": ""} == {
        "basis": "footprint", "public": False, "stage": "investigating", "firstToldTime": "", "toldBy": ["Mail"],
    }  # fmt: skip
    assert got(token(nordwind), f"events/{incident.tracking_id}") == event


def test_the_same_event_has_the_shape_of_aws(nordwind: Tenant, operator: User) -> None:
    incident = declared(operator)
    (event,) = got(token(nordwind), "describe-events")["events"]
    assert event["arn"].endswith(
        f":health:west-europe::event/key-vault/KEY_VAULT_OPERATIONAL_ISSUE/{incident.tracking_id}"
    )
    assert (event["eventTypeCategory"], event["statusCode"]) == ("issue", "open")
    assert event["eventScopeCode"] == "ACCOUNT_SPECIFIC"
    assert got(token(nordwind), "describe-events?eventStatusCode=closed")["events"] == []


def test_a_list_names_the_subscriptions_it_confirms_and_pages_go_through_them(
    nordwind: Tenant, operator: User
) -> None:
    for number in range(4):
        subscription(nordwind, f"more-{number}", WEST)
    incident = declared(operator)
    confirm_audience(incident, "more-1", "more-2", "more-3")
    secret, seen = token(nordwind), []
    path: str | None = f"events/{incident.tracking_id}/impactedSubscriptions?limit=2"
    while path:
        page = got(secret, path)
        seen += [(each["subscriptionId"], each["basis"]) for each in page["value"]]
        path = page["nextLink"] and page["nextLink"].removeprefix(settings.BASE_URL)
    assert seen == [(f"more-{number}", "list") for number in (1, 2, 3)]
    cell = got(secret, "events")["value"][0]["properties"]["impact"][0]["impactedRegions"][0]
    assert (cell["impactedSubscriptions"], cell["impactedSubscriptionCount"]) == (
        ["more-1", "more-2", "more-3"],
        3,
    )


def test_events_come_in_pages_and_filters_narrow_them(nordwind: Tenant, operator: User) -> None:
    known = [declared(operator).tracking_id for _ in range(3)]
    secret = token(nordwind)
    first = got(secret, "events?limit=2&api-version=2025-05-01")
    second = got(secret, first["nextLink"].removeprefix(settings.BASE_URL))
    assert [each["name"] for page in (first, second) for each in page["value"]] == known[::-1]
    assert second["nextLink"] is None
    for query, number in (
        ("service=key-vault&region=west-europe", 3), ("service=storage", 0), ("region=north-europe", 0),
        ("status=Resolved", 0), ("eventType=HealthAdvisory", 0), ("queryStartTime=2031-01-01T00:00:00Z", 0),
    ):  # fmt: skip
        assert len(got(secret, f"events?{query}")["value"]) == number, query


def test_a_page_loads_no_more_than_is_on_it(
    nordwind: Tenant, operator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = [declared(operator).tracking_id for _ in range(5)]
    secret, loaded, instance = token(nordwind), [], rows.instance

    def counted(model: Any, *values: Any, **more: Any) -> Any:
        loaded.append(model)
        return instance(model, *values, **more)

    monkeypatch.setattr(rows, "instance", counted)
    for path, named in (("events", "value"), ("describe-events", "events")):
        loaded.clear()
        page = got(secret, f"{path}?limit=2")
        assert len(page[named]) == 2
        assert len(loaded) == 3  # one more tells that there is a next page
    # What may not be seen yet leaves no gap in a page.
    basis = tenant_events._basis

    def hidden(incident: Incident, *flags: Any, **more: Any) -> Any:
        return None if incident.tracking_id in known[2:4] else basis(incident, *flags, **more)

    monkeypatch.setattr(tenant_events, "_basis", hidden)
    first = got(secret, "events?limit=2")
    second = got(secret, first["nextLink"].removeprefix(settings.BASE_URL))
    found = [each["name"] for page in (first, second) for each in page["value"]]
    assert found == [known[4], known[1], known[0]]
    assert second["nextLink"] is None


def test_however_many_events_it_asks_as_often(nordwind: Tenant, operator: User) -> None:
    secret = token(nordwind)
    numbers = []
    for _ in range(2):
        declared(operator)
        declared(operator)
        with CaptureQueriesContext(
            connection,
        ) as asked:
            got(secret, "events")
        numbers.append(len(asked))
    assert numbers[1] <= numbers[0] <= 9  # that the token is used is noted once a while


def test_an_answer_that_is_known_is_not_sent_again(nordwind: Tenant, operator: User) -> None:
    secret = token(nordwind)
    first = send(secret, "events")
    again = send(secret, "events", **{"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert "no-store" not in first["Cache-Control"]
    declared(operator)
    assert send(secret, "events", **{"If-None-Match": first["ETag"]}).status_code == 200


def test_who_may_not_see_security_sees_nothing_of_it(nordwind: Tenant, operator: User) -> None:
    incident = declared(operator, kind="security-advisory", statement=Statement(targeted_text="x"))
    assert [each["name"] for each in got(token(nordwind), "events")["value"]] == [
        incident.tracking_id
    ]
    blind = token(nordwind, "events:read", "deliveries:read")
    assert got(blind, "events")["value"] == []
    assert got(blind, "deliveries")["value"] == []
    assert send(blind, f"events/{incident.tracking_id}").status_code == 404


def test_a_rule_is_made_changed_and_deleted(nordwind: Tenant) -> None:
    rule(nordwind, "ops@nordwind.example.com")
    secret = token(nordwind)
    new = {"kinds": ["service-issue"], "services": ["key-vault"], "regions": ["north-europe"],
           "subscriptions": ["nordwind-dr"], "least_level": "warning", "action_groups": ["group 1"]}  # fmt: skip
    made = send(secret, "rules/Vaults", "PUT", new)
    assert made.status_code == 201, made.content
    assert made.json()["warnings"] == []
    assert send(secret, "rules/Vaults", "PUT", new | {"services": []}).status_code == 200
    assert got(secret, "rules/Vaults") == made.json() | {"services": []}
    assert [each["name"] for each in got(secret, "rules")["value"]] == ["Vaults", "rule 1"]
    assert send(secret, "rules/Vaults", "DELETE").status_code == 204
    assert send(secret, "rules/Vaults").status_code == 404


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"action_groups": ["theirs"]}, "action_groups"), ({"subscriptions": ["other-1"]}, "subscriptions"),
        ({"services": ["no-such"]}, "services[0]"), ({"least_level": "bad"}, "least_level"), ({"to": "x"}, "to"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_rule_is_named(nordwind: Tenant, wrong: Any, field: str) -> None:
    tenant("other", WEST)
    answer = send(token(nordwind), "rules/New", "PUT", wrong)
    assert answer.status_code == 422
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["errors"][0]["field"] == field
    assert not AlertRule.objects.filter(name="New").exists()


def test_endpoints_and_deliveries_are_told(nordwind: Tenant, operator: User) -> None:
    rule(nordwind, "ops@nordwind.example.com")
    Endpoint.objects.filter(address="ops@nordwind.example.com").update(tenant=nordwind)
    incident = declared(operator)
    secret = token(nordwind)
    (end,) = got(secret, "endpoints")["value"]
    assert (end["address"], end["action_groups"]) == ("ops@nordwind.example.com", ["group 1"])
    (sent,) = got(secret, "deliveries")["value"]
    assert (sent["trackingId"], sent["statement"], sent["state"]) == (
        incident.tracking_id,
        1,
        "sent",
    )
    assert sent["why"] == "an alert rule matches"
    places = [
        (each["subscriptionId"], each["footprint"])
        for each in got(secret, "subscriptions")["value"]
    ]
    assert places[1] == ("nordwind-1", [{"service": "key-vault", "region": "west-europe"}])


def scope_of(method: str, path: str) -> str:
    scopes = [
        operation.auth_callbacks[0]
        for router in api._get_bound_routers()
        for template, view in router.path_operations.items()
        for operation in view.operations
        if method in operation.methods and path.endswith(f"/v1{template}")
    ]
    assert isinstance(scopes[0], Scoped)
    return scopes[0].scope


def test_each_operation_needs_its_scope_and_knows_nothing_of_others(operator: User) -> None:
    """Every address, every scope, one's own tenant and another's: generated from the description."""
    mine, other = tenant("mine", WEST), tenant("other", ("key-vault", "north-europe"))
    incident = declared(operator)
    names = {"tracking_id": incident.tracking_id, "name": rule(mine, "ops@mine.example.com").name}
    Endpoint.objects.filter(pk=endpoint("ops@mine.example.com").pk).update(tenant=mine)
    theirs = token(other)
    by_scope = {each: (token(mine, each), token(mine, *(EVERY - {each}))) for each in EVERY}
    assert len(OPERATIONS) == 11
    # What takes the rule away comes last.
    for method, path in sorted(OPERATIONS, key=lambda each: each[0] == "DELETE"):
        there, nowhere = path.format(**names), path.format(tracking_id="ZZZZ-ZZZ", name="ZZZZ-ZZZ")
        body: Any = {} if method == "PUT" else None
        own, without = by_scope[scope_of(method, path)]
        assert send(without, there, method, body).status_code == 403, path
        foreign = send(theirs, there, method, body).content.decode()
        if method == "PUT":  # which makes a rule of the other's own
            assert other.alert_rules.all().delete()[0] == 1
        else:
            unknown = send(theirs, nowhere, method, body).content.decode()
            assert foreign.replace(there, "") == unknown.replace(nowhere, ""), path
        assert incident.tracking_id not in foreign, path
        assert "mine" not in foreign, path
        assert mine.alert_rules.count() == 1, path
        assert send(own, there, method, body).status_code in (200, 204), path
    for method, path in OPERATIONS[:5]:  # so many may be wrong before nobody is asked any more
        assert send("tenant_" + "x" * 43, path, method).status_code == 401, path


def test_a_token_ends_when_it_is_revoked_and_when_its_tenant_is_gone(nordwind: Tenant) -> None:
    secret = token(nordwind)
    assert send(secret, "events").status_code == 200
    assert tokens.revoke(tenant=nordwind, token_id=nordwind.tokens.get().pk, now=timezone.now())
    assert send(secret, "events").status_code == 401
    assert send(secret, "nothing").status_code == 404
    assert send(secret, "events", "POST").status_code == 405


def test_an_owner_issues_a_token_on_the_page_and_others_do_not(nordwind: Tenant) -> None:
    person("otto@nordwind.example.com", nordwind, role="owner")
    page = "/service-health/of/nordwind/tokens/"
    form = {"act": "issue", "name": "Grafana", "scopes": ["events:read"], "days": "30"}
    anna, otto = signed_in("anna@nordwind.example.com"), signed_in("otto@nordwind.example.com")
    assert anna.post(page, form | {"form_token": "x"}).status_code == 403
    assert b"Issue it" not in anna.get(page).content
    wrong = otto.post(page, form | {"form_token": form_token(otto, page), "scopes": []})
    assert wrong.status_code == 422
    assert b'value="Grafana"' in wrong.content
    answer = otto.post(page, form | {"form_token": form_token(otto, page)})
    found = re.search(r"tenant_[\w-]{43}", answer.content.decode())
    assert found
    assert send(found[0], "events").status_code == 200
    assert found[0] not in otto.get(page).content.decode()
    made = TenantToken.objects.get()
    assert found[0] not in made.digest
    assert (
        otto.post(
            page, {"act": f"revoke {made.pk}", "form_token": form_token(otto, page)}
        ).status_code
        == 302
    )
    assert send(found[0], "events").status_code == 401


def test_who_does_not_see_security_gives_no_token_that_does(nordwind: Tenant) -> None:
    anna = Membership.objects.get(tenant=nordwind)
    with pytest.raises(ValueError, match="security"):
        tokens.issue(
            by=anna,
            name="x",
            scopes=["security:read"],
            lifetime=timedelta(days=1),
            now=timezone.now(),
        )


def test_a_calendar_follows_planned_maintenance_by_an_address_that_can_be_revoked(
    nordwind: Tenant, operator: User
) -> None:
    begins = timezone.now().replace(microsecond=0) + timedelta(days=3)
    planned = declared(
        operator,
        kind="planned-maintenance",
        level="informational",
        stage="planned",
        started_at=begins,
        scheduled_for=begins,
        scheduled_until=begins + timedelta(hours=2),
        statement=Statement(targeted_text="Vaults move; keys stay."),
    )
    declared(operator)
    secret = token(nordwind, "calendar:read")
    answer = Client().get(CALENDAR.format(secret))
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    events: list[Any] = Calendar.from_ical(answer.content).walk("VEVENT")
    (event,) = events
    assert (event["uid"].split("@")[0], event["sequence"]) == (planned.tracking_id, 1)
    assert (event["dtstart"].dt, event["dtend"].dt) == (begins, begins + timedelta(hours=2))
    assert event["description"] == "Vaults move; keys stay."
    assert event["location"] == "Key Vault, West Europe"
    other = token(tenant("other", ("key-vault", "north-europe")), "calendar:read")
    assert b"VEVENT" not in Client().get(CALENDAR.format(other)).content
    assert Client().get(CALENDAR.format(token(nordwind, "events:read"))).status_code == 404
    tokens.revoke(
        tenant=nordwind, token_id=nordwind.tokens.order_by("pk")[0].pk, now=timezone.now()
    )
    assert Client().get(CALENDAR.format(secret)).status_code == 404


def test_who_is_erased_leaves_no_token_behind(nordwind: Tenant) -> None:
    secret = token(nordwind)
    erasure.erase(erasure.plan_tenant("nordwind"), reason="T-1", now=timezone.now(), actor=None)
    assert send(secret, "events").status_code == 401
    assert not TenantToken.objects.exists()


def test_a_cursor_does_not_tell_how_much_others_are_sent(nordwind: Tenant) -> None:
    for name in ("one", "two"):
        rule(nordwind, f"{name}@nordwind.example.com")
    secret = token(nordwind)
    link = got(secret, "rules?limit=1")["nextLink"]
    cursor = re.search(r"cursor=([^&]+)", link)
    assert cursor
    raw = base64.urlsafe_b64decode(cursor[1] + "=" * (-len(cursor[1]) % 4))
    with pytest.raises((UnicodeDecodeError, json.JSONDecodeError)):
        json.loads(raw)
    assert got(secret, link.partition("/v1/")[2])["value"]
    made = base64.urlsafe_b64encode(b"[1]").decode().rstrip("=")
    for other in (made, f"{cursor[1][:-3]}AAA", "", "x"):
        status = send(secret, f"rules?limit=1&cursor={other}").status_code
        assert status == (200 if other == "" else 422), other
