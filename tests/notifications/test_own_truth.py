"""Each receiver reads what is theirs: their subscriptions, cells and times, in their language."""

from __future__ import annotations

import json
import os
import re
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from jsonschema import Draft202012Validator

from incidents.models import Incident
from incidents.services import incident as incident_service
from incidents.services.inputs import Changes, Statement
from incidents.services.retraction import retract
from incidents.services.reviews.review import Draft, Section, publish_review
from notifications.audience.concern import attach
from notifications.channels import endpoints
from notifications.channels.registry import CHANNELS
from notifications.channels.webhook.formats import native
from notifications.channels.yours import how_many
from notifications.delivery import plan, send
from notifications.models import Delivery, Endpoint, Tenant
from notifications.models.delivery.concern import Concern
from tests.conftest import declaration, hit
from tests.notifications import conftest
from tests.notifications.cast import confirm_audience, endpoint, last, rule, subscription, tenant
from tests.notifications.conftest import Sink
from tests.notifications.rooms import Hook

pytestmark = pytest.mark.usefixtures("catalogue")

WEST, NORTH = ("key-vault", "west-europe"), ("storage", "north-europe")
WORDS = Statement("", "Requests fail with **503**.\n\n- Keep cached secrets.", None)


def text_of(mail: EmailMessage, kind: str = "plain") -> str:
    return conftest.text_of(mail, kind).replace("\r\n", "\n")


def keep(name: str, html: str) -> None:
    """For whoever wants to look: LOOK names a folder."""
    if folder := os.environ.get("LOOK"):
        Path(folder, f"{name}.html").write_text(html)


def declare(operator: User, now: datetime, **more: object) -> Incident:
    values = {"statement": WORDS} | more
    made = incident_service.declare(
        declaration=declaration(hit(*WEST, extent="region"), hit(*NORTH), **values),
        now=now,
        actor=operator,
    )
    plan.plan_due(now=now)
    return made


def test_a_customer_reads_of_their_own_subscriptions_and_cells(
    operator: User, now: datetime, sink: Sink
) -> None:
    nordwind = tenant("nordwind", WEST)
    for number in range(2, 9):
        subscription(nordwind, f"nordwind-{number}", WEST)
    subscription(nordwind, "nordwind-else", ("storage", "east-us"))
    other = tenant("other", NORTH)
    subscription(other, "other-both", WEST, NORTH)
    rule(other, "ops@example.net")
    Endpoint.objects.filter(address="nordwind@example.com").update(time_zone="Europe/Berlin")
    declare(operator, now)
    send.work()
    one, both = sink.to("nordwind@example.com")[0], sink.to("ops@example.net")[0]
    text, html = text_of(one), text_of(one, "html")
    keep("targeted", html)
    assert "It touches services and regions where 8 of your 9 subscriptions run." in text
    assert "1 of 2 combinations of service and region are yours." in text
    assert "- nordwind-1: Key Vault in West Europe (failing, the whole region, estimated" in text
    assert "nordwind-else" not in text + html
    assert "and 3 more of your subscriptions" in text
    assert "targeted notice · Nordwind" in " ".join(html.split())
    assert "- other-both: Key Vault in West Europe (failing, the whole region" in text_of(both)
    assert "- other-both: Storage in North Europe (failing, some customers" in text_of(both)
    assert "Nordwind" not in text_of(both) + text_of(both, "html")


def test_an_analysis_is_called_confirmed_and_an_estimate_is_not(
    operator: User, now: datetime, sink: Sink
) -> None:
    tenant("here", WEST)
    incident = declare(operator, now)
    send.work()
    confirm_audience(incident, "here-1")
    incident_service.post_update(
        incident_id=incident.pk, statement=Statement("", "News."), now=now, actor=operator
    )
    plan.plan_due(now=now)
    send.work()
    first, second = map(text_of, sink.mails)
    assert "estimated by where it runs" in first
    assert "confirm" not in first.replace("confirmed subscriber", "")
    assert "Your subscription is impacted, as our analysis confirms." in second


