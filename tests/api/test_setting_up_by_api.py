"""A script sets the house up: catalogue and policy as documents, monitors, texts; and moves another page over."""

from __future__ import annotations

import json
from typing import Any

import pytest

from incidents.importers.catalogue_file import load_shipped
from incidents.models import Incident, MonitorAlert, PolicyVersion, Service, TextTemplate
from incidents.services.imports.catalogue import apply_catalogue
from tests.api.conftest import Call, body, every, told
from tests.conftest import NOW

pytestmark = pytest.mark.django_db


def test_the_catalogue_comes_back_as_it_was_read(call: Call) -> None:
    apply_catalogue(catalogue=load_shipped(), now=NOW)
    shown = call("get", "catalogue")
    again = told(call("put", "catalogue", told(shown), **{"If-Match": shown["ETag"]}))
    assert again == {"dry_run": False, "changes": [], "still_open": {}}


def test_a_changed_catalogue_is_looked_at_and_then_put_into_force_once(call: Call) -> None:
    shown = call("get", "catalogue")
    document = told(shown)
    call("post", "incidents", body())
    for category in document["categories"]:
        category["services"] = [
            each for each in category["services"] if each["slug"] != "key-vault"
        ]
    document["categories"][0]["services"].append({"name": "Queues"})
    seen = {"If-Match": shown["ETag"]}

    looked = told(call("put", "catalogue?dry_run=1", document, **seen))
    assert {"+ service queues", "- service key-vault"} <= set(looked["changes"])
    assert list(looked["still_open"].values()) == [["Key Vault in West Europe"]]
    assert not Service.objects.filter(slug="queues").exists()

    assert told(call("put", "catalogue", document, **seen))["changes"] == looked["changes"]
    late = call("put", "catalogue", document, **seen)
    assert (late.status_code, told(late)["etag"]) == (409, call("get", "catalogue")["ETag"])
    assert Service.objects.current().filter(slug="queues").exists()


def test_a_fault_of_the_catalogue_is_named_by_its_line(call: Call) -> None:
    refused = call("put", "catalogue", b"geographies:\n  - name: Europe\n    colour: red\n")
    assert refused.status_code == 422
    (fault,) = told(refused)["errors"]
    assert (fault["line"], "colour" in fault["problem"]) == (3, True)
    assert call("put", "catalogue", b"\xff").status_code == 400


def test_a_policy_is_looked_at_put_into_force_and_tried_on_the_past(call: Call) -> None:
    call("post", "incidents", body())
    shown = call("get", "policy")
    document = told(shown)["document"] | {"name": "ours", "public_deadline_minutes": 9}
    new, seen = {"document": document, "reason": "shorter"}, {"If-Match": shown["ETag"]}

    looked = told(call("put", "policy?dry_run=1", new, **seen))
    assert "public_deadline_minutes: 15 -> 9" in looked["changes"]
    assert not PolicyVersion.objects.exists()
    assert told(call("post", "policy/backtest", {"document": document}))["incidents"] == 1

    assert told(call("put", "policy", new, **seen))["changes"] == looked["changes"]
    assert told(call("put", "policy", new))["changes"] == []
    assert call("put", "policy", new, **seen).status_code == 409
    assert [each["reason"] for each in told(call("get", "policy/versions"))["items"]] == ["shorter"]
    refused = told(call("put", "policy", {"document": {"name": "x", "colour": 1}}))
    assert refused["errors"][0]["field"] == "document"


def test_a_policy_that_takes_two_people_is_refused_and_may_be_looked_at(
    call: Call, settings: Any
) -> None:
    settings.FOUR_EYES = ["policy"]
    new = {"document": {"name": "ours", "public_deadline_minutes": 9}, "reason": "shorter"}
    assert call("put", "policy", new).status_code == 403
    assert call("put", "policy?dry_run=1", new).status_code == 200


def test_a_monitor_is_set_up_and_what_waits_is_declared_or_put_aside(call: Call) -> None:
    new = {"mode": "ask", "mapping": '- match: {service: "*"}\n'}
    assert told(call("put", "monitors/probes?dry_run=1", new))["name"] == "probes"
    assert not told(call("get", "monitors"))["items"]
    call("put", "monitors/probes", new)
    for service, region in (("storage", "west-europe"), ("key-vault", "east-us")):
        call(
            "post",
            "ingest/json?source=probes",
            {"key": service, "service": service, "region": region},
        )

    waits = told(call("get", "alerts?waiting=1&source=probes"))["items"]
    assert [each["key"] for each in waits] == ["key-vault", "storage"]
    assert told(call("get", "monitors"))["items"][0]["waiting"] == 2
    assert told(call("post", "alerts/aside", {"alerts": [waits[0]["id"]]})) == {"put_aside": 1}
    declared = told(call("post", "monitors/probes/declaration"))

    assert declared["declared"] == [Incident.objects.get().tracking_id]
    assert set(MonitorAlert.objects.values_list("outcome", flat=True)) == {"ignored", "opened"}
    assert call("post", "monitors/nobody/declaration").status_code == 404
    refused = told(call("put", "monitors/probes", {"mapping": "- colour: red"}))
    assert refused["errors"][0]["field"] == "mapping"


def test_texts_to_begin_with_are_kept_once_changed_and_thrown_away(call: Call) -> None:
    new = {"name": "First words", "public_text": "We look into {title}."}
    first, again = (
        told(call("post", "text-templates", new, **{"Idempotency-Key": "k"})) for _ in "ab"
    )
    assert first == again
    path = f"text-templates/{first['id']}"
    assert told(call("put", path, new | {"stage": "identified"}))["stage"] == "identified"
    assert (
        told(call("put", path, new | {"public_text": "{colour}"}))["errors"][0]["field"]
        == "public_text"
    )
    call("post", "text-templates", new | {"name": "Another"})
    assert [each["name"] for each in every(call, "text-templates")] == ["Another", "First words"]
    assert call("delete", f"{path}?dry_run=1").status_code == 204
    assert call("delete", path).status_code == 204
    assert call("delete", path).status_code == 404
    assert TextTemplate.objects.get().name == "Another"


def test_another_page_is_looked_at_moved_over_and_undone(call: Call) -> None:
    page = {"incidents": [{"id": "abc", "name": "Old", "impact": "minor", "created_at": "2025-01-01T00:00:00Z",
                           "colour": "red", "components": [{"name": "Blobs"}], "incident_updates": []}]}  # fmt: skip
    new: dict[str, Any] = {"documents": [{"name": "incidents.json", "text": json.dumps(page)}]}
    looked = told(call("post", "imports?dry_run=1", new))
    assert (len(looked["new"]), looked["unknown"], looked["unread"]) == (
        1,
        {"Blobs": []},
        {"colour": 1},
    )
    assert not Incident.objects.exists()

    made = call("post", "imports", new | {"mapping": {"Blobs": "storage"}})
    assert (made.status_code, told(made)["unknown"]) == (201, {})
    batch = told(made)["batch"]
    assert [each["batch"] for each in told(call("get", "imports"))["items"]] == [batch]
    assert told(call("delete", f"imports/{batch}")) == {"removed": 1}
    assert call("delete", f"imports/{batch}").status_code == 404
    for wrong in (
        {},
        {"documents": [{"name": "x", "text": "["}]},
        new | {"address": "https://x.example"},
    ):
        assert call("post", "imports", wrong).status_code == 422, wrong
