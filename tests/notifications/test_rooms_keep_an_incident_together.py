"""One incident is one thread, or one message that is kept up to date, where the room's product allows it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import User
from nio.events.room_events import RoomMessage
from nio.schemas import Schemas, validate_json

from incidents.models import Incident
from incidents.services import incident as incident_service
from incidents.services.inputs import Statement
from notifications.channels import endpoints
from notifications.delivery import plan, send
from notifications.models import Attempt, Delivery, Endpoint
from tests.conftest import declaration, hit
from tests.notifications.cast import tenant
from tests.notifications.rooms import Hook

pytestmark = pytest.mark.usefixtures("catalogue")

WEST = ("key-vault", "west-europe")


@dataclass
class Discord:
    """As its documentation of webhooks has it (Execute Webhook, Edit Webhook Message)."""

    forum: bool = False
    channels: dict[str, dict[str, Any]] = field(default_factory=lambda: {"1": {}})
    last: int = 1000

    def __call__(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        parts, said = urlsplit(path), json.loads(body)
        query = parse_qs(parts.query)
        channel = query.get("thread_id", ["1"])[0]
        if channel not in self.channels:
            return 404, b'{"message": "Unknown Channel", "code": 10003}'
        messages = self.channels[channel]
        if method == "PATCH":
            id = parts.path.rpartition("/messages/")[2]
            if id not in messages:
                return 404, b'{"message": "Unknown Message", "code": 10008}'
            messages[id] |= said
            return 200, json.dumps({"id": id, "channel_id": channel}).encode()
        if self.forum and ("thread_name" in said) == ("thread_id" in query):
            return 400, b'{"code": 220001}'
        if not self.forum and "thread_name" in said:
            return 400, b'{"code": 220003}'
        self.last += 1
        id = str(self.last)
        if "thread_name" in said:
            channel = id
            messages = self.channels[id] = {}
        messages[id] = said
        if query.get("wait") != ["true"]:
            return 204, b""
        return 200, json.dumps({"id": id, "channel_id": channel, "type": 0}).encode()


@dataclass
class Matrix:
    """As the client-server API has it (sending events, threading)."""

    events: dict[str, dict[str, Any]] = field(default_factory=dict)
    by_transaction: dict[str, str] = field(default_factory=dict)

    def __call__(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        assert method == "PUT"
        content, transaction = json.loads(body), path.rpartition("/")[2]
        relation = content.get("m.relates_to")
        if relation:
            root = self.events.get(relation["event_id"])
            if root is None or "m.relates_to" in root:
                return (
                    400,
                    b'{"errcode": "M_UNKNOWN", "error": "Cannot start threads from an event"}',
                )
        id = self.by_transaction.setdefault(transaction, f"$event-{len(self.events)}:example.org")
        self.events[id] = content
        return 200, json.dumps({"event_id": id}).encode()


@dataclass
class Life:
    operator: User
    now: datetime
    incident: Incident

    def goes_on(self, stage: str, text: str) -> None:
        incident_service.post_update(
            incident_id=self.incident.pk,
            stage=stage,
            statement=Statement("", text),
            now=self.now,
            actor=self.operator,
        )
        plan.plan_due(now=self.now)
        send.work()


def begin(format: str, address: str, operator: User, now: datetime) -> Life:
    owner = tenant("here", WEST, contact=False)
    owner.contact, _ = endpoints.create(
        channel="chat", address=address, tenant=owner, now=now, format=format
    )
    owner.save()
    made = incident_service.declare(
        declaration=declaration(hit(*WEST), statement=Statement("", "We look into it.")),
        now=now,
        actor=operator,
    )
    plan.plan_due(now=now)
    send.work()
    return Life(operator, now, made)


def all_sent() -> bool:
    return set(Delivery.objects.values_list("state", flat=True)) == {"sent"}


def texts(messages: dict[str, dict[str, Any]]) -> list[str]:
    return [each["embeds"][0]["description"] for each in messages.values()]


def test_in_discord_each_statement_is_a_post_and_the_first_one_says_how_things_stand(
    operator: User, now: datetime, hook: Hook
) -> None:
    hook.answers = discord = Discord()
    life = begin("discord", hook.url, operator, now)
    life.goes_on("identified", "A disk is full.")
    life.goes_on("mitigated", "It works again.")
    assert all_sent()
    assert texts(discord.channels["1"]) == ["It works again.", "A disk is full.", "It works again."]
    first, _, end = discord.channels["1"].values()
    assert first["embeds"][0]["color"] == end["embeds"][0]["color"], "of what is over"
    assert first["allowed_mentions"] == {"parse": []}


def test_in_a_forum_of_discord_an_incident_is_a_thread(
    operator: User, now: datetime, hook: Hook
) -> None:
    hook.answers = discord = Discord(forum=True)
    life = begin("discord-forum", hook.url, operator, now)
    life.goes_on("identified", "A disk is full.")
    assert all_sent()
    (thread,) = set(discord.channels) - {"1"}
    assert texts(discord.channels[thread]) == ["A disk is full.", "A disk is full."]
    assert discord.channels[thread][thread]["thread_name"] == life.incident.public_title
    assert not discord.channels["1"]


def test_a_thread_that_was_deleted_silences_no_room(
    operator: User, now: datetime, hook: Hook
) -> None:
    hook.answers = discord = Discord(forum=True)
    life = begin("discord-forum", hook.url, operator, now)
    (thread,) = set(discord.channels) - {"1"}
    del discord.channels[thread]
    life.goes_on("identified", "A disk is full.")
    life.goes_on("mitigated", "It works again.")
    assert all_sent()
    assert Endpoint.objects.get().suppressed_at is None
    (another,) = set(discord.channels) - {"1"}
    assert texts(discord.channels[another]) == ["It works again.", "It works again."]


def test_in_matrix_an_incident_is_a_thread_of_its_first_message(
    operator: User, now: datetime, hook: Hook
) -> None:
    hook.answers = matrix = Matrix()
    room = "/_matrix/client/v3/rooms/!a:b?access_token=t"
    life = begin("matrix", hook.url.replace("/hook", room), operator, now)
    life.goes_on("identified", "A disk is full.")
    life.goes_on("mitigated", "It works again.")
    assert all_sent()
    root, *answers = matrix.events
    assert [matrix.events[each]["m.relates_to"] for each in answers] == [
        {
            "rel_type": "m.thread",
            "event_id": root,
            "is_falling_back": True,
            "m.in_reply_to": {"event_id": root},
        }
    ] * 2
    for id, content in matrix.events.items():
        event = {
            "content": content, "event_id": id, "sender": "@status:example.org",
            "origin_server_ts": 1, "type": "m.room.message",
        }  # fmt: skip
        validate_json(event, Schemas.room_message_notice)
        assert RoomMessage.parse_event(event)


def test_a_room_of_matrix_that_moved_begins_another_thread(
    operator: User, now: datetime, hook: Hook
) -> None:
    hook.answers = matrix = Matrix()
    room = "/_matrix/client/v3/rooms/!a:b?access_token=t"
    life = begin("matrix", hook.url.replace("/hook", room), operator, now)
    matrix.events.clear()
    life.goes_on("identified", "A disk is full.")
    life.goes_on("mitigated", "It works again.")
    assert all_sent()
    first, second = matrix.events.values()
    assert "m.relates_to" not in first
    assert second["m.relates_to"]["event_id"] == next(iter(matrix.events))


@pytest.mark.parametrize(
    "answer", [b"", b"<html>", b"[]", b'{"id": null}', b'{"id": "1' + b"x" * 70_000]
)
def test_an_answer_without_an_id_is_an_answer_all_the_same(
    answer: bytes, operator: User, now: datetime, hook: Hook
) -> None:
    hook.answers = lambda *_: (200, answer)
    life = begin("discord", hook.url, operator, now)
    life.goes_on("identified", "A disk is full.")
    assert all_sent()
    assert not any("messages" in path for path in hook.paths)
    assert {re.sub(r"\D", "", each.detail) for each in Attempt.objects.all()} == {"200"}
