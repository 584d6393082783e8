"""A format per endpoint: what each says over an incident's life, read by readers that we did not write."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import cloudevents.core.bindings.http as cloudevents_http
import pytest
from cloudevents.core.formats.json import JSONFormat
from django.contrib.auth.models import User
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker
from opsgenie_sdk.api.alert.add_note_to_alert_payload import AddNoteToAlertPayload
from opsgenie_sdk.api.alert.close_alert_payload import CloseAlertPayload
from opsgenie_sdk.api.alert.create_alert_payload import CreateAlertPayload
from pagerduty import EventsApiV2Client
from standardwebhooks.webhooks import Webhook as ThirdPartyWebhook

from incidents.identity import opaque
from incidents.models import Incident
from incidents.services import incident as incident_service
from incidents.services import retraction
from incidents.services.inputs import Statement
from notifications.channels import endpoints, test_messages
from notifications.channels.webhook.event import Event, NamedCell, Window, example
from notifications.channels.webhook.formats import native
from notifications.channels.webhook.formats.registry import FORMATS
from notifications.delivery import plan, send
from notifications.models import Endpoint
from notifications.vocabulary.addresses import AddressError
from tests.conftest import declaration, hit
from tests.notifications.cast import last, tenant
from tests.notifications.rooms import Hook

pytestmark = pytest.mark.usefixtures("catalogue")

WEST, NORTH = ("key-vault", "west-europe"), ("storage", "north-europe")
KEY, API_KEY = "a" * 32, "12345678-1234-1234-1234-123456789abc"
TEXT = "Requests fail with **503** & more.\n\n- Keep cached secrets."


@dataclass
class Story:
    """A tenant in one of two cells that an incident hits, told at a hook in some format."""

    operator: User
    now: datetime
    hook: Hook
    secret: str = ""
    incident: Incident = field(default_factory=Incident)

    def begin(self, format: str, query: str = "", **more: object) -> dict[str, Any]:
        owner = tenant("nordwind", WEST, contact=False)
        address = self.hook.url.replace("/hook", "/v2/enqueue") + query
        owner.contact, self.secret = endpoints.create(
            channel="webhook", address=address, tenant=owner, now=self.now, format=format
        )
        owner.save()
        values = {"statement": Statement("", TEXT), "started_at": self.now} | more
        self.incident = incident_service.declare(
            declaration=declaration(hit(*WEST, extent="region"), hit(*NORTH), **values),
            now=self.now,
            actor=self.operator,
        )
        return self.told()

    def go_on(self, stage: str, text: str = "More.") -> dict[str, Any]:
        self.now += timedelta(minutes=10)
        incident_service.post_update(
            incident_id=self.incident.pk,
            stage=stage,
            statement=Statement("", text),
            now=self.now,
            actor=self.operator,
        )
        return self.told()

    def told(self) -> dict[str, Any]:
        plan.plan(communication_id=last(self.incident).pk, now=self.now)
        before = len(self.hook.requests)
        assert send.work().sent == 1
        assert len(self.hook.requests) == before + 1
        body: dict[str, Any] = json.loads(self.hook.requests[-1][1])
        return body

    @property
    def headers(self) -> dict[str, str]:
        return self.hook.requests[-1][0]


@pytest.fixture
def story(operator: User, now: datetime, hook: Hook) -> Story:
    return Story(operator, now, hook)


def test_the_native_body_says_what_where_how_long_and_whose_and_its_schema_is_published(
    story: Story, client: Client
) -> None:
    told = story.begin("native")
    ThirdPartyWebhook(story.secret).verify(story.hook.requests[-1][1], story.headers)
    schema = client.get(native.PATH).json()
    assert schema["$id"] == told["schema"]
    check = Draft202012Validator(schema, format_checker=FormatChecker())
    Draft202012Validator.check_schema(schema)
    bodies = [told, *(story.go_on(stage) for stage in ("identified", "mitigated", "resolved"))]
    for body in bodies:
        check.validate(body)
        assert set(body["data"]) == set(schema["$defs"]["statement"]["required"])
    first, second, _, end = (body["data"] for body in bodies)
    assert first["id"] == f"{story.incident.tracking_id}/1"
    assert [body["data"]["previous_stage"] for body in bodies] == [
        None, "investigating", "identified", "mitigated",
    ]  # fmt: skip
    mine, other = first["cells"]
    assert mine["service"] == {"id": "key-vault", "name": "Key Vault"}
    assert mine["yours"]
    assert mine["component_id"] == opaque("component", *WEST)
    assert (mine["status"], other["status"]) == ("major_outage", "partial_outage")
    (window,) = mine["windows"]
    assert (window["level"], window["extent"], window["ended_at"]) == ("error", "region", None)
    assert first["yours"]["tenants"] == ["Nordwind"]
    assert first["yours"]["named"][0]["name"] == "nordwind-1"
    assert (first["level"], first["over"], end["over"]) == ("error", False, True)
    assert end["cells"][0]["windows"][0]["ended_at"]
    assert second["text"] == "More."


def test_cloudevents_are_read_by_the_sdk(story: Story) -> None:
    story.begin("cloudevents")
    headers, body = story.hook.requests[-1]
    read = cloudevents_http.from_http(
        cloudevents_http.HTTPMessage({"content-type": headers["Content-Type"]}, body), JSONFormat()
    )
    assert read.get_id() == f"{story.incident.tracking_id}/1"
    assert read.get_specversion() == "1.0"
    assert read.get_subject() == story.incident.tracking_id
    assert read.get_type() == "statuspage.incident.update.v1"
    data = read.get_data()
    assert isinstance(data, dict)
    assert data["text"] == TEXT


# The names in Microsoft's sample of a Service Health alert (alerts-payload-samples, common alert schema).
ESSENTIALS = {
    "alertId", "alertRule", "severity", "signalType", "monitorCondition", "monitoringService",
    "alertTargetIDs", "originAlertId", "firedDateTime", "description", "essentialsVersion",
    "alertContextVersion",
}  # fmt: skip
CONTEXT = {
    "authorization", "channels", "claims", "caller", "correlationId", "eventSource",
    "eventTimestamp", "httpRequest", "eventDataId", "level", "operationName", "operationId",
    "properties", "status", "subStatus", "submissionTimestamp", "ResourceType",
}  # fmt: skip
PROPERTIES = {
    "title", "service", "region", "communication", "incidentType", "trackingId", "impactStartTime",
    "impactedServices", "impactedServicesTableRows", "defaultLanguageTitle", "defaultLanguageContent",
    "stage", "communicationId", "isHIR", "IsSynthetic", "impactType", "version",
}  # fmt: skip


def test_azures_common_alert_has_every_field_of_the_vendors_sample(story: Story) -> None:
    fired = story.begin("azure-common")
    ended = [story.go_on(stage) for stage in ("mitigated", "resolved")][-1]
    assert fired["schemaId"] == "azureMonitorCommonAlertSchema"
    for body, condition in ((fired, "Fired"), (ended, "Resolved")):
        data = body["data"]
        assert set(data["essentials"]) >= ESSENTIALS
        assert set(data["alertContext"]) >= CONTEXT
        assert set(data["alertContext"]["properties"]) >= PROPERTIES
        assert data["essentials"]["monitorCondition"] == condition
        assert data["essentials"]["monitoringService"] == "ServiceHealth"
    properties = fired["data"]["alertContext"]["properties"]
    assert all(isinstance(value, str) for value in properties.values()), "theirs are all strings"
    assert (properties["incidentType"], properties["stage"]) == ("Incident", "Active")
    assert properties["communication"].startswith("<p>Requests fail with <strong>503</strong>")
    impacted = json.loads(properties["impactedServices"])
    assert impacted[0]["ServiceName"] == "Key Vault"
    assert impacted[0]["ImpactedRegions"][0]["RegionName"] == "West Europe"
    same = [each["data"]["essentials"]["originAlertId"] for each in (fired, ended)]
    assert same[0] == same[1], "one alert an incident"


def test_azures_classic_alert_has_the_activity_log(story: Story) -> None:
    body = story.begin("azure-activity-log")
    assert body["schemaId"] == "Microsoft.Insights/activityLogs"
    log = body["data"]["context"]["activityLog"]
    assert body["data"]["status"] == "Activated"
    assert log["eventSource"] == "ServiceHealth"
    assert log["level"] == "Error"
    assert log["operationName"] == "Microsoft.ServiceHealth/incident/action"
    assert log["properties"]["trackingId"] == story.incident.tracking_id
    assert set(log["properties"]) >= PROPERTIES


def test_statuspages_receivers_find_what_they_read(story: Story) -> None:
    """Zulip's receiver reads these fields; ids are those of the public files."""
    bodies = [
        story.begin("statuspage"),
        *(story.go_on(stage) for stage in ("identified", "mitigated", "resolved")),
    ]
    told = [
        (each["incident"]["status"], each["incident"]["incident_updates"][0]["status"])
        for each in bodies
    ]
    assert told == [(one, one) for one in ("investigating", "identified", "monitoring", "resolved")]
    first, end = bodies[0], bodies[-1]
    assert first["incident"]["name"] == "Key Vault requests fail"
    assert first["incident"]["id"] == opaque("incident", story.incident.tracking_id)
    assert first["incident"]["impact"] == "critical"
    assert first["incident"]["incident_updates"][0]["body"] == TEXT
    assert first["page"]["status_description"] == "Partial System Outage"
    changed = [each["incident"]["incident_updates"][0]["affected_components"][0] for each in bodies]
    assert [(one["old_status"], one["new_status"]) for one in changed] == [
        ("operational", "major_outage"), ("major_outage", "major_outage"),
        ("major_outage", "operational"), ("operational", "operational"),
    ]  # fmt: skip
    assert end["page"]["status_indicator"] == "none"
    assert end["incident"]["resolved_at"]


