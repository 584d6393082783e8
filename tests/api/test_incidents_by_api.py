"""A script declares, updates, recovers and reviews an incident by the desk's own verbs."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from incidents.models import Communication, Decision, Incident
from incidents.policy import PRESETS, explain, parse_facts
from notifications.delivery import plan
from statuspage.api.reference import document
from tests.api.conftest import V1, Call, body, cell, told
from tests.notifications.cast import tenant

pytestmark = pytest.mark.django_db


BROAD = [cell(extent="zone", zones=["1"]), cell("storage", extent="zone", zones=["1"])]


def test_a_broad_incident_is_declared_and_public_at_once(call: Call) -> None:
    detected = datetime.now(UTC) - timedelta(minutes=10)

    answer = call("post", "incidents", body(impacts=BROAD, detected_at=detected.isoformat()))

    assert answer.status_code == 201
    incident = Incident.objects.get()
    got = told(answer)
    assert got["tracking_id"] == incident.tracking_id
    assert got["public"] is True
    assert got["url"].endswith(f"/status/history/{incident.tracking_id}/")
    assert answer.headers["Location"] == f"{V1}incidents/{incident.tracking_id}"
    assert got["decision"]["scenario"] == 1
    assert incident.published_at is not None
    assert incident.detected_at == detected


def test_the_decision_is_the_object_that_decide_prints(call: Call) -> None:
    got = told(call("post", "incidents", body()))

    facts = parse_facts(Decision.objects.get().facts)
    assert got["decision"] == explain(facts, PRESETS["recommended"]).as_dict()
    assert got["public"] is False


def test_a_dry_run_says_verdict_audience_and_texts_and_stores_nothing(call: Call) -> None:
    tenant("contoso", ("key-vault", "west-europe"))

    answer = call("post", "incidents?dry_run=1", body(targeted_text="Your vaults are affected."))

    assert answer.status_code == 200
    got = told(answer)
    assert (got["dry_run"], got["tracking_id"], got["public"]) == (True, None, False)
    assert got["decision"]["because"]
    audience = got["audience"]
    assert (audience["receivers"], audience["targeted"], audience["tenants"]) == (1, {"mail": 1}, 1)
    assert got["update"]["targeted_text"] == "Your vaults are affected."
    assert "Key Vault" in got["update"]["public_text"]
    assert Incident.objects.count() == Communication.objects.count() == 0


def test_maintenance_is_planned_for_its_window(call: Call) -> None:
    start = datetime.now(UTC) + timedelta(days=2)
    window = {
        "scheduled_start": start.isoformat(),
        "scheduled_end": (start + timedelta(hours=2)).isoformat(),
    }
    plain = body(kind="planned-maintenance", level="informational", **window)
    del plain["started_at"]

    got = told(call("post", "incidents", plain))

    incident = Incident.objects.get(tracking_id=got["tracking_id"])
    assert (got["stage"], incident.scheduled_for, incident.started_at) == ("planned", start, start)


def test_a_whole_life(call: Call) -> None:
    tracking_id = told(call("post", "incidents", body()))["tracking_id"]
    path = f"incidents/{tracking_id}"
    promise = (datetime.now(UTC) + timedelta(minutes=30)).isoformat()

    widened = call(
        "post",
        f"{path}/updates",
        {
            "stage": "identified",
            "public_text": "It spreads.",
            "next_update_at": promise,
            "impacts": [cell("storage", "north-europe")],
        },
    )
    assert widened.status_code == 201, told(widened)
    assert told(widened)["public"] is True
    assert told(widened)["update"]["number"] == 2

    known = call("put", f"{path}/audience", {"audience": "unknown"})
    again = call("put", f"{path}/audience", {"audience": "unknown"})
    assert [each.status_code for each in (known, again)] == [200, 200]

    one = told(call("post", f"{path}/recoveries", {"regions": ["west-europe"]}))
    assert one["stage"] == "identified"
    last = told(call("post", f"{path}/recoveries", {"regions": ["north-europe"]}))
    assert last["stage"] == "mitigated"

    review = call(
        "post",
        f"{path}/review",
        {
            "kind": "preliminary",
            "sections": [{"heading": "What happened?", "text": "A quorum was lost."}],
            "timeline": [{"at": "2026-03-01T09:00:00Z", "text": "It began."}],
            "repairs": [{"text": "Watch the quorum.", "state": "planned", "due": "2026-05"}],
        },
    )
    assert review.status_code == 201, told(review)
    whole = told(call("get", path))
    assert [each["kind"] for each in whole["updates"]] == ["update"] * 4 + ["review"]
    assert {each["ended_at"] is None for each in whole["impacts"]} == {False}


def test_deliveries_are_counted_and_listed(call: Call) -> None:
    for ref in ("contoso", "fabrikam", "litware"):
        tenant(ref, ("key-vault", "west-europe"))
    tracking_id = told(call("post", "incidents", body()))["tracking_id"]
    plan.plan_due(now=datetime.now(UTC))

    first = told(call("get", f"incidents/{tracking_id}/deliveries?limit=2"))
    rest = told(call("get", f"incidents/{tracking_id}/deliveries?limit=2&cursor={first['next']}"))

    assert (first["planned"], first["counts"]) == (3, {"targeted": {"pending": 3}})
    assert len(first["items"]) == 2
    assert rest["next"] is None
    shown = {each["endpoint"] for each in first["items"] + rest["items"]}
    assert shown == {"contoso@example.com", "fabrikam@example.com", "litware@example.com"}


def test_the_same_key_is_declared_once_and_answered_alike(call: Call) -> None:
    asked = body()
    first = call("post", "incidents", asked, **{"Idempotency-Key": "deploy-7"})
    again = call("post", "incidents", asked, **{"Idempotency-Key": "deploy-7"})

    assert (first.status_code, again.status_code) == (201, 201)
    assert told(first) == told(again)
    assert Incident.objects.count() == 1


def test_the_same_key_for_something_else_is_refused(call: Call) -> None:
    call("post", "incidents", body(), **{"Idempotency-Key": "deploy-7"})
    other = call("post", "incidents", body(level="warning"), **{"Idempotency-Key": "deploy-7"})

    assert other.status_code == 422
    assert told(other)["errors"][0]["field"] == "Idempotency-Key"
    assert Incident.objects.count() == 1


def test_what_was_refused_may_be_mended_and_sent_with_the_same_key(call: Call) -> None:
    wrong = body(public_title="")
    assert call("post", "incidents", wrong, **{"Idempotency-Key": "k"}).status_code == 422
    assert call("post", "incidents", body(), **{"Idempotency-Key": "k"}).status_code == 201


def test_every_operation_that_makes_something_takes_a_key() -> None:
    posts = {
        path: {each["name"] for each in operations["post"]["parameters"]}
        for path, operations in document()["paths"].items()
        if "post" in operations
    }
    assert {path for path, names in posts.items() if "Idempotency-Key" not in names} == {
        "/api/v1/decisions",  # make nothing
        "/api/v1/policy/backtest",
    }


def test_whoever_has_not_seen_the_news_is_told_them_instead(call: Call) -> None:
    tracking_id = told(call("post", "incidents", body()))["tracking_id"]
    path = f"incidents/{tracking_id}"
    seen = call("get", path).headers["ETag"]
    mine = {"stage": "identified", "public_text": "We know why."}

    theirs = call(
        "post", f"{path}/updates", {"public_text": "Still looking."}, **{"If-Match": seen}
    )
    late = call("post", f"{path}/updates", mine, **{"If-Match": seen})

    assert (theirs.status_code, late.status_code) == (201, 409)
    assert [each["public_text"] for each in told(late)["news"]["updates"]] == ["Still looking."]
    assert (
        call("post", f"{path}/updates", mine, **{"If-Match": told(late)["etag"]}).status_code == 201
    )


def test_so_many_receivers_need_their_number(call: Call, settings: Any) -> None:
    settings.CONFIRM_RECEIVERS = 2
    for ref in ("contoso", "fabrikam"):
        tenant(ref, ("key-vault", "west-europe"))
    tracking_id = told(call("post", "incidents", body()))["tracking_id"]
    path, update = f"incidents/{tracking_id}/updates", {"targeted_text": "We look."}

    asked = call("post", path, update)
    assert (asked.status_code, told(asked)["confirm"]) == (409, 2)
    assert told(call("post", f"{path}?dry_run=1", update))["confirm"] == 2
    assert call("post", f"{path}?confirm=1", update).status_code == 409
    assert Communication.objects.count() == 1
    assert call("post", f"{path}?confirm=2", update).status_code == 201


@pytest.mark.parametrize(
    ("change", "field", "value"),
    [
        ({"level": "grave"}, "level", "grave"),
        ({"impacts": [cell(region="west-eurpe")]}, "impacts[0].region", "west-eurpe"),
        ({"impacts": [cell(region="West Europe")]}, "impacts[0].region", "West Europe"),
        ({"impacts": []}, "impacts", ""),
        ({"started_at": "2026-03-01T09:00:00"}, "started_at", "2026-03-01T09:00:00"),
        ({"started_at": "yesterday"}, "started_at", "yesterday"),
        ({"detected_at": "2999-01-01T00:00:00Z"}, "detected_at", "2999-01-01T00:00:00+00:00"),
        ({"next_update_at": "2020-01-01T00:00:00Z"}, "next_update_at", "2020-01-01T00:00:00Z"),
        ({"tittle": "x"}, "tittle", "x"),
        ({"public_title": " "}, "public_title", " "),
        ({"public_title": "a\x00b"}, "public_title", "a\x00b"),
        ({"impacts": [cell(zones=["9"])]}, "zones", ""),
    ],
)
def test_a_refusal_names_field_value_and_remedy(
    call: Call, change: dict[str, Any], field: str, value: str
) -> None:
    answer = call("post", "incidents", body(**change))

    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    first = told(answer)["errors"][0]
    assert first["field"] == field
    assert first["value"][:19] == value[:19]
    assert first["problem"]
    assert first["remedy"]
    assert Incident.objects.count() == 0


@pytest.mark.parametrize(
    "sent", [b"", b"{", b"\xff", b'{"level": "error", "level": "warning"}', b"[]", b"1", b"null"]
)
def test_what_is_no_object_of_json_is_refused(call: Call, sent: bytes) -> None:
    answer = call("post", "incidents", sent)
    assert answer.status_code in (400, 422)
    assert told(answer)["detail"]


@pytest.mark.parametrize(
    "query", ["?dryrun=1", "?dry_run=perhaps", "?confirm=-1", "?x", "?dry_run=%00"]
)
def test_a_mistyped_dry_run_is_no_real_one(call: Call, query: str) -> None:
    assert call("post", f"incidents{query}", body()).status_code == 422
    assert Incident.objects.count() == 0


def test_the_list_is_read_page_by_page_and_filtered(call: Call) -> None:
    ids = [
        told(call("post", "incidents", body(impacts=impacts)))["tracking_id"]
        for impacts in ([cell()], BROAD, [cell("storage", "north-europe")])
    ]

    first = told(call("get", "incidents?limit=2"))
    rest = told(call("get", f"incidents?limit=2&cursor={first['next']}"))
    assert [each["tracking_id"] for each in first["items"] + rest["items"]] == ids[::-1]

    for query, wanted in (
        ("public=1", [ids[1]]),
        ("service=storage", [ids[2], ids[1]]),
        ("service=storage&region=north-europe", [ids[2]]),
        ("state=closed", []),
        ("level=error&kind=service-issue", ids[::-1]),
    ):
        found = told(call("get", f"incidents?{query}"))["items"]
        assert [each["tracking_id"] for each in found] == wanted, query


def test_a_list_costs_the_same_questions_however_long_it_is(
    call: Call, django_assert_num_queries: Any
) -> None:
    for _ in range(3):
        call("post", "incidents", body(impacts=BROAD))

    with django_assert_num_queries(3):  # token, incidents, what is hit
        call("get", "incidents")
    tracking_id = Incident.objects.values_list("tracking_id", flat=True)[0]
    with django_assert_num_queries(7):  # the ETag's two, decision and statements besides
        call("get", f"incidents/{tracking_id}")


def test_everything_is_described_for_machines_and_people(client: Client) -> None:
    document = json.loads(client.get(f"{V1}openapi.json").content)
    assert document["openapi"].startswith("3.1")
    assert f"{V1}incidents/{{tracking_id}}/review" in document["paths"]
    problem = document["paths"][f"{V1}incidents"]["post"]["responses"]["422"]["content"]
    assert list(problem) == ["application/problem+json"]

    page = client.get(f"{V1}reference")
    assert page.status_code == 200
    assert b"<script" not in page.content
    assert b"style=" not in page.content
    assert "script-src" in page.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "path", ["", "incidentz", "incidents/ABCD-123", "incidents/%00", "a%0Ab", "a%0A"]
)
def test_what_is_not_there_is_said_so(call: Call, path: str) -> None:
    answer = call("get", path)
    assert answer.status_code == 404
    assert told(answer)["status"] == 404


def test_a_slash_at_the_end_is_no_other_address(call: Call) -> None:
    assert call("post", "incidents/", body()).status_code == 201
    assert call("delete", "incidents").status_code == 405


def test_what_is_taken_up_again_needs_to_say_where(call: Call) -> None:
    """As at the desk: nobody takes the cells it was last on without a word."""
    path = f"incidents/{told(call('post', 'incidents', body()))['tracking_id']}"
    call("post", f"{path}/updates", {"stage": "mitigated"})

    silent = call("post", f"{path}/updates", {"stage": "investigating"})
    assert silent.status_code == 422
    (error,) = silent.json()["errors"]
    assert error["field"] == "impacts"
    assert error["remedy"].startswith("name where impact is back")
    assert Incident.objects.get().mitigated_at is not None

    everywhere = call("post", f"{path}/updates", {"stage": "investigating", "everywhere": True})
    assert everywhere.status_code == 201
    assert Incident.objects.get().mitigated_at is None


@pytest.mark.parametrize("stage", [None, "planned", "in-progress"])
def test_a_window_that_is_over_is_refused(call: Call, stage: str | None) -> None:
    now = datetime.now(UTC)
    window = {
        "scheduled_start": (now - timedelta(hours=3)).isoformat(),
        "scheduled_end": (now - timedelta(hours=1)).isoformat(),
    }
    asked = body(kind="planned-maintenance", stage=stage, **window)
    del asked["started_at"]

    answer = call("post", "incidents", asked)

    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["field"] == "scheduled_end"
    assert "is over: nothing can be planned for then" in error["problem"]
