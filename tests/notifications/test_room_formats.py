"""A format per room: what each product is sent, checked by schemas and models that we did not write."""

from __future__ import annotations

import html
import json
from dataclasses import replace
from datetime import datetime
from importlib.resources import files
from typing import Any

import pytest
from discord_webhook import DiscordEmbed, DiscordWebhook
from django.contrib.auth.models import User
from google.apps.card_v1 import Card
from jsonschema import Draft6Validator
from nio.events.room_events import RoomMessage, RoomMessageNotice
from nio.schemas import Schemas, validate_json
from slack_sdk.models.attachments import Attachment, BlockAttachment
from slack_sdk.models.blocks import Block
from slack_sdk.webhook import WebhookClient

from incidents.services import incident as incident_service
from incidents.services.inputs import Statement
from notifications.channels import endpoints, test_messages
from notifications.channels.chat.formats.google_chat import NO_TAGS
from notifications.channels.chat.formats.registry import BY_NAME, FORMATS
from notifications.channels.chat.post import SIGNS, Post, Update
from notifications.delivery import plan, send
from notifications.models import Delivery
from notifications.vocabulary.addresses import AddressError
from tests.conftest import declaration, hit
from tests.notifications.cast import last, tenant
from tests.notifications.rooms import Hook

pytestmark = pytest.mark.usefixtures("catalogue")

WEST = ("key-vault", "west-europe")
EVIL = (
    "<!channel> @everyone [our page](https://evil.example) <users/all> **x** _y_ & \N{PILE OF POO}"
)


def post(**more: Any) -> Post:
    values: dict[str, Any] = {
        "site": "Cloud Status",
        "looks": "critical",
        "state": "Failing · Investigating",
        "headline": "[Investigating] Vaults cannot be opened",
        "title": "Vaults cannot be opened",
        "places": ["Key Vault in West Europe"],
        "times": ["Since: 09:00 UTC on 1 March 2026"],
        "yours": ["1 of your 2 subscriptions is impacted.", "- vault-1: Key Vault in West Europe"],
        "text": "Requests fail.\n\nKeep cached secrets.",
        "link": "https://status.example.com/status/history/ABCD-123/",
        "link_words": "Read the public entry",
        "notes": ["Why this is here: a rule."],
        "ref": "Ref. ABCD-123/1",
        "thread": "ABCD-123",
    }
    return Post(**(values | more))


LONG = post(
    headline="x" * 250,
    text="y" * 40_000,
    places=["p" * 400] * 5,
    yours=["z" * 300] * 8,
    notes=["n" * 800] * 4,
    items_head="2 more updates",
    items=[Update("h" * 200, "", "t" * 5000, "Ref. ABCD-123/1")] * 200,
)
POSTS = [post(), post(headline=EVIL, text=EVIL, places=[EVIL], yours=[EVIL]), post(link=""), LONG]


def body(name: str, of: Post) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(json.dumps(BY_NAME[name].body(of)))
    return made


@pytest.mark.parametrize("of", POSTS)
def test_slacks_sdk_takes_every_block(of: Post) -> None:
    made = body("slack", of)
    (attachment,) = made["attachments"]
    blocks = Block.parse_all(attachment["blocks"])
    for block in blocks:
        block.validate_json()
    BlockAttachment(blocks=blocks, color=attachment["color"]).validate_json()
    assert len(blocks) <= 50
    assert set(made) <= {"text", "attachments"}
    assert WebhookClient("https://hooks.slack.com/x").url  # takes the same two fields


