"""A script keeps tenants, where they run, their rules and addresses; and reads catalogue, decisions and audit."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from incidents.models import IdempotentResponse, Incident
from notifications.audience.forecast import forecast
from notifications.models import Delivery, Endpoint, Tenant
from notifications.subscribers import following
from tests.api.conftest import Call, body, cell, every, told
from tests.notifications.cast import endpoint, reader

pytestmark = pytest.mark.django_db
CONTOSO = {"name": "Contoso", "contact": "ops@contoso.example"}


def test_a_tenant_made_by_script_is_told_of_what_hits_it(call: Call) -> None:
    assert call("put", "tenants/contoso", CONTOSO).status_code == 200
    cells = [cell("key-vault"), cell("storage")]
    made = call("put", "tenants/contoso/subscriptions/contoso-1", {"footprint": cells})
    assert made.status_code == 200, told(made)

    tracking_id = told(call("post", "incidents", body()))["tracking_id"]
    said = Incident.objects.get(tracking_id=tracking_id).communications.get()
    assert forecast(said).targeted == {"mail": 1}

    again = call("put", "tenants/contoso/subscriptions/contoso-1", {"footprint": cells[1:]})
    assert told(again)["footprint"] == cells[1:]
    assert forecast(said).targeted == {}
    listed = told(call("get", "tenants/contoso/subscriptions"))["items"]
    assert [each["ref"] for each in listed] == ["contoso-1"]


def test_an_identifier_in_another_spelling_is_the_same_one(call: Call) -> None:
    guid = "0A1B2C3D-1111-4222-8333-444455556666"
    call("put", "tenants/contoso", CONTOSO)
    call("put", f"tenants/contoso/subscriptions/{guid}", {"footprint": [cell("storage")]})

    for other in (guid.lower(), guid.replace("-", ""), guid.replace("-", "–")):
        again = call("put", f"tenants/CONTOSO/subscriptions/{other}", {"footprint": []})
        assert told(again)["ref"] == guid
    rule = {"services": ["storage"], "subscriptions": [guid.lower()]}
    assert told(call("put", "tenants/Contoso/rules/night", rule))["subscriptions"] == [guid]
    assert Tenant.objects.count() == 1


def test_a_rule_leads_to_the_tenants_own_endpoints_alone(call: Call) -> None:
    call("put", "tenants/contoso", CONTOSO)
    call("put", "tenants/fabrikam", {"contact": "ops@fabrikam.example"})
    made = call("post", "tenants/contoso/endpoints", {"address": "night@contoso.example"})
    assert made.status_code == 201
    mine, theirs = told(made)["id"], Endpoint.objects.get(address="ops@fabrikam.example").pk

    rule = {"services": ["storage"], "kinds": ["service-issue"], "endpoints": [mine]}
    assert told(call("put", "tenants/contoso/rules/night", rule))["endpoints"] == [mine]
    refused = call("put", "tenants/contoso/rules/night", rule | {"endpoints": [theirs]})

    assert refused.status_code == 422
    assert told(refused)["errors"][0]["field"] == "endpoints"
    rules: Any = told(call("get", "tenants/contoso/rules"))["items"]
    assert [each["endpoints"] for each in rules] == [[mine]]
    assert call("delete", "tenants/contoso/rules/night?dry_run=1").status_code == 204
    call("put", "tenants/contoso/rules/day", rule)
    assert [each["name"] for each in every(call, "tenants/contoso/rules")] == ["day", "night"]


def test_the_secret_of_a_webhook_is_told_once(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    call("put", "tenants/contoso", CONTOSO)
    monkeypatch.setattr("notifications.channels.outbound.check", _checked)
    made = call(
        "post",
        "tenants/contoso/endpoints",
        {"channel": "webhook", "address": "https://hooks.contoso.example/a-long-secret-path"},
    )
    assert told(made)["secret"]
    assert "a-long-secret" not in told(made)["address"]
    shown = told(call("get", "tenants/contoso/endpoints"))["items"]
    assert [each["secret"] for each in shown] == [None, None]


def test_an_endpoint_asked_for_twice_with_one_key_is_made_once_and_its_secret_kept_nowhere(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    call("put", "tenants/contoso", CONTOSO)
    monkeypatch.setattr("notifications.channels.outbound.check", _checked)
    asked = {"channel": "webhook", "address": "https://hooks.contoso.example/a-long-secret-path"}

    first, again = (
        told(call("post", "tenants/contoso/endpoints", asked, **{"Idempotency-Key": "k"}))
        for _ in range(2)
    )

    assert first["secret"]
    assert again == first | {"secret": None}
    assert Endpoint.objects.filter(channel="webhook").count() == 1
    assert first["secret"] not in str(IdempotentResponse.objects.get().answer)


def _checked(address: str) -> Any:
    return type("Target", (), {"host": "hooks.contoso.example"})


@pytest.mark.parametrize(
    ("path", "sent", "field"),
    [
        ("tenants/con toso", {}, "ref"),
        ("tenants/contoso", {"contact": "nobody"}, "contact"),
        ("tenants/contoso", {"time_zone": "Mars"}, "time_zone"),
        ("tenants/contoso", {"language": "xx"}, "language"),
        ("tenants/contoso", {"name": "a\x00"}, "name"),
        ("tenants/contoso", {"nmae": "a"}, "nmae"),
    ],
)
def test_what_cannot_be_a_tenant_is_refused(
    call: Call, path: str, sent: dict[str, str], field: str
) -> None:
    answer = call("put", path, sent)
    assert answer.status_code == 422
    assert told(answer)["errors"][0]["field"] == field
    assert not Tenant.objects.exists()


def test_a_dry_run_keeps_nothing(call: Call) -> None:
    assert told(call("put", "tenants/contoso?dry_run=1", CONTOSO))["contact"] == CONTOSO["contact"]
    assert not Tenant.objects.exists()
    assert not Endpoint.objects.exists()


def test_catalogue_decisions_readers_and_audit_are_read(call: Call) -> None:
    reader("ann@example.com", ("storage", None))
    call("post", "incidents", body())

    services = {each["slug"]: each for each in told(call("get", "services"))["items"]}
    assert services["databricks"]["regions"] == ["west-europe"]
    assert {each["slug"] for each in told(call("get", "regions"))["items"]} >= {"west-europe"}
    facts = {"kind": "service-issue", "level": "error", "impacts": [cell()]}
    assert told(call("post", "decisions", facts))["rule"]
    assert (
        told(call("post", "decisions", facts | {"level": "grave"}))["errors"][0]["field"] == "level"
    )
    made = told(call("get", "audit/decisions"))["items"]
    assert [each["actor"] for each in made] == ["olga"]
    people = told(call("get", "subscribers"))["items"]
    assert people[0]["topics"] == [{"service": "storage", "region": None}]
    assert (people[0]["kinds"], people[0]["least_level"]) == ([], None)
    assert (people[0]["cadence"], people[0]["paused_until"]) == ("every", None)
    assert (people[0]["language"], people[0]["time_zone"]) == ("en", "UTC")


def test_who_follows_one_incident_alone_is_a_subscriber(call: Call) -> None:
    incident = Incident.objects.get(
        tracking_id=told(call("post", "incidents", body()))["tracking_id"]
    )
    following.follow(endpoint("ben@example.com"), incident, ends_only=True)
    (ben,) = told(call("get", "subscribers"))["items"]
    assert (ben["address"], ben["topics"]) == ("ben@example.com", [])
    assert ben["follows"] == [{"tracking_id": incident.tracking_id, "ends_only": True}]


def test_what_a_person_decides_a_script_may_too(call: Call) -> None:
    now = datetime.now(UTC)
    path = f"incidents/{told(call('post', 'incidents', body()))['tracking_id']}"
    early = body()["started_at"].replace(f"{now.year}", f"{now.year - 1}")

    assert call("put", f"{path}/times", {"started_at": early, "reason": "logs"}).status_code == 200
    posted = call("post", f"{path}/override", {"public": True, "reason": "the press asks"})
    assert told(posted)["public"] is True
    gone = call("post", f"{path}/withdrawal", {"reason": "posted by mistake"})
    assert told(gone)["publicity"] == "withdrawn"
    retracted = call("post", f"{path}/retraction", {"reason": "a probe was broken"})
    assert told(retracted)["stage"] == "resolved"
    assert call("post", f"{path}/confirmation", {}).status_code == 422
    assert len(told(call("get", f"{path}/decisions"))["items"]) >= 3
    assert not Delivery.objects.filter(state="sent").exists()


def test_a_maintenance_is_moved_and_two_incidents_become_one(call: Call) -> None:
    window = {"scheduled_start": "2999-01-01T00:00:00Z"}
    soon = {
        "scheduled_start": datetime.now(UTC).replace(year=datetime.now(UTC).year + 1).isoformat()
    }
    plan = {"kind": "planned-maintenance", "level": "informational"}
    ids = [told(call("post", "incidents", body(**plan, **soon)))["tracking_id"]]
    refused = call("put", f"incidents/{ids[0]}/schedule", window | {"reason": "x"})
    assert told(refused)["errors"][0]["field"] == "scheduled_start"

    two = [told(call("post", "incidents", body()))["tracking_id"] for _ in range(2)]
    merged = call("post", f"incidents/{two[0]}/merge", {"into": two[1], "reason": "one cause"})
    assert told(merged)["tracking_id"] == two[1]
    assert told(call("get", f"incidents/{two[0]}"))["merged_into"] == two[1]


def test_every_answer_says_how_many_requests_are_left(call: Call) -> None:
    headers = call("get", "regions").headers
    assert headers["RateLimit-Policy"] == '"token";q=1200;w=60'
    assert headers["RateLimit"].startswith('"token";r=')