def test_pagerduty_opens_one_alert_acknowledges_and_resolves_it(story: Story, hook: Hook) -> None:
    bodies = [
        story.begin("pagerduty", f"?routing_key={KEY}"),
        *(story.go_on(stage) for stage in ("identified", "mitigated", "resolved")),
    ]
    assert [body["event_action"] for body in bodies] == [
        "trigger", "trigger", "acknowledge", "resolve",
    ]  # fmt: skip
    assert len({body["dedup_key"] for body in bodies}) == 1
    assert {body["routing_key"] for body in bodies} == {KEY}
    assert set(hook.paths) == {"/v2/enqueue"}, "the key is not in the address that is called"
    first = bodies[0]["payload"]
    assert first["severity"] == "critical"
    assert first["source"] == "Cloud Status"
    assert "Key Vault – West Europe" in first["summary"]


class VendorsClient(EventsApiV2Client):
    """The vendor's own, stopped before the network."""

    posted: tuple[str, dict[str, Any]] = ("", {})

    def post(  # type: ignore[override]  # of all its keywords it uses this one
        self, url: str, json: dict[str, Any]
    ) -> Any:
        self.posted = url, json
        raise StopIteration


@pytest.mark.parametrize("kind", ["service-issue", "planned-maintenance"])
def test_pagerdutys_own_client_posts_the_same_shape(kind: str, now: datetime) -> None:
    event = replace(made_up(now, kind=kind), url="https://status.example.com/x/")
    (pagerduty,) = (each for each in FORMATS if each.offered.name == "pagerduty")
    address = f"https://events.pagerduty.com/v2/enqueue?routing_key={KEY}"
    request = pagerduty.request(event, pagerduty.body(event), address)
    ours = json.loads(request.body)
    assert ours.pop("routing_key") == KEY
    payload, theirs = ours["payload"], VendorsClient(KEY)
    with pytest.raises(StopIteration):
        _ = (
            theirs.send_event(ours.pop("event_action"), ours.pop("dedup_key"), **ours)
            if "event_action" in ours
            else theirs.submit(
                payload["summary"],
                payload["source"],
                payload["custom_details"],
                ours["links"],
                payload["timestamp"],
            )
        )
    path, body = theirs.posted
    assert request.url.endswith(path)
    assert json.loads(request.body) == {**body, "routing_key": KEY}


