"""The examples of the description are what the API answers: recorded by this story, and compared with it.

RECORD=1 writes them anew.
"""

from __future__ import annotations

import json
import os
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from jsonschema import Draft202012Validator

from incidents.models import AuditEvent, Communication, Incident
from incidents.replay import backtest_run
from incidents.services.incident import declare, post_update
from incidents.services.inputs import Statement
from incidents.services.scheduled import posts
from notifications.delivery import plan
from notifications.models import Endpoint
from statuspage.api import reference
from statuspage.api.answers.ninja_api import operations_of
from tests.api.conftest import Answer, Call
from tests.conftest import declaration, hit
from tests.notifications.cast import reader

pytestmark = pytest.mark.django_db
FILE = Path(reference.__file__).parent / "examples.json"
ONLY_LOOK = ("decide", "backtest_policy")  # nothing is stored in any case
CELL = {"service": "storage", "region": "west-europe"}
ALERT = {
    "version": "4",
    "groupKey": '{}:{alertname="ProbeFails"}',
    "status": "firing",
    "receiver": "statuspage",
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "ProbeFails", "severity": "critical"} | CELL,
            "annotations": {"summary": "Storage does not answer"},
            "startsAt": "2026-03-01T09:25:00Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "fingerprint": "c6eadffa33fcdf37",
        }
    ],
}


class Story:
    """Requests by the name of their operation; each becomes an example."""

    def __init__(self, call: Call) -> None:
        self.call = call
        self.examples: dict[str, Any] = {}
        self.places = {
            operation["operationId"]: (method, path.removeprefix("/api/v1/"), operation)
            for path, method, operation in operations_of(reference.document())
        }

    def tell(self, name: str, /, body: Any = None, query: str = "", **parameters: str) -> Any:
        method, path, operation = self.places[name]
        path = path.format(**parameters)
        if method != "get" and name not in ONLY_LOOK:
            self.look_first(method, f"{path}{query or '?'}&dry_run=1", body)
        answer: Answer = self.call(method, path + query, body)
        told = json.loads(answer.content)
        assert answer.status_code < 300, (name, told)
        schema = operation["responses"][str(answer.status_code)]["content"]["application/json"]
        validate(told, schema["schema"])
        if body is not None:
            content = operation["requestBody"]["content"]["application/json"]
            validate(body, content["schema"])
        self.keep(name, {"parameters": parameters, "status": answer.status_code, "response": told})
        if body is not None:
            self.examples[name]["request"] = body
        return told

    def look_first(self, method: str, path: str, body: Any) -> None:
        """A dry run is answered as the real thing, and no row has changed: each change is on record."""
        before = AuditEvent.objects.count()
        answer = self.call(method, path, body)
        assert answer.status_code in (200, 204), (path, answer.content)
        assert AuditEvent.objects.count() == before, path

    def refused(self, name: str, /, body: Any, **parameters: str) -> None:
        method, path, operation = self.places[name]
        answer: Answer = self.call(method, path.format(**parameters), body)
        assert answer.status_code >= 400
        told = json.loads(answer.content)
        schema = operation["responses"][str(answer.status_code)]["content"]
        validate(told, schema["application/problem+json"]["schema"])
        self.keep(f"problem-{answer.status_code}", {"response": told})

    def keep(self, name: str, example: dict[str, Any]) -> None:
        self.examples.setdefault(name, example)


def validate(told: Any, schema: dict[str, Any]) -> None:
    whole = schema | {"components": reference.document()["components"]}
    Draft202012Validator(whole).validate(told)


