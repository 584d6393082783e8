"""Readers choose kinds, levels, how often, a pause, or one incident alone: planning does what they chose."""

from __future__ import annotations

import os
import re
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from html import unescape
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pytest_django.fixtures import Settings

from incidents.models import Communication, Incident
from incidents.services.incident import declare
from incidents.services.statements import write_communication
from notifications.audience import daily_summary
from notifications.audience.forecast import hearers
from notifications.channels import signed_links, wording
from notifications.delivery import plan
from notifications.delivery.send import work
from notifications.evidence import retention
from notifications.models import Delivery, Endpoint, FollowedIncident, SignUp
from notifications.subscribers import following, leaving, subscribe
from notifications.vocabulary.delivery_states import DeliveryAudience
from tests.conftest import declaration, hit
from tests.notifications.cast import last, reader
from tests.notifications.conftest import Sink, text_of

pytestmark = pytest.mark.usefixtures("catalogue")

EXAMPLES = int(os.environ.get("READER_EXAMPLES", "10"))
WEST, EAST = ("key-vault", "west-europe"), ("key-vault", "east-us")
LEVELS = ["informational", "warning", "error"]


@dataclass(frozen=True)
class Reader:
    topic: tuple[str | None, str | None] | None
    kinds: tuple[str, ...]
    least: str
    cadence: str
    paused: bool
    follows: str  # "", "all" or "end"


READERS = st.builds(
    Reader,
    st.sampled_from([(None, None), WEST, EAST, None]),
    st.sampled_from([(), (), ("service-issue",), ("planned-maintenance",)]),
    st.sampled_from(["", "", *LEVELS]),
    st.sampled_from(["every", "ends", "daily"]),
    st.sampled_from([False, False, False, True]),
    st.sampled_from(["", "", "all", "end"]),
)
SAID = st.lists(
    st.sampled_from(["update identified", "update mitigating", "update mitigated", "correction"]),
    max_size=3,
)


def takes_part(one: Reader, name: str) -> Endpoint:
    made = reader(name, *([one.topic] if one.topic else []))
    if one.topic is None:
        made.topics.all().delete()
    made.post_kinds, made.post_least_level = list(one.kinds), one.least
    made.post_cadence = one.cadence
    made.posts_paused_until = datetime.now(UTC) + timedelta(days=1) if one.paused else None
    made.save()
    return made


def hears(one: Reader, kind: str, stage: str, level: str, heard: list[str]) -> str:
    """Why a reader is told, by plain reading of what was chosen; empty: not at all. `heard`: the reasons so far."""
    if one.paused:
        return ""
    correction, over = kind == "correction", stage in ("mitigated", "resolved")
    by_posts = [why for why in heard if why not in ("followed", "followed-end")]
    told = bool(heard) if correction else bool(by_posts)
    asked_for = (
        one.topic in ((None, None), WEST)
        and (not one.kinds or "service-issue" in one.kinds)
        and (not one.least or LEVELS.index(level) >= LEVELS.index(one.least))
    )
    between = kind == "update" and not over
    posts = (asked_for or told) and not (one.cadence == "ends" and between and told)
    if one.follows == "all":
        return "followed"
    if not posts:
        return "followed-end" if one.follows == "end" and kind == "update" and over else ""
    if correction and told:
        return "told-before"
    if one.cadence == "ends":
        return "topic-ends"
    if one.cadence == "daily" and not correction:
        return "topic-daily"
    return "topic" if asked_for else "told-before"


def public_incident(level: str, operator: User, now: datetime) -> Incident:
    return declare(
        declaration=declaration(
            hit(*WEST, extent="zone", level=level),
            hit("storage", "west-europe", extent="zone", level=level),
            level=level,
            audience="unknown",
            started_at=now - timedelta(minutes=5),
        ),
        now=now,
        actor=operator,
    )


def say(incident: Incident, what: str, operator: User, now: datetime) -> Communication:
    kind, _, stage = what.partition(" ")
    return write_communication(
        incident,
        stage=stage or "mitigating",
        kind=kind,
        public_text="Public.",
        targeted_text="",
        at=now,
        now=now,
        actor=operator,
    )