def test_opsgenie_gets_an_alert_and_its_end(story: Story, hook: Hook) -> None:
    bodies = [
        story.begin("opsgenie", f"?api_key={API_KEY}"),
        *(story.go_on(stage) for stage in ("mitigated", "resolved")),
    ]
    alias = bodies[0]["alias"]
    base = "/v2/enqueue"
    assert hook.paths == [
        base,
        f"{base}/{alias}/notes?identifierType=alias",
        f"{base}/{alias}/close?identifierType=alias",
    ]
    assert story.headers["Authorization"] == f"GenieKey {API_KEY}"
    payload = CreateAlertPayload(**bodies[0])
    assert payload.priority == "P1"
    assert len(payload.message) <= 130
    AddNoteToAlertPayload(**bodies[1])
    CloseAlertPayload(**bodies[2])


def test_a_false_alarm_closes_what_it_opened(story: Story, operator: User) -> None:
    story.begin("pagerduty", f"?routing_key={KEY}")
    retraction.retract(
        incident_id=story.incident.pk, reason="A test of ours.", now=story.now, actor=operator
    )
    assert story.told()["event_action"] == "resolve"


@pytest.mark.parametrize(
    ("format", "typed", "address"),
    [
        ("pagerduty", KEY, f"https://events.pagerduty.com/v2/enqueue?routing_key={KEY}"),
        ("opsgenie", API_KEY, f"https://api.opsgenie.com/v2/alerts?api_key={API_KEY}"),
    ],
)
def test_a_key_alone_is_enough_and_one_without_is_refused(
    format: str, typed: str, address: str
) -> None:
    (chosen,) = (each for each in endpoints.formats("webhook") if each.name == format)
    assert chosen.address(typed) == address
    with pytest.raises(AddressError, match="type the key alone"):
        chosen.address("https://example.com/")