def test_whose_last_cell_recovers_reads_that_all_of_theirs_is_well(
    operator: User, now: datetime, sink: Sink
) -> None:
    tenant("here", WEST)
    tenant("there", NORTH)
    tenant("both", WEST, NORTH)
    incident = declare(operator, now)
    later = now + timedelta(minutes=20)
    incident_service.recover(
        incident_id=incident.pk, regions=[hit(*WEST).region], at=later, now=later, actor=operator
    )
    plan.plan_due(now=later)
    send.work()
    told = text_of(sink.to("here@example.com")[-1])
    keep("recovered", text_of(sink.to("here@example.com")[-1], "html"))
    assert told.startswith("Recovered for you")
    part = text_of(sink.to("both@example.com")[-1])
    assert part.startswith("Recovered in part · Investigating"), "though the incident goes on"
    assert "here-1: Key Vault in West Europe (recovered, " in told
    assert "Still affected: Storage in North Europe." in told


def test_what_was_taken_back_is_nobodys_and_has_no_time(
    operator: User, now: datetime, sink: Sink
) -> None:
    tenant("here", WEST)
    incident = declare(operator, now)
    send.work()
    retract(incident_id=incident.pk, reason="A probe.", now=now, actor=operator)
    plan.plan_due(now=now)
    send.work()
    text = text_of(sink.mails[-1])
    assert text.startswith("Retracted\n")
    for untrue in ("Since:", "Until:", "What is yours", "here-1", "runs in a place"):
        assert untrue not in text
    assert "Whoever is told of an incident is told how it goes on." in text


def test_after_the_end_it_is_said_in_the_past(operator: User, now: datetime, sink: Sink) -> None:
    tenant("here", WEST)
    incident = declare(operator, now)
    incident_service.post_update(
        incident_id=incident.pk, stage="mitigated", now=now, actor=operator
    )
    plan.plan_due(now=now)
    send.work()
    assert "It touched services and regions where your subscription runs." in text_of(
        sink.mails[-1]
    )


def test_who_joins_late_gets_the_story_so_far(operator: User, now: datetime, sink: Sink) -> None:
    tenant("early", WEST)
    incident = declare(operator, now)
    send.work()
    tenant("late", ("storage", "east-us"))
    later = now + timedelta(minutes=30)
    incident_service.post_update(
        incident_id=incident.pk,
        changes=Changes(hits=[hit("storage", "east-us")]),
        now=later,
        actor=operator,
    )
    plan.plan_due(now=later)
    send.work()
    late, early = text_of(sink.to("late@example.com")[0]), text_of(sink.to("early@example.com")[-1])
    keep("late", text_of(sink.to("late@example.com")[0], "html"))
    assert "As of 09:30 UTC" not in late
    assert "Storage in East US is failing or unavailable, too." in late
    assert "What was said before you were told" in late
    assert "Requests fail with 503.\n\n- Keep cached secrets." in late
    assert "For you since 10:00 UTC on 1 March 2026." in late
    assert "What was said before" not in early


def test_a_mail_speaks_its_receivers_language_down_to_the_last_line(
    operator: User, now: datetime, sink: Sink
) -> None:
    tenant("here", WEST)
    Endpoint.objects.update(language="de", time_zone="Europe/Berlin")
    declare(operator, now, statement=Statement())
    send.work()
    (mail,) = sink.mails
    text, html = text_of(mail), text_of(mail, "html")
    keep("german", html)
    assert '<html lang="de"' in html
    assert text.startswith("Gestört · Wird untersucht")
    assert "Seit 09:00 UTC am 1. März 2026 sind mehrere Dienste" in text
    assert "Was Sie betrifft: Es geht um Dienste und Regionen" in text
    for english in ("Since", "Why you", "subscriptions", "All times"):
        assert english not in text


def test_a_mail_in_arabic_runs_from_right_to_left(
    operator: User, now: datetime, sink: Sink
) -> None:
    tenant("here", WEST)
    Endpoint.objects.update(language="ar")
    declare(operator, now, statement=Statement())
    send.work()
    (mail,) = sink.mails
    html = text_of(mail, "html")
    keep("arabic", html)
    assert '<html lang="ar" dir="rtl"' in html
    assert 'align="left"' not in html
    assert "width: 120px;text-align: right" in html
    assert "text-align:left;font-weight:600" in html, "the end of a row, as seen from its start"
    assert "\u2068Key Vault\u2069 في \u2068West Europe\u2069" in text_of(mail)