@hypothesis_settings(
    max_examples=EXAMPLES,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    readers=st.lists(READERS, min_size=1, max_size=6),
    level=st.sampled_from(["warning", "error"]),
    said=SAID,
)
def test_planning_does_what_a_plain_reading_of_the_choices_says(
    readers: list[Reader], level: str, said: list[str], operator: User
) -> None:
    now = datetime.now(UTC)
    with transaction.atomic():
        cast = {
            f"r{number}@example.com": (one, takes_part(one, f"r{number}@example.com"))
            for number, one in enumerate(readers)
        }
        incident = public_incident(level, operator, now)
        for one, endpoint in cast.values():
            if one.follows:
                FollowedIncident.objects.create(
                    endpoint=endpoint, incident=incident, ends_only=one.follows == "end"
                )
        heard: dict[str, list[str]] = {name: [] for name in cast}
        statements = [last(incident), *(say(incident, what, operator, now) for what in said)]
        for statement in statements:
            expected = {}
            for name, (one, _) in cast.items():
                if why := hears(one, statement.kind, statement.stage, level, heard[name]):
                    expected[name] = why
                    heard[name].append(why)
            counted = hearers(statement)
            plan.plan(communication_id=statement.pk, now=now)
            rows = Delivery.objects.filter(communication=statement)
            assert dict(rows.values_list("endpoint__address", "reason")) == expected
            assert counted == len(expected)
        transaction.set_rollback(True)


def test_a_daily_summary_is_one_mail_at_its_hour_with_all_that_was_said(
    operator: User, sink: Sink
) -> None:
    now = datetime.now(UTC)
    daily = reader("daily@example.com")
    daily.post_cadence, daily.time_zone = "daily", "Asia/Tokyo"
    daily.save()
    reader("at-once@example.com")
    first, second = (public_incident("error", operator, now) for _ in range(2))
    update = say(first, "update identified", operator, now)
    for one in (last(second), update):
        plan.plan(communication_id=one.pk, now=now)
    work()
    assert {mail["To"] for mail in sink.mails} == {"at-once@example.com"}
    waiting = Delivery.objects.get(endpoint=daily, state="pending")
    local = waiting.next_attempt_at.astimezone(ZoneInfo("Asia/Tokyo"))
    assert (local.hour, local.minute, waiting.deferred) == (8, 0, "daily")
    assert timedelta(0) < waiting.next_attempt_at - now <= timedelta(days=1)

    sink.mails.clear()
    Delivery.objects.filter(pk=waiting.pk).update(next_attempt_at=now)
    work()
    (mail,) = sink.mails
    assert "Daily summary of public posts" in str(mail["Subject"])
    text = text_of(mail)
    assert "since your last daily summary" in text
    assert "chose one summary a day" in text
    assert first.tracking_id in text
    assert second.tracking_id in text


def test_a_first_summary_tells_also_what_was_said_before_its_reader_came(
    operator: User, sink: Sink
) -> None:
    now = datetime.now(UTC)
    first, second = (public_incident("error", operator, now) for _ in range(2))
    for one in (first, second):
        plan.plan(communication_id=last(one).pk, now=now)
    late = reader("late@example.com")
    late.post_cadence = "daily"
    late.save()
    said = [say(one, "update identified", operator, now) for one in (first, second)]
    for update in said:
        plan.plan(communication_id=update.pk, now=now)
    Delivery.objects.filter(endpoint=late, state="pending").update(next_attempt_at=now)
    work()
    (mail,) = sink.mails
    text = text_of(mail)
    story = text.partition("---- What was said before you were told ----")[2].partition("----")[0]
    assert story.count("Investigating") == 2
    assert text_of(mail, "html").count("What was said before you were told") == 1
    assert f"Investigating · {first.public_title}" in story


