"""A script reads the trail and the figures, tries again what failed, keeps repairs, and ends what it made."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import User

from incidents.models import BacktestRun, Incident
from incidents.replay import backtest_run
from incidents.services.access import tokens
from incidents.services.incident import post_update
from incidents.services.inputs import Statement
from incidents.services.scheduled import posts
from notifications.delivery import plan
from notifications.models import AlertRule, CustomerSubscription, Delivery, Endpoint, Tenant
from statuspage.api.setup import recordings
from tests.api.conftest import Call, body, cell, every, told

pytestmark = pytest.mark.django_db
CONTOSO = {"name": "Contoso", "contact": "ops@contoso.example"}


def test_the_trail_is_read_page_by_page_and_only_by_whom_it_is_for(
    call: Call, operator: User
) -> None:
    for number in range(3):
        call("put", f"tenants/t-{number}", {"name": f"T {number}"})
    page = told(call("get", "audit/trail?what=tenant&limit=2"))
    seen = page["items"]
    while page["next"]:
        page = told(call("get", f"audit/trail?what=tenant&limit=2&cursor={page['next']}"))
        seen += page["items"]
    made = [each["row"] for each in seen if each["verb"] == "insert"]
    assert made == [str(pk) for pk in Tenant.objects.order_by("-id").values_list("pk", flat=True)]
    assert {each["actor"] for each in seen} == {operator.username}
    one = call("get", "audit/trail?incident=4VXZ-9CE&since=2026-01-01T00:00:00Z")
    assert told(one)["items"] == []

    operator.is_superuser = False
    operator.save()
    assert call("get", "audit/trail").status_code == 403


def test_figures_are_told(call: Call) -> None:
    call("post", "incidents", body())
    assert call("get", "insight?by=service&imported=1").status_code == 200
    assert "quarters" in told(call("get", "how-fast"))
    assert call("put", "how-fast", {"public": True}).status_code == 422  # no quarter is over
    assert told(call("put", "how-fast", {"public": False})) == {"public": False}
    assert call("get", "insight?since=2026").status_code == 422


def test_what_failed_is_tried_again_and_an_address_is_looked_up_and_taken_up(call: Call) -> None:
    call("put", "tenants/contoso", CONTOSO)
    call("put", "tenants/contoso/subscriptions/contoso-1", {"footprint": [cell()]})
    tracking_id = told(call("post", "incidents", body()))["tracking_id"]
    said = Incident.objects.get(tracking_id=tracking_id).communications.get()
    plan.plan(communication_id=said.pk, now=datetime.now(UTC))
    Delivery.objects.update(state="failed")

    path = f"incidents/{tracking_id}/deliveries/retry"
    assert told(call("post", f"{path}?dry_run=1"))["tried_again"] == 1
    assert told(call("post", path))["tried_again"] == 1
    assert told(call("post", path))["tried_again"] == 0
    (row,) = told(call("get", "told?q=contoso"))["items"]
    assert (row["tracking_id"], row["state"]) == (tracking_id, "pending")
    assert call("get", "told?q=nobody@nowhere.example").status_code == 404

    mine = Endpoint.objects.get()
    assert call("post", f"suppressed/{mine.pk}/lift", {"reason": "x"}).status_code == 404
    Endpoint.objects.update(suppressed_at=datetime.now(UTC), suppressed_because="550 no such user")
    assert [each["id"] for each in told(call("get", "suppressed"))["items"]] == [mine.pk]
    assert (
        told(call("post", f"suppressed/{mine.pk}/lift", {"reason": ""}))["errors"][0]["field"]
        == "reason"
    )
    assert (
        told(call("post", f"suppressed/{mine.pk}/lift", {"reason": "made anew"}))["id"] == mine.pk
    )


def test_sending_is_stopped_with_a_reason_and_goes_on(call: Call) -> None:
    assert told(call("put", "sending", {"stopped": True}))["errors"][0]["field"] == "reason"
    stopped = told(call("put", "sending", {"stopped": True, "reason": "a storm"}))
    assert (stopped["stopped"], stopped["reason"]) == (True, "a storm")
    assert told(call("put", "sending", {"stopped": True, "reason": "again"}))["reason"] == "a storm"
    assert told(call("put", "sending", {"stopped": False}))["stopped"] is False
    assert told(call("get", "sending"))["stopped"] is False


def test_what_is_merged_is_separated_again(call: Call) -> None:
    one, other = (told(call("post", "incidents", body()))["tracking_id"] for _ in range(2))
    call("post", f"incidents/{one}/merge", {"into": other, "reason": "the same"})
    assert told(call("post", f"incidents/{one}/unmerge"))["tracking_id"] == one
    assert Incident.objects.get(tracking_id=one).merged_into is None
    assert call("post", f"incidents/{one}/unmerge").status_code == 422
    assert told(call("get", f"incidents/{one}/replay"))["steps"]
    assert call("get", f"incidents/{one}/replay?policy=mars").status_code == 422


def test_policies_are_compared_over_recordings_by_a_worker(
    call: Call, django_capture_on_commit_callbacks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    monkeypatch.setattr(recordings, "enqueue", lambda _task, run_id: asked.append(run_id))
    call("post", "incidents", body())
    recorded = every(call, "policy/recordings")
    new = {"text": "\n".join(map(json.dumps, recorded)), "policies": ["recommended", "azure"]}

    with django_capture_on_commit_callbacks(execute=True):
        assert call("post", "policy/comparisons?dry_run=1", new).status_code == 200
    assert (asked, BacktestRun.objects.count()) == ([], 0)
    with django_capture_on_commit_callbacks(execute=True):
        number = told(call("post", "policy/comparisons", new))["id"]
    assert asked == [number]
    assert told(call("get", f"policy/comparisons/{number}"))["report"] is None
    backtest_run.run(number, now=datetime.now(UTC))

    done = told(call("get", f"policy/comparisons/{number}"))
    assert done["report"]["policies"].keys() == {"recommended", "azure"}
    assert (done["total"], done["done"]) == (len(recorded), len(recorded)) == (1, 1)
    assert [each["id"] for each in every(call, "policy/comparisons")] == [number]
    assert call("delete", f"policy/comparisons/{number}?dry_run=1").status_code == 204
    assert call("delete", f"policy/comparisons/{number}").status_code == 204
    assert call("get", f"policy/comparisons/{number}").status_code == 404


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"text": "["}, "text"), ({"text": "[]"}, "text"), ({"text": "[" * 100_000}, "text"),
        ({"policies": ["mars"]}, "policies"),
        ({"policies": []}, "policies"), ({"document": {"name": "x"}}, "document"), ({"sweep": "mars=1-2"}, "sweep"),
        ({"sweep": "broad.services=2-3", "policies": ["aws", "azure"]}, "sweep"),
    ],
)  # fmt: skip
def test_what_cannot_be_compared_is_refused_by_its_field(
    call: Call, wrong: dict[str, Any], field: str
) -> None:
    new = {"text": "[]", "policies": ["azure"]} | wrong
    refused = call("post", "policy/comparisons", new)
    assert (refused.status_code, told(refused)["errors"][0]["field"]) == (422, field)


def test_a_review_is_commented_its_repairs_kept_and_its_feedback_read(call: Call) -> None:
    begun = (datetime.now(UTC) - timedelta(hours=2)).isoformat()
    tracking_id = told(call("post", "incidents", body(started_at=begun)))["tracking_id"]
    path = f"incidents/{tracking_id}"
    call("post", f"{path}/updates", {"stage": "resolved", "public_text": "Over."})
    note = told(call("post", f"{path}/review/comments", {"comment": "When did it begin?"}))
    looked = call("delete", f"{path}/review/comments/{note['id']}?dry_run=1")
    assert looked.status_code == 204
    assert told(call("get", f"{path}/review/comments"))["items"][0]["settled_at"] is None
    assert call("delete", f"{path}/review/comments/{note['id']}").status_code == 204
    assert call("delete", f"{path}/review/comments/{note['id']}").status_code == 404
    assert told(call("get", f"{path}/review/comments"))["items"][0]["settled_at"]

    review = {"kind": "final", "sections": [{"heading": "What happened?", "text": "A disk."}],
              "repairs": [{"text": "More disks", "owner": "Disks", "state": "planned", "due": "2027-03"}]}  # fmt: skip
    assert call("post", f"{path}/review", review).status_code == 201
    (item,) = told(call("get", "repairs"))["items"]
    assert (item["text"], item["overdue"]) == ("More disks", False)
    changed = told(call("put", f"repairs/{item['id']}", {"state": "done", "owner": "Disks"}))
    assert changed["state"] == "done"
    assert told(call("get", "repairs"))["items"] == []
    assert told(call("get", f"{path}/feedback"))["answers"] == 0


def test_what_waits_for_its_time_is_moved_sent_or_taken_back(call: Call, operator: User) -> None:
    tracking_id = told(call("post", "incidents", body()))["tracking_id"]
    incident, now = Incident.objects.get(tracking_id=tracking_id), datetime.now(UTC)
    for text in ("One.", "Two."):
        posts.schedule(
            verb=partial(post_update, incident_id=incident.pk, statement=Statement(public_text=text)),
            tracking_id=tracking_id, due_at=now + timedelta(hours=1), brief=False, page="/", form="x",
            fields={}, now=now, actor=operator,
        )  # fmt: skip
    first, second = every(call, "scheduled")
    later = (now + timedelta(hours=2)).isoformat()
    assert told(call("put", f"scheduled/{first['id']}", {"due_at": later}))["state"] == "waiting"
    assert told(call("post", f"scheduled/{first['id']}/now"))["state"] == "sent"
    assert call("delete", f"scheduled/{second['id']}?dry_run=1").status_code == 204
    assert call("delete", f"scheduled/{second['id']}").status_code == 204
    assert call("delete", f"scheduled/{second['id']}").status_code == 404
    assert not told(call("get", "scheduled"))["items"]


def test_a_token_for_drafts_sends_nothing_and_disposes_of_nobody_elses(
    call: Call, operator: User
) -> None:
    tracking_id = told(call("post", "incidents", body()))["tracking_id"]
    incident, now = Incident.objects.get(tracking_id=tracking_id), datetime.now(UTC)
    other = User.objects.create_superuser("other")
    kept = [
        posts.schedule(
            verb=partial(post_update, incident_id=incident.pk, statement=Statement(public_text=each.username)),
            tracking_id=tracking_id, due_at=now + timedelta(hours=1), brief=False, page="/", form="x",
            fields={}, now=now, actor=each,
        )
        for each in (operator, other)
    ]  # fmt: skip
    _, secret = tokens.issue(user=operator, name="drafts", now=now, scopes=["incident:draft"])
    mine, theirs = kept
    assert call("post", f"scheduled/{mine.pk}/now", token=secret).status_code == 403
    for method, path in (
        ("post", f"scheduled/{theirs.pk}/now"),
        ("delete", f"scheduled/{theirs.pk}"),
    ):
        assert call(method, path, token=secret).status_code == 404
    assert call("delete", f"scheduled/{mine.pk}", token=secret).status_code == 204
    assert incident.communications.count() == 1


def test_rules_subscriptions_and_addresses_are_ended_and_evidence_stays(call: Call) -> None:
    call("put", "tenants/contoso", CONTOSO)
    for name in ("contoso-1", "contoso-2"):
        call("put", f"tenants/contoso/subscriptions/{name}", {"footprint": [cell()]})
    mine = told(call("post", "tenants/contoso/endpoints", {"address": "n@contoso.example"}))["id"]
    call(
        "put", "tenants/contoso/rules/night", {"subscriptions": ["contoso-1"], "endpoints": [mine]}
    )
    tracking_id = told(call("post", "incidents", body()))["tracking_id"]
    listed: Any = call(
        "put", f"incidents/{tracking_id}/impacted", b"contoso-2\n", **{"Content-Type": "text/csv"}
    )
    for name, words in (
        ("contoso-1", "'night'"),
        ("contoso-2", "evidence"),
        ("contoso-3", "none of"),
    ):
        if name == "contoso-2" and listed.status_code != 200:
            continue
        refused = call("delete", f"tenants/contoso/subscriptions/{name}")
        assert (refused.status_code, words in told(refused)["detail"]) == (422, True), told(refused)

    assert call("delete", "tenants/contoso/rules/night?dry_run=1").status_code == 204
    assert AlertRule.objects.exists()
    assert call("delete", "tenants/contoso/rules/night").status_code == 204
    assert call("delete", "tenants/contoso/rules/night").status_code == 422
    assert call("delete", "tenants/contoso/subscriptions/contoso-1").status_code == 204
    assert call("delete", f"tenants/contoso/endpoints/{mine}").status_code == 204
    assert call("delete", f"tenants/contoso/endpoints/{mine}").status_code == 404
    assert list(CustomerSubscription.objects.values_list("ref", flat=True)) == ["contoso-2"]


def test_a_tenant_and_an_address_are_forgotten_with_a_reason(call: Call) -> None:
    call("put", "tenants/contoso", CONTOSO)
    call("put", "tenants/fabrikam", {"contact": "ops@fabrikam.example"})
    looked = told(call("delete", "tenants/contoso?reason=T-1&dry_run=1"))
    assert (looked["endpoints"], Tenant.objects.count()) == (1, 2)
    assert told(call("delete", "tenants/contoso"))["errors"][0]["field"] == "reason"
    refused = call("delete", "tenants/contoso?reason=ops@contoso.example")
    assert told(refused)["errors"][0]["field"] == "reason"
    assert call("delete", "tenants/contoso?reason=T-1").status_code == 200
    assert call("get", "tenants/contoso").status_code == 404
    theirs = Endpoint.objects.get(address="ops@fabrikam.example")
    assert told(call("delete", f"endpoints/{theirs.pk}?reason=T-2"))["dry_run"] is False
    assert call("delete", f"endpoints/{theirs.pk}?reason=T-2").status_code == 404