@pytest.mark.parametrize("of", POSTS)
def test_an_adaptive_card_is_valid_by_the_official_schema(of: Post) -> None:
    made = body("teams", of)
    (attachment,) = made["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    card = attachment["content"]
    assert card.pop("msteams") == {"width": "Full"}, (
        "an extension of Teams, which its schema does not know"
    )
    schema = json.loads(
        (files("adaptive_cards") / f"schemas/schema-{card['version']}.json").read_text()
    )
    Draft6Validator(schema).validate(card)
    assert len(json.dumps(made).encode()) <= 28 * 1024


@pytest.mark.parametrize("of", POSTS)
def test_a_discord_embed_keeps_to_the_limits_of_the_service(of: Post) -> None:
    made = body("discord", of)
    (embed,) = made["embeds"]
    theirs = DiscordWebhook("https://discord.com/api/webhooks/1/x", username=made["username"])
    read = DiscordEmbed(
        title=embed["title"], description=embed["description"], color=embed["color"],
        fields=embed["fields"], footer=embed["footer"], url=embed.get("url"), author=embed["author"],
    )  # fmt: skip
    theirs.add_embed(read)
    theirs.allowed_mentions = made["allowed_mentions"]
    said = theirs.json
    assert {k: v for k, v in said["embeds"][0].items() if k in embed} == embed
    limits = {"title": 256, "description": 4096}
    assert all(len(embed[name]) <= most for name, most in limits.items())
    assert all(len(f["name"]) <= 256 and len(f["value"]) <= 1024 for f in embed["fields"])
    assert len(embed["footer"]["text"]) <= 2048
    total = sum(len(embed[n]) for n in limits) + sum(
        len(f["name"]) + len(f["value"]) for f in embed["fields"]
    )
    assert total + len(embed["footer"]["text"]) + len(embed["author"]["name"]) <= 6000
    assert made["allowed_mentions"] == {"parse": []}, "nobody is called"


@pytest.mark.parametrize("of", POSTS)
def test_a_card_of_google_chat_is_read_by_googles_own_types(of: Post) -> None:
    made = body("google-chat", of)
    (holder,) = made["cardsV2"]
    assert set(made) == {"cardsV2", "fallbackText", "thread"}
    assert set(holder) == {"cardId", "card"}
    read = Card.from_json(json.dumps(holder["card"]))  # refuses a field that it does not know
    assert read.header.title == of.headline.translate(NO_TAGS)
    assert len(read.sections) == (4 if of.yours else 3)
    assert len(json.dumps(made).encode()) <= 32_000


@pytest.mark.parametrize("of", POSTS)
def test_a_client_of_matrix_reads_the_event(of: Post) -> None:
    content = body("matrix", of)
    event = {
        "content": content,
        "event_id": "$1",
        "sender": "@status:example.org",
        "origin_server_ts": 1,
        "type": "m.room.message",
    }
    validate_json(event, Schemas.room_message_notice)
    read = RoomMessage.parse_event(event)
    assert isinstance(read, RoomMessageNotice)
    assert read.formatted_body == content["formatted_body"]
    assert len(json.dumps(event).encode()) <= 65_536, "the longest event that servers take"


@pytest.mark.parametrize("name", ["mattermost", "rocket-chat"])
@pytest.mark.parametrize("of", POSTS)
def test_an_attachment_is_one_as_slack_once_had_them(of: Post, name: str) -> None:
    made = body(name, of)
    (attachment,) = made["attachments"]
    theirs = Attachment(**attachment)
    theirs.validate_json()
    assert theirs.to_dict().items() >= attachment.items()


@pytest.mark.parametrize("name", [each.offered.name for each in FORMATS])
def test_no_format_lets_a_text_call_anybody_or_hide_where_a_link_leads(name: str) -> None:
    made = json.dumps(body(name, POSTS[1]), ensure_ascii=False)
    if name in ("slack", "text", "google-chat"):
        assert "<!channel>" not in made
        assert "<users/all>" not in made
    if name in ("mattermost", "rocket-chat", "discord"):
        assert "[our page](https" not in made, "its Markdown is read as it is written"
    if name in ("text", "slack", "mattermost", "rocket-chat"):
        assert "@everyone" not in made


def test_the_state_is_a_colour_and_a_sign_everywhere() -> None:
    for looks, sign in SIGNS.items():
        of = post(looks=looks)
        for each in FORMATS[1:]:
            made = json.dumps(body(each.offered.name, of), ensure_ascii=False)
            assert sign in made, each.offered.name
            assert of.colour in made or str(int(of.colour[1:], 16)) in made or "style" in made


def test_a_room_of_matrix_is_written_to_once_whatever_is_repeated(
    operator: User, now: datetime, hook: Hook
) -> None:
    base = hook.url.removesuffix("/hook") + "/_matrix/client/v3/rooms/!abc:example.org"
    owner = tenant("here", WEST, contact=False)
    owner.contact, _ = endpoints.create(
        channel="chat",
        address=f"{base}?access_token=sesame",
        tenant=owner,
        now=now,
        format="matrix",
    )
    owner.save()
    declare(operator, now)
    assert send.work().sent == 1
    ((headers, said),) = hook.requests
    id = Delivery.objects.get().uuid
    assert hook.paths == [f"/_matrix/client/v3/rooms/!abc:example.org/send/m.room.message/{id}"]
    assert headers["Authorization"] == "Bearer sesame"
    content = json.loads(said)
    assert content["msgtype"] == "m.notice"
    assert content["m.mentions"] == {}
    assert "For you." in html.unescape(content["formatted_body"])


def test_google_chat_keeps_an_incident_in_one_thread(
    operator: User, now: datetime, hook: Hook
) -> None:
    owner = tenant("here", WEST, contact=False)
    owner.contact, _ = endpoints.create(
        channel="chat",
        address=f"{hook.url}?key=1&token=2",
        tenant=owner,
        now=now,
        format="google-chat",
    )
    owner.save()
    made = declare(operator, now)
    send.work()
    incident_service.post_update(
        incident_id=made.pk,
        stage="identified",
        statement=Statement("", "More."),
        now=now,
        actor=operator,
    )
    plan.plan(communication_id=last(made).pk, now=now)
    send.work()
    threads = [json.loads(said)["thread"]["threadKey"] for _, said in hook.requests]
    assert threads == [made.tracking_id] * 2
    assert all(
        path.endswith("?key=1&token=2&messageReplyOption=REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD")
        for path in hook.paths
    )


def declare(operator: User, now: datetime) -> Any:
    made = incident_service.declare(
        declaration=declaration(hit(*WEST), statement=Statement("", "For you.")),
        now=now,
        actor=operator,
    )
    plan.plan(communication_id=last(made).pk, now=now)
    return made


def test_an_address_that_is_no_room_of_matrix_is_refused_with_the_form_it_has(
    now: datetime,
) -> None:
    with pytest.raises(AddressError, match="is no room of Matrix; type https://SERVER/_matrix"):
        endpoints.check("chat", "https://example.com/x", "matrix")


@pytest.mark.parametrize(
    ("channel", "format"),
    [
        ("chat", "matrix"),
        ("webhook", "pagerduty"),
        ("webhook", "native"),
        ("apprise", ""),
        ("push", ""),
    ],
)
def test_an_address_that_cannot_be_read_is_refused_and_breaks_nothing(
    channel: str, format: str
) -> None:
    with pytest.raises(AddressError):
        endpoints.check(channel, "https://[x/?access_token=1", format)


@pytest.mark.parametrize("name", [each.offered.name for each in FORMATS])
def test_a_test_message_reads_like_the_others(name: str, now: datetime, hook: Hook) -> None:
    address = hook.url
    if name == "matrix":
        address = address.removesuffix("/hook") + "/_matrix/client/v3/rooms/!a:b?access_token=t"
    made, _ = endpoints.create(channel="chat", address=address, tenant=None, now=now, format=name)
    taken, answer = test_messages.send_test_message(made, now=now)
    assert taken, answer
    assert "Test message of Cloud Status" in hook.requests[0][1].decode()


def test_what_is_told_along_stands_beneath_the_text() -> None:
    of = replace(
        post(),
        items_head="1 more update",
        items=[Update("[Identified] Green", "", "We know.", "Ref. B/2")],
    )
    for each in FORMATS:
        made = json.dumps(body(each.offered.name, of), ensure_ascii=False).replace("\\", "")
        assert "We know." in made, each.offered.name