def test_what_a_digest_tells_along_is_told_as_to_its_own_audience(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said = Communication()
    monkeypatch.setattr(wording, "earlier", lambda _: [said])
    digest = Delivery(audience=DeliveryAudience.TARGETED)
    digest.digest_items = [Delivery(audience=DeliveryAudience.PUBLIC)]
    assert wording.story(digest) == [(said, False), (said, True)]


def test_the_hour_is_found_in_every_zone_and_across_a_change_of_the_clocks() -> None:
    noon = datetime(2026, 3, 28, 12, tzinfo=UTC)
    for zone in ("Europe/Berlin", "Pacific/Auckland", "Nowhere/Land"):
        reader(f"{zone[:3]}@example.com".lower())
        Endpoint.objects.filter(address__startswith=zone[:3].lower()).update(
            time_zone=zone, post_cadence="daily"
        )
    due = daily_summary.due_by_zone(now=noon)
    assert due["Europe/Berlin"].astimezone(UTC) == datetime(2026, 3, 29, 6, tzinfo=UTC)  # summer
    assert due["Pacific/Auckland"].astimezone(UTC) == datetime(2026, 3, 28, 19, tzinfo=UTC)
    assert due["Nowhere/Land"] == datetime(2026, 3, 29, 8, tzinfo=UTC)
    for now in (datetime(2026, 5, 4, 7, 59, tzinfo=UTC), datetime(2026, 5, 3, 8, tzinfo=UTC)):
        at_the_hour = daily_summary.due_by_zone(now=now)["Nowhere/Land"]
        assert at_the_hour == datetime(2026, 5, 4, 8, tzinfo=UTC)


def test_a_pause_holds_also_for_what_was_planned_before_it(operator: User, sink: Sink) -> None:
    now = datetime.now(UTC)
    resting = reader("resting@example.com")
    plan.plan(communication_id=last(public_incident("error", operator, now)).pk, now=now)
    Endpoint.objects.filter(pk=resting.pk).update(posts_paused_until=now + timedelta(days=3))
    work()
    assert sink.mails == []
    assert set(Delivery.objects.values_list("state", "skip_reason")) == {("skipped", "paused")}


# ---- The pages.


@pytest.fixture
def client(settings: Settings) -> Client:
    settings.SECRET_KEY = uuid.uuid4().hex * 2  # counters of requests are named by hashes under it
    return Client()


def form_token(page: str) -> str:
    found = re.search(r'name="form_token"\s+value="([^"]+)"', page)
    assert found, page
    return unescape(found[1])


def ask(client: Client, path: str = "/subscribe/", **more: Any) -> str:
    shown = client.get(path).content.decode()
    data = {"form_token": form_token(shown), "address": "ada@example.com", "scope": "everything"}
    return unescape(client.post("/subscribe/", data | more).content.decode())


def type_code(client: Client, page: str, code: str) -> str:
    found = re.search(r'action="(/subscribe/code/[^"]+)"', page)
    assert found, page
    typed = {"form_token": form_token(page), "code": code}
    return unescape(client.post(found[1], typed).content.decode())


def test_what_is_chosen_is_confirmed_by_the_code_of_the_mail(client: Client, sink: Sink) -> None:
    page = ask(
        client,
        kind=["service-issue", "planned-maintenance"],
        least_level="warning",
        cadence="daily",
        language="de",
        time_zone="Europe/Berlin",
    )
    subscribe.send_confirmations(now=datetime.now(UTC))
    mail = text_of(sink.mails[-1])
    code = re.search(r"\b\d{4} \d{4}\b", mail)
    assert code is not None
    refused = type_code(client, page, "1234 5678" if code[0] != "1234 5678" else "8765 4321")
    assert "not the code" in refused
    assert not Endpoint.objects.exists()
    type_code(client, page, code[0])
    made = Endpoint.objects.get()
    assert made.confirmed_at is not None
    assert (made.post_kinds, made.post_least_level, made.post_cadence) == (
        ["service-issue", "planned-maintenance"],
        "warning",
        "daily",
    )
    assert (made.language, made.time_zone) == ("de", "Europe/Berlin")


def test_a_code_cannot_be_guessed_by_trying(client: Client, sink: Sink) -> None:
    page = ask(client)
    key = SignUp.objects.get().key
    for guess in range(subscribe.MOST_TRIES):
        type_code(client, page, f"{guess:08}")
    assert "tried too often" in type_code(client, page, subscribe.code_of(key))
    assert not Endpoint.objects.exists()


def test_one_incident_is_followed_to_its_end_and_nothing_else_changes(
    client: Client, sink: Sink, operator: User
) -> None:
    now = datetime.now(UTC)
    incident = public_incident("error", operator, now)
    path = f"/subscribe/?incident={incident.tracking_id}"
    shown = client.get(path).content.decode()
    assert "Tell me when this is over" in shown
    assert incident.public_title in shown
    ask(client, path, incident=incident.tracking_id, follow="end", time_zone="UTC", language="en")
    subscribe.send_confirmations(now=datetime.now(UTC))
    assert f"({incident.tracking_id}): when it is over" in text_of(sink.mails[-1])
    subscribe.confirm(
        token=signed_links.confirm_url(SignUp.objects.get().key).split("/")[-2], now=now
    )
    update = say(incident, "update identified", operator, now)
    over = say(incident, "update mitigated", operator, now)
    sink.mails.clear()
    for one in (update, over):
        plan.plan(communication_id=one.pk, now=now)
    work()
    (mail,) = sink.mails
    assert "You asked to be told when this is over." in text_of(mail)
    manage = signed_links.manage_url(Endpoint.objects.get().key).partition("//")[2]
    manage = manage[manage.index("/") :]
    page = client.get(manage).content.decode()
    assert "when it is over" in page
    stopped = {"form_token": form_token(page), "unfollow": incident.tracking_id}
    assert client.post(manage, stopped).status_code == 200
    assert not FollowedIncident.objects.exists()


def test_taking_back_that_one_left_restores_topics_and_every_followed_incident(
    operator: User,
) -> None:
    now = datetime.now(UTC)
    incident, other = (public_incident("error", operator, now) for _ in range(2))
    ann = reader("ann@example.com", ("storage", None))
    following.follow(ann, incident, ends_only=True)
    following.follow(ann, other, ends_only=False)
    left = leaving.leave(token=leave_token(ann), now=now)
    assert not ann.topics.exists()
    assert not ann.followed.exists()
    subscribe.confirm(token=left.undo.split("/")[-2], now=now)
    assert [topic.service.slug for topic in ann.topics.all() if topic.service] == ["storage"]
    followed = {(each.incident, each.ends_only) for each in ann.followed.all()}
    assert followed == {(incident, True), (other, False)}
    ann.refresh_from_db()
    assert ann.left_posts_at is None


def test_who_followed_one_incident_only_is_forgotten_after_its_end_unless_something_is_kept(
    operator: User,
) -> None:
    now = datetime.now(UTC)
    incident = public_incident("error", operator, now)
    alone, told, both = (reader(f"{name}@example.com") for name in ("alone", "told", "both"))
    for each in (alone, told):
        each.topics.all().delete()
    for each in (alone, told, both):
        following.follow(each, incident, ends_only=True)
    Endpoint.objects.update(confirmed_at=now)
    later = now + retention.FOLLOWED_AFTER_END + timedelta(days=1)
    assert retention.forget_readers(now=later) == 0, "it goes on"
    tell(told, incident, now)
    Incident.objects.filter(pk=incident.pk).update(closed_at=now)
    assert retention.forget_readers(now=now) == 0, "it is just over"
    assert retention.forget_readers(now=later) == 1
    assert sorted(Endpoint.objects.values_list("address", flat=True)) == [
        "both@example.com",
        "told@example.com",
    ]
    assert not FollowedIncident.objects.exists()


def leave_token(endpoint: Endpoint) -> str:
    return signed_links.leave_url(endpoint.key, DeliveryAudience.PUBLIC).split("/")[-2]


def tell(endpoint: Endpoint, incident: Incident, now: datetime) -> None:
    Delivery.objects.create(
        incident=incident,
        communication=last(incident),
        endpoint=endpoint,
        audience=DeliveryAudience.PUBLIC,
        relevance="public",
        reason="followed-end",
        priority=0,
        next_attempt_at=now,
        created_at=now,
    )


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("kind", "gossip", "gossip is no kind of post"),
        ("least_level", "loud", "loud is no level"),
        ("cadence", "hourly", "hourly is not offered"),
        ("time_zone", "Mars/Olympus", "Mars/Olympus is no time zone"),
        ("language", "tlh", "tlh is no language"),
        ("paused_until", "2020-01-01", "2020-01-01 is no day to come"),
        ("paused_until", "soon", "soon is no day to come"),
        ("paused_until", "9999-12-31", ""),
    ],
)
def test_what_cannot_be_is_named_and_nothing_chosen_is_lost(
    client: Client, field: str, value: str, said: str
) -> None:
    page = ask(client, **({"cadence": "ends"} | {field: value}))
    assert said in page
    assert SignUp.objects.exists() == (not said)
    if said:
        assert "ada@example.com" in page
        assert field == "cadence" or re.search(r'value="ends"\s+checked', page)


def test_the_manage_page_keeps_pause_and_choices(client: Client) -> None:
    known = reader("known@example.com")
    path = signed_links.manage_url(known.key)
    path = path[path.index("/subscribe/") :]
    page = client.get(path).content.decode()
    day = (datetime.now(UTC) + timedelta(days=9)).date()
    client.post(
        path,
        {
            "form_token": form_token(page),
            "scope": "everything",
            "cadence": "ends",
            "paused_until": day.isoformat(),
            "time_zone": "Asia/Tokyo",
            "language": "ja",
        },
    )
    known.refresh_from_db()
    assert known.posts_paused_until == datetime.combine(day, time(), ZoneInfo("Asia/Tokyo"))
    assert (known.post_cadence, known.language) == ("ends", "ja")
    again = client.get(path).content.decode()
    assert day.isoformat() in again
    assert re.search(r'value="ends"\s+checked', again)
