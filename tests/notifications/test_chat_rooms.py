"""Chat rooms: what they read, what nobody can put into it, and what their answers mean."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.test import Client
from pytest_django.fixtures import Settings

from incidents.models import Incident
from incidents.services import incident as incident_service
from incidents.services.inputs import Statement
from notifications import tasks, without_broker
from notifications.channels import endpoints
from notifications.channels.chat import renderer as chat_renderer
from notifications.channels.chat.formats import text as chat_text
from notifications.channels.chat.sender import Chat
from notifications.delivery import claims, plan, retry, send
from notifications.evidence import delivery_lookup, erasure
from notifications.models import Attempt, Breaker, Delivery, Endpoint
from notifications.vocabulary.delivery_states import State
from tests.conftest import declaration
from tests.notifications.cast import endpoint, last, tenant
from tests.notifications.rooms import Hook, listening

pytestmark = pytest.mark.usefixtures("catalogue")

WEST = ("key-vault", "west-europe")


@pytest.fixture
def room(hook: Hook, now: datetime) -> Endpoint:
    """The room that the one tenant is told in."""
    owner = tenant("here", WEST, contact=False)
    owner.contact = endpoints.create(channel="chat", address=hook.url, tenant=owner, now=now)[0]
    owner.save()
    return owner.contact


@pytest.fixture
def other(room: Endpoint, now: datetime) -> Iterator[Hook]:
    """The room of another tenant, behind the same host name."""
    with listening() as state:
        owner = tenant("there", WEST, contact=False)
        owner.contact = endpoints.create(channel="chat", address=state.url, tenant=owner, now=now)[
            0
        ]
        owner.save()
        yield state


def declare(operator: User, now: datetime, text: str = "For you.", **more: object) -> Incident:
    made = incident_service.declare(
        declaration=declaration(statement=Statement("", text), **more), now=now, actor=operator
    )
    plan.plan(communication_id=last(made).pk, now=now)
    return made


def update(incident: Incident, operator: User, now: datetime, text: str, **more: object) -> None:
    incident_service.post_update(
        incident_id=incident.pk,
        stage="identified",
        statement=Statement("", text),
        now=now,
        actor=operator,
        **more,  # type: ignore[arg-type]  # keywords are passed through
    )
    plan.plan(communication_id=last(incident).pk, now=now)


def read(hook: Hook) -> list[str]:
    """What the room was sent, as its members read it."""
    bodies = [json.loads(body) for _, body in hook.requests]
    assert all(list(body) == ["text"] for body in bodies), "some products refuse other fields"
    return [html.unescape(body["text"]) for body in bodies]


def test_a_room_reads_one_plain_text_with_the_facts_of_the_mail(
    operator: User, now: datetime, hook: Hook, room: Endpoint, settings: Settings
) -> None:
    made = declare(operator, now, public_title="Vaults cannot be opened")
    assert send.work().sent == 1
    (text,) = read(hook)
    lines = text.splitlines()
    assert lines[:2] == ["[Investigating] Vaults cannot be opened", "Key Vault in West Europe"]
    assert lines[2].startswith("Since: ")
    assert any(line.startswith("- ") and "Key Vault in West Europe" in line for line in lines)
    assert "For you." in lines
    assert (
        "Why this is here: At least one of your subscriptions runs in a place that is named" in text
    )
    assert "its text is not published. Please treat it as confidential." in text
    assert "ask whoever runs Cloud Status." in text
    assert lines[-1] == f"Ref. {made.tracking_id}/1"
    assert re.findall(r"https?://\S+", text) == [
        f"{settings.BASE_URL}/service-health/events/{made.tracking_id}/"
    ], "the entry is not public, and nobody may silence a room by a link"
    headers = hook.requests[0][0]
    assert headers["Content-Type"] == "application/json"
    assert not any(name.lower().startswith("webhook-") for name in headers)


def test_the_entry_is_linked_once_the_world_may_read_it(
    operator: User, now: datetime, hook: Hook, room: Endpoint, settings: Settings
) -> None:
    made = declare(operator, now)
    send.work()
    Incident.objects.filter(pk=made.pk).update(published_at=now)
    update(made, operator, now, "More.")
    send.work()
    link = f"{settings.BASE_URL}/status/history/{made.tracking_id}/"
    assert [link in text for text in read(hook)] == [False, True]


@pytest.mark.parametrize(
    "text",
    [
        "@channel", "@here wake up", "all of _@here_", ".@all", "@@everyone", "<!channel>", "<!here|here>",
        "<@U123>", "<users/all>", "<https://evil.example/|our page>", "&lt;!channel&gt;", "x@all", "@all.",
    ],
)  # fmt: skip
def test_no_text_calls_anybody_or_hides_where_a_link_leads(text: str) -> None:
    made = chat_text.safe(text)
    assert "<" not in made
    assert ">" not in made
    assert not any(f"@{name}" in made for name in ("channel", "here", "all", "everyone", "U123"))
    assert html.unescape(made).replace("\N{ZERO WIDTH SPACE}", "") == text


def test_an_address_in_a_text_can_still_be_copied() -> None:
    assert chat_text.safe("Write to ops@example.com.") == "Write to ops@example.com."


def test_a_title_calls_nobody_either(
    operator: User, now: datetime, hook: Hook, room: Endpoint
) -> None:
    declare(operator, now, public_title="<!channel> @here & more")
    send.work()
    raw = json.loads(hook.requests[0][1])["text"]
    assert "&lt;!channel&gt; @\N{ZERO WIDTH SPACE}here &amp; more" in raw


def test_the_longest_text_is_cut_below_the_smallest_limit(
    operator: User, now: datetime, hook: Hook, room: Endpoint
) -> None:
    made = declare(operator, now, text="<&>" * 3000)
    send.work()
    raw = json.loads(hook.requests[0][1])["text"]
    assert len(raw) <= chat_text.LONGEST
    assert "&lt;&amp;" in raw
    assert " …\n" in raw
    assert raw.endswith(f"Ref. {made.tracking_id}/1")


def test_a_drill_says_so_and_stays_inside_unless_the_room_is_named(
    operator: User, now: datetime, hook: Hook, room: Endpoint, settings: Settings
) -> None:
    declare(operator, now, drill=True)
    assert send.work().skipped == 1
    assert hook.requests == []
    settings.DRILL_RECEIVERS = [hook.url.rpartition("/")[0]]
    declare(operator, now, drill=True)
    assert send.work().sent == 1
    (text,) = read(hook)
    assert text.startswith("[Drill] [Investigating]")
    assert "THIS IS A DRILL." in text


def test_beyond_the_hours_limit_a_room_gets_one_digest(
    operator: User, now: datetime, hook: Hook, room: Endpoint, settings: Settings
) -> None:
    settings.HOURLY_LIMIT, settings.UPDATE_INTERVAL = 3, 0
    made = [declare(operator, now, public_title=title) for title in ("Red", "Green", "Blue")]
    send.work()
    for incident in made:
        update(incident, operator, now, f"We know why {incident.public_title} fails.")
    assert send.work().held == 3
    Delivery.objects.filter(state=State.SENT).update(sent_at=now)
    Delivery.objects.filter(state=State.PENDING).update(next_attempt_at=now)
    assert send.work().sent == 1
    *_, digest = read(hook)
    assert "2 more updates: They were kept back" in digest
    assert "at most 3 messages an hour reach this room" in digest
    places = [digest.index(f"We know why {title} fails.") for title in ("Blue", "Red", "Green")]
    assert places == sorted(places), "the newest first, then the others in their order"
    assert all(f"Ref. {incident.tracking_id}/2" in digest for incident in made)


def test_the_last_message_of_the_hour_says_that_the_limit_is_reached(
    operator: User, now: datetime, hook: Hook, room: Endpoint, settings: Settings
) -> None:
    settings.HOURLY_LIMIT, settings.UPDATE_INTERVAL = 2, 0
    made = declare(operator, now)
    send.work()
    update(made, operator, now, "More.")
    send.work()
    assert ["which is the limit" in text for text in read(hook)] == [False, True]


def test_a_digest_of_very_many_counts_what_it_has_no_room_for(
    operator: User, now: datetime
) -> None:
    made = declare(operator, now, text="x" * 5000)
    one = Delivery(
        incident=made, communication=last(made), endpoint=Endpoint(), audience="targeted",
        relevance="related", reason="default-contact",
    )  # fmt: skip
    one.digest_items = [one] * 200
    text = json.loads(chat_renderer.ChatRenderer().compose(one).event)["text"]
    assert len(text) <= chat_text.LONGEST
    assert "older ones." in text


@pytest.mark.parametrize("status", [404, 410])
def test_a_room_that_was_removed_is_suppressed(
    operator: User, now: datetime, hook: Hook, room: Endpoint, status: int
) -> None:
    hook.status = status
    declare(operator, now)
    assert send.work().failed == 1
    room.refresh_from_db()
    assert room.suppressed_because == f"answered {status}: gone for good"


def test_a_room_that_asks_to_slow_down_waits_alone(
    operator: User, now: datetime, hook: Hook, room: Endpoint, other: Hook
) -> None:
    hook.status, hook.headers = 429, {"Retry-After": "120"}
    for number in range(6):
        declare(operator, now, public_title=f"Incident {number}")
    tally = send.work()
    assert (tally.sent, tally.waiting) == (6, 6)
    assert len(other.requests) == 6
    assert not Breaker.objects.filter(failures__gt=0).exists()
    waits = Delivery.objects.filter(endpoint=room).values_list("next_attempt_at", "created_at")
    assert all(due - planned >= timedelta(seconds=120) for due, planned in waits)
    hook.status = 200
    Delivery.objects.filter(endpoint=room).update(next_attempt_at=now)
    assert send.work().sent == 6


class Impatient(Chat):
    seconds = 0.3


def test_a_room_that_does_not_answer_holds_up_no_other_and_loses_nothing(
    operator: User, now: datetime, hook: Hook, room: Endpoint, other: Hook
) -> None:
    hook.silent = 1.0
    declare(operator, now)
    tally = send.work(transports={"chat": Impatient()})
    assert (tally.sent, tally.waiting, len(other.requests)) == (1, 1, 1)
    assert Attempt.objects.get(result="temporary").detail == "took too long"
    hook.silent = 0.0
    Delivery.objects.filter(endpoint=room).update(next_attempt_at=now)
    assert send.work().sent == 1
    first, again = read(hook)
    assert first == again, "a repeat reads alike, its reference included"


def test_rooms_are_woken_by_the_sweep_and_served_without_any_broker(
    operator: User, now: datetime, hook: Hook, room: Endpoint
) -> None:
    declare(operator, now)
    assert claims.anything_due(channel="chat")
    assert not claims.anything_due(channel="webhook")
    tasks.send_due(channel="chat")
    assert len(hook.requests) == 1
    declare(operator, now)
    assert without_broker.run_once(now=now, grace=timedelta(0)).sent == 1
    assert len(hook.requests) == 2


def test_a_failed_room_is_tried_again_like_any_other_address(
    operator: User, now: datetime, hook: Hook, room: Endpoint
) -> None:
    hook.status = 400
    made = declare(operator, now)
    Delivery.objects.update(created_at=now - timedelta(days=999))
    assert send.work().failed == 1
    hook.status = 200
    assert retry.retry(incident_id=made.pk, now=now, actor=operator) == 1
    assert send.work().sent == 1


def test_an_erased_room_leaves_a_mark_and_its_counts(
    operator: User, now: datetime, hook: Hook, room: Endpoint
) -> None:
    declare(operator, now)
    send.work()
    erasure.erase(erasure.plan_address(hook.url), reason="ticket 1", now=now, actor=operator)
    room.refresh_from_db()
    assert (room.host, room.label.startswith("erased-")) == ("erased", True)
    assert Delivery.objects.get().state == State.SENT
    assert delivery_lookup.look_up(hook.url).problem


def test_a_room_without_a_host_is_no_room(now: datetime) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        endpoint("https://chat.example.com/x", channel="chat")


def form(**values: str) -> dict[str, str]:
    plain = {"channel": "chat", "language": "en", "time_zone": "UTC"}
    return plain | {"topics-TOTAL_FORMS": "0", "topics-INITIAL_FORMS": "0"} | values


def test_a_room_is_added_in_the_admin_and_tried_with_a_test_message(
    client: Client, operator: User, hook: Hook
) -> None:
    client.force_login(operator)
    url = "/admin/notifications/endpoint/"
    refused = client.post(f"{url}add/", form(address="https://10.0.0.1/services/x"))
    assert "its host is not found or not public" in refused.content.decode()
    assert client.post(f"{url}add/", form(address=hook.url)).status_code == 302
    made = Endpoint.objects.get()
    assert (made.channel, made.host, made.secret) == ("chat", "127.0.0.1", "")

    chosen = {"action": "send_test_messages", "_selected_action": str(made.pk)}
    page = client.post(url, chosen, follow=True).content.decode()
    assert "the test message was taken: answered 204." in page
    (text,) = read(hook)
    assert text.startswith("Test message of Cloud Status, ")

    hook.status = 404
    page = client.post(url, chosen, follow=True).content.decode()
    assert "not taken: answered 404: gone for good." in page
    made.refresh_from_db()
    assert made.suppressed_at is None, "a test counts for nothing"


@pytest.mark.parametrize(
    ("channel", "format"),
    [(each, one.name) for each in ("chat", "webhook") for one in endpoints.formats(each)],
)
def test_every_format_is_tried_before_an_endpoint_is_saved(
    client: Client, operator: User, hook: Hook, channel: str, format: str
) -> None:
    client.force_login(operator)
    room = "/_matrix/client/v3/rooms/!abc:example.org?access_token=sesame"
    address = {
        "matrix": hook.url.removesuffix("/hook") + room,
        "pagerduty": f"{hook.url}?routing_key={'a' * 32}",
        "opsgenie": f"{hook.url}?api_key={'a' * 36}",
    }.get(format, hook.url)
    typed = form(
        channel=channel,
        format=format,
        address=address,
        name="Night shift",
        try_first="on",
    )
    page = client.post("/admin/notifications/endpoint/add/", typed).content.decode()
    assert "The test message was taken: answered 204. Nothing is saved yet." in page
    assert "Night shift" in page
    assert len(hook.requests) == 1
    assert not Endpoint.objects.exists()


def test_a_webhook_is_tried_with_a_signed_event(
    client: Client, operator: User, now: datetime, hook: Hook
) -> None:
    made, _ = endpoints.create(channel="webhook", address=hook.url, tenant=None, now=now)
    client.force_login(operator)
    chosen = {"action": "send_test_messages", "_selected_action": str(made.pk)}
    client.post("/admin/notifications/endpoint/", chosen)
    ((headers, body),) = hook.requests
    assert json.loads(body)["type"] == "test"
    assert headers["webhook-signature"].startswith("v1,")