def test_a_format_that_there_is_not_is_refused_by_name(now: datetime) -> None:
    with pytest.raises(AddressError, match="no format 'fax' in webhook; use one of native,"):
        endpoints.create(
            channel="webhook", address="https://x.example", tenant=None, now=now, format="fax"
        )


@pytest.mark.parametrize("format", [each.offered.name for each in FORMATS])
def test_a_test_message_comes_in_the_endpoints_own_format(
    format: str, now: datetime, hook: Hook
) -> None:
    query = {"pagerduty": f"?routing_key={KEY}", "opsgenie": f"?api_key={API_KEY}"}.get(format, "")
    made, _ = endpoints.create(
        channel="webhook", address=hook.url + query, tenant=None, now=now, format=format, name="CI"
    )
    taken, answer = test_messages.send_test_message(made, now=now)
    assert taken, answer
    assert b"Test message of" in hook.requests[-1][1]
    assert str(Endpoint.objects.get()).startswith("CI (127.0.0.1")


def made_up(
    now: datetime, *, kind: str = "service-issue", cells: int = 1, text: str = "Words."
) -> Event:
    window = Window("warning", "zone", ("1", "2"), now, None)
    named = tuple(
        NamedCell(f"service-{n}", f"Service {n}" * 3, "west-europe", "West Europe", (window,) * 3)
        for n in range(cells)
    )
    base = example(
        "https://status.example.com", "Cloud Status", UUID(int=7), now, title="Vaults", text=text,
        language="en",
    )  # fmt: skip
    stage = "planned" if kind == "planned-maintenance" else "investigating"
    return replace(
        base, kind=kind, stage=stage, level="" if "maint" in kind else "warning", cells=named,
        text=text, sentence=text, drill=False, mitigated_at=None, scheduled_for=now,
        scheduled_until=now,
    )  # fmt: skip


@settings(max_examples=15)
@given(
    cells=st.integers(0, 200),
    length=st.integers(0, 30_000),
    letter=st.sampled_from(["x", "é", "\N{GRINNING FACE}", '"']),
)
def test_a_body_stays_short_and_says_what_it_left_out(cells: int, length: int, letter: str) -> None:
    text = letter * length
    event = made_up(datetime(2026, 3, 1, tzinfo=UTC), cells=cells, text=text)
    body = native.body(event)
    assert len(json.dumps(body, ensure_ascii=False).encode()) <= 20_000
    data = body["data"]
    assert data["cells_total"] == cells
    assert data["text_complete"] == (data["text"] == text)


@pytest.mark.parametrize("name", ["pagerduty", "opsgenie"])
@pytest.mark.parametrize("audience", ["targeted", "public"])
def test_a_text_too_long_says_how_much_stands_there_and_where_all_of_it_is(
    name: str, audience: str, now: datetime
) -> None:
    event = replace(made_up(now, text="x" * 30_000), audience=audience)
    (format,) = (each for each in FORMATS if each.offered.name == name)
    body = json.dumps(format.body(event), ensure_ascii=False)
    page = "/status/" if audience == "public" else "/service-health/events/TEST-001/"
    assert f"/30000: https://status.example.com{page}]" in body