def test_a_maintenance_comes_with_an_event_for_the_calendar(
    operator: User, now: datetime, sink: Sink
) -> None:
    endpoint("here@example.com", language="en")
    tenant("here", WEST)
    start = now + timedelta(days=1)
    incident = incident_service.declare(
        declaration=declaration(
            hit(*WEST),
            kind="planned-maintenance",
            stage="planned",
            started_at=start,
            scheduled_for=start,
            scheduled_until=start + timedelta(hours=2),
            public_title="Störungsfreie Wartung – Schlüssel",
        ),
        now=now,
        actor=operator,
    )
    plan.plan_due(now=now)
    send.work()
    (mail,) = sink.mails
    keep("maintenance", text_of(mail, "html"))
    assert str(mail["Subject"]).endswith(f"Wartung – Schlüssel ({incident.tracking_id})")
    (event,) = mail.iter_attachments()
    assert event.get_content_type() == "text/calendar"
    content = str(event.get_content())
    assert "DTSTART:20260302T093000Z" in content
    assert f"UID:{incident.tracking_id}@" in content
    assert text_of(mail).startswith("Planned maintenance · Planned")
    assert "Since" not in text_of(mail)


@pytest.mark.parametrize(
    ("hit", "owned", "said"),
    [
        (1, 1, "Your subscription is impacted, as our analysis confirms."),
        (3, 3, "All your subscriptions (3) are impacted, as our analysis confirms."),
        (1, 3, "1 of your 3 subscriptions is impacted, as our analysis confirms."),
        (2, 3, "2 of your 3 subscriptions are impacted, as our analysis confirms."),
    ],
)
def test_one_all_and_some_are_told_apart(hit: int, owned: int, said: str) -> None:
    concern = Concern(hits=(), hit=hit, subscriptions=owned, cells=())
    text = how_many(concern, confirmed=True)
    assert text % {"hit": hit, "all": owned} == said