@pytest.fixture
def story(
    call: Call, operator: User, now: datetime, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> dict[str, Any]:
    monkeypatch.setattr(timezone, "now", lambda: now)
    settings.CONFIRM_RECEIVERS = 1
    told = Story(call)
    contoso = {"ref": "contoso"}
    told.tell("save_tenant", {"name": "Contoso", "contact": "ops@contoso.example"}, **contoso)
    told.tell(
        "save_subscription",
        {"name": "Production", "footprint": [CELL]},
        **contoso,
        subscription="contoso-prod",
    )
    night = told.tell("make_endpoint", {"address": "night@contoso.example"}, **contoso)
    told.tell(
        "save_rule", {"services": ["storage"], "endpoints": [night["id"]]}, **contoso, name="night"
    )
    for name in ("show_tenant", "list_subscriptions", "list_rules", "list_endpoints"):
        told.tell(name, **contoso)
    reader("ann@example.com", ("storage", None))
    for name in ("list_tenants", "list_services", "list_regions", "list_subscribers"):
        told.tell(name, query="?limit=1")

    facts = {"kind": "service-issue", "level": "error", "impacts": [CELL | {"extent": "zone"}]}
    told.tell("decide", facts | {"dependents": 4})
    settings.CONFIRM_RECEIVERS = 100
    began = now - timedelta(minutes=20)
    asked = {
        "kind": "service-issue",
        "level": "error",
        "started_at": began.isoformat(),
        "detected_at": (now - timedelta(minutes=18)).isoformat(),
        "public_title": "Storage requests fail in West Europe",
        "internal_title": "Stamp db3 has lost its leader",
        "public_text": "Some requests to **Storage** fail. We are looking for the cause.",
        "targeted_text": "Your accounts `contoso*` answer with 503.",
        "audience": "estimated",
        "impacts": [CELL | {"extent": "zone", "zones": ["1"], "level": "error"}],
        "next_update_at": (now + timedelta(minutes=30)).isoformat(),
    }
    incident = told.tell("declare_incident", asked)
    it = {"tracking_id": incident["tracking_id"]}
    told.refused("declare_incident", asked | {"impacts": [CELL | {"service": "storrage"}]})
    told.tell(
        "post_an_update",
        {"stage": "identified", "public_text": "A change is being rolled back."},
        **it,
    )
    told.tell("replace_the_impacted_list", {"subscriptions": ["contoso-prod"]}, **it)
    told.tell("set_the_audience", {"audience": "confirmed"}, **it)
    told.tell(
        "correct_the_times",
        {"started_at": (began - timedelta(minutes=5)).isoformat(), "reason": "The logs say so."},
        **it,
    )
    told.tell(
        "override_the_policy", {"public": True, "reason": "The press has asked about it."}, **it
    )
    settings.CONFIRM_RECEIVERS = 1
    told.refused("post_an_update", {"targeted_text": "We are still at it."}, **it)
    settings.CONFIRM_RECEIVERS = 100
    told.tell("mark_recovered", {"regions": ["west-europe"], "services": ["storage"]}, **it)
    told.tell(
        "publish_a_review",
        {
            "kind": "final",
            "sections": [
                {"heading": "What happened?", "text": "Requests failed for 25 minutes."},
                {"heading": "What went wrong and why?", "text": "A change took a leader away."},
            ],
            "timeline": [{"at": began.isoformat(), "text": "The first requests fail."}],
            "repairs": [
                {"text": "Changes go to one zone at a time.", "owner": "Storage", "due": "2026-04"}
            ],
        },
        **it,
    )
    for said in Communication.objects.order_by("id"):
        plan.plan(communication_id=said.pk, now=now)
    for name in ("show_incident", "list_decisions_of", "list_reviews_of"):
        told.tell(name, **it)
    told.tell("list_deliveries", query="?limit=1", **it)
    told.tell("list_decisions", query="?limit=1")
    told.tell("list_incidents", query="?limit=1")

    told.tell("withdraw_the_entry", {"reason": "It was another provider's fault."}, **it)
    told.refused("show_incident", None, tracking_id="ABCD-123")
    waiting = declare(
        declaration=declaration(
            hit("storage", "east-us"),
            hit("key-vault", "east-us"),
            audience="unknown",
            automated=True,
        ),
        now=now,
        actor=None,
    )
    told.tell("confirm_the_public_post", {}, tracking_id=waiting.tracking_id)
    false = told.tell("declare_incident", asked)
    told.tell(
        "retract_a_false_positive",
        {"reason": "A probe was broken."},
        tracking_id=false["tracking_id"],
    )
    two = told.tell("declare_incident", asked)
    told.tell(
        "merge_into_another",
        {"into": waiting.tracking_id, "reason": "It is one cause."},
        tracking_id=two["tracking_id"],
    )
    planned = told.tell(
        "declare_incident",
        asked
        | {
            "kind": "planned-maintenance",
            "level": "informational",
            "started_at": None,
            "detected_at": None,
            "scheduled_start": (now + timedelta(days=3)).isoformat(),
            "scheduled_end": (now + timedelta(days=3, hours=2)).isoformat(),
        },
    )
    told.tell(
        "reschedule_a_maintenance",
        {
            "scheduled_start": (now + timedelta(days=4)).isoformat(),
            "scheduled_end": (now + timedelta(days=4, hours=2)).isoformat(),
            "reason": "The parts come later.",
        },
        tracking_id=planned["tracking_id"],
    )
    told.tell("report_alerts", ALERT, format="alertmanager")
    two = {"tracking_id": two["tracking_id"]}
    told.tell("unmerge_from_another", **two)
    told.tell("replay_decisions", **two)
    told.tell("retry_deliveries", query="?dry_run=1", **it)
    setting_up(told)
    looking_back(told, it, operator, now)
    told.tell("erase_endpoint", query="?reason=T-1&dry_run=1", number=str(night["id"]))
    told.tell("erase_tenant", query="?reason=T-1&dry_run=1", **contoso)
    return told.examples


def setting_up(told: Story) -> None:
    told.tell("save_monitor", {"mode": "ask", "mapping": "- match: {env: prod}"}, name="probes")
    told.tell("list_monitors")
    told.tell("list_alerts", query="?limit=1")
    told.tell("declare_what_waits", name="alertmanager")
    told.tell("put_alerts_aside", {"alerts": [1]})
    document = told.tell("show_catalogue")
    told.tell("put_catalogue", document, query="?dry_run=1")
    policy = told.tell("show_policy")["document"]
    shorter = policy | {"name": "ours", "public_deadline_minutes": 9}
    told.tell("put_policy", {"document": shorter, "reason": "We are faster by now."})
    told.tell("list_policies")
    told.tell("backtest_policy", {"document": policy})
    recorded = told.tell("list_recordings", query="?limit=2")["items"]
    lines = "".join(f"{json.dumps(each)}\n" for each in recorded)
    run = told.tell("compare_policies", {"text": lines, "policies": ["in-force", "azure"]})["id"]
    backtest_run.run(run, now=timezone.now())
    told.tell("show_comparison", number=str(run))
    told.tell("list_comparisons", query="?limit=1")
    text = {"name": "First words", "language": "en", "public_text": "We look into {title}."}
    kept = told.tell("make_text_template", text)
    told.tell("save_text_template", text | {"stage": "investigating"}, number=str(kept["id"]))
    told.tell("list_text_templates")
    page = {
        "incidents": [{"id": "abc", "name": "Logins failed", "created_at": "2025-01-01T00:00:00Z"}]
    }
    asked = {"documents": [{"name": "incidents.json", "text": json.dumps(page)}], "mapping": {}}
    batch = told.tell("import_a_page", asked)["batch"]
    told.tell("list_imports")
    told.tell("undo_import", batch=str(batch))


def looking_back(told: Story, it: dict[str, str], operator: User, now: datetime) -> None:
    told.tell("show_sending")
    told.tell("set_sending", {"stopped": False})
    told.tell("look_up_deliveries", query="?q=night@contoso.example&limit=1")
    closed = Endpoint.objects.get(address="night@contoso.example")
    Endpoint.objects.filter(pk=closed.pk).update(
        suppressed_at=now, suppressed_because="550 5.1.1 no such user"
    )
    told.tell("list_suppressed")
    told.tell("lift_suppression", {"reason": "The mailbox is back."}, number=str(closed.pk))
    told.tell("comment_on_the_review", {"comment": "Since when did it fail?"}, **it)
    told.tell("list_review_comments", **it)
    told.tell("show_feedback", **it)
    repair = told.tell("list_repairs")["items"][0]
    done = {"state": "in-progress", "owner": "Storage", "due": "2026-05"}
    told.tell("change_a_repair", done, number=str(repair["id"]))
    posts.schedule(
        verb=partial(
            post_update,
            incident_id=Incident.objects.get(**it).pk,
            statement=Statement(public_text="We will look at it again."),
        ),
        tracking_id=it["tracking_id"],
        due_at=now + timedelta(hours=1),
        brief=False,
        page="/",
        form="",
        fields={},
        now=now,
        actor=operator,
    )
    waits = told.tell("list_scheduled")["items"][0]
    later = {"due_at": (now + timedelta(hours=2)).isoformat()}
    told.tell("move_scheduled", later, number=str(waits["id"]))
    told.tell("send_scheduled_now", number=str(waits["id"]))
    told.tell("list_audit_events", query="?limit=1")
    told.tell("show_insight")
    told.tell("show_how_fast")
    told.tell("publish_how_fast", {"public": False})


def keys(value: Any) -> Any:
    """The names in a value, without what they stand for."""
    if isinstance(value, dict):
        return {name: keys(each) for name, each in value.items()}
    return [keys(each) for each in value[:1]] if isinstance(value, list) else None


def test_every_operation_has_an_example_of_what_it_takes_and_answers(
    story: dict[str, Any],
) -> None:
    if os.environ.get("RECORD"):
        reference.document.cache_clear()
        FILE.write_text(json.dumps(calm(story), indent=1, ensure_ascii=False) + "\n")
    kept = json.loads(FILE.read_text())
    assert {name: keys(each) for name, each in kept.items()} == {
        name: keys(each) for name, each in story.items()
    }, "the API answers otherwise than its examples say: RECORD=1 writes them anew"
    for _, method, operation in operations_of(reference.document()):
        asked = {each["name"] for each in operation.get("parameters", [])}
        if method != "get" and operation["operationId"] not in ONLY_LOOK:
            assert "dry_run" in asked, operation["operationId"]
        elif operation["operationId"].startswith("list_"):
            assert {"cursor", "limit"} <= asked, operation["operationId"]
        content = operation.get("requestBody", {}).get("content", {})
        done = [each for status, each in operation["responses"].items() if status in ("200", "201")]
        for each in [*content.values(), *(one["content"]["application/json"] for one in done[-1:])]:
            validate(each["example"], each["schema"])


def calm(story: dict[str, Any]) -> Any:
    """With the same identifiers in every recording."""
    text = json.dumps(story)
    for number, found in enumerate(
        dict.fromkeys(Incident.objects.order_by("id").values_list("tracking_id", flat=True))
    ):
        text = text.replace(found, f"4VXZ-{number}CE")
    return json.loads(text)