@pytest.mark.parametrize("by_list", [False, True])
def test_of_very_many_subscriptions_the_same_is_said_as_of_few(
    by_list: bool, operator: User, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    big = tenant("big", WEST)
    for number, cells in enumerate(
        [(WEST, NORTH), (), (("storage", "east-us"),), (NORTH,), (WEST,)] * 2
    ):
        subscription(big, f"big-{number + 10}", *cells)
    incident = declare(operator, now)
    if by_list:
        confirm_audience(
            incident, "big-10", "big-11", "big-12", *(f"big-{n}" for n in (14, 15, 16))
        )
    incident_service.recover(
        incident_id=incident.pk, regions=[hit(*NORTH).region], at=now, now=now, actor=operator
    )
    plan.plan_due(now=now)
    for statement in incident.communications.all():
        seen = []
        for most in (100, 3):
            monkeypatch.setattr("notifications.audience.concern.MOST_READ", most)
            told = [Delivery.objects.filter(communication=statement).latest("id")]
            attach(told)
            seen.append(told[0].concern)
        assert seen[0] == seen[1]
        assert seen[0] is not None
        assert seen[0].hit > len(seen[0].hits) or statement.number > 1


@pytest.mark.parametrize("most", [3, 100])
def test_an_address_of_two_tenants_hears_of_both_however_large_one_is(
    most: int, operator: User, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("notifications.audience.concern.MOST_READ", most)
    shared = endpoint("ops@example.net")
    for ref, extra in (("big", 4), ("small", 0)):
        owner = tenant(ref, WEST, NORTH, contact=False)
        Tenant.objects.filter(pk=owner.pk).update(contact=shared)
        for number in range(extra):
            subscription(owner, f"{ref}-{number + 2}", NORTH)
    incident = declare(operator, now)
    incident_service.recover(
        incident_id=incident.pk, regions=[hit(*NORTH).region], at=now, now=now, actor=operator
    )
    plan.plan_due(now=now)
    told = Delivery.objects.get(communication=last(incident))
    attach([told])
    assert told.concern is not None
    assert told.concern.tenants == ("Big", "Small")
    assert (told.concern.hit, told.concern.subscriptions) == (6, 6)
    assert told.concern.elsewhere, "both run where it goes on"


def test_the_list_of_another_incident_says_nothing_of_this_one(
    operator: User, now: datetime
) -> None:
    here = tenant("here", WEST)
    subscription(here, "here-2", WEST)
    one, other = declare(operator, now), declare(operator, now)
    confirm_audience(one, "here-1")
    confirm_audience(other, "here-2")
    told = Delivery.objects.select_related("communication__incident").get(incident=one)
    attach([told])
    assert told.concern is not None
    assert [each.name for each in told.concern.hits] == ["here-1"]


@pytest.mark.parametrize("letter", ["a", "漢"])
def test_a_review_too_long_for_a_mail_is_begun_and_leads_to_the_page_with_all_of_it(
    letter: str, operator: User, now: datetime, sink: Sink
) -> None:
    tenant("here", WEST)
    incident = declare(operator, now)
    incident_service.post_update(
        incident_id=incident.pk, stage="mitigated", now=now, actor=operator
    )
    text = "\n\n".join(f"{number}. {letter * 70}" for number in range(1200))
    publish_review(
        incident_id=incident.pk,
        draft=Draft(kind="final", sections=[Section("impact", "What happened?", text)]),
        now=now,
        actor=operator,
    )
    plan.plan_due(now=now)
    send.work()
    mail = sink.mails[-1]
    assert len(sink.raw[str(mail["Message-ID"])]) < 60_000
    words = text_of(mail)
    assert "15. " in words
    said = re.search(r"Only the beginning stands in this mail: (\d+) of (\d+) characters", words)
    assert said
    assert int(said[1]) < int(said[2])
    assert int(said[2]) == len(last(incident).targeted_text)
    assert f"/service-health/events/{incident.tracking_id}/" in words


ADDRESS = {
    "pagerduty": f"/v2/enqueue?routing_key={'a' * 32}",
    "opsgenie": "/v2/alerts?api_key=12345678-1234-1234-1234-123456789abc",
    "matrix": "/_matrix/client/v3/rooms/!a:b?access_token=t",
}
SAID = "Keep cached secrets."


@pytest.mark.parametrize(
    ("channel", "format"),
    [
        (handler.name.value, each.name)
        for handler in CHANNELS.values()
        if handler.name in ("webhook", "chat")
        for each in handler.formats
    ]
    + [("apprise", "")],
)
def test_who_joins_late_gets_the_story_so_far_in_every_format(
    channel: str, format: str, operator: User, now: datetime, hook: Hook
) -> None:
    tenant("early", WEST)
    incident = declare(operator, now)
    owner = tenant("late", ("storage", "east-us"), contact=False)
    address = hook.url.replace("/hook", ADDRESS.get(format, "/hook"))
    if channel == "apprise":
        address = hook.url.replace("http://", "ntfy://")
    owner.contact, _ = endpoints.create(
        channel=channel, address=address, tenant=owner, now=now, format=format
    )
    owner.save()
    incident_service.post_update(
        incident_id=incident.pk,
        changes=Changes(hits=[hit("storage", "east-us")]),
        now=now,
        actor=operator,
    )
    plan.plan_due(now=now)
    send.work()
    ((_, body),) = hook.requests
    words = body.decode().replace("\\", "")
    assert "Storage in East US is failing or unavailable, too." in words
    assert SAID in words
    sent = json.loads(body)
    match format:
        case "native" | "cloudevents":
            schema = json.loads(native.schema("https://status.example.com"))
            checked = sent if format == "native" else {"data": sent["data"]}
            Draft202012Validator(schema | {"required": ["data"]}).validate(checked)
            assert [one["number"] for one in sent["data"]["earlier"]] == [1]
            assert sent["data"]["earlier_total"] == 1
        case "statuspage":
            late, first = sent["incident"]["incident_updates"]
            assert SAID in first["body"]
            assert SAID not in late["body"]
            assert set(first) == set(late)
            assert late["id"] != first["id"]
            assert late["created_at"] >= first["created_at"]
        case "pagerduty":
            ((heading, said),) = sent["payload"]["custom_details"]["earlier"].items()
            assert heading.startswith("1. ")
            assert heading.endswith(" · Investigating")
            assert SAID in said
        case _:
            assert "What was said before you were told" in words
