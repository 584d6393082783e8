"""The registry of formats for rooms: how a message is written, and how it is posted."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from notifications.channels.base import Format
from notifications.channels.chat.formats import (
    attachment,
    discord,
    google_chat,
    matrix,
    slack,
    teams,
    text,
)
from notifications.channels.chat.post import Post
from notifications.vocabulary.addresses import AddressError

MATRIX = "https://SERVER/_matrix/client/v3/rooms/ROOM?access_token=TOKEN"
_ROOM = re.compile(r"/_matrix/client/v3/rooms/[^/]+")


@dataclass(frozen=True, slots=True)
class Request:
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    method: str = "POST"


def _plain(address: str, _: str) -> Request:
    return Request(address)


@dataclass(frozen=True, slots=True)
class RoomFormat:
    """`body`: pure, the same for every room that reads it. `request`: where it goes, by address and message id."""

    offered: Format
    body: Callable[[Post], Mapping[str, Any]]
    request: Callable[[str, str], Request] = _plain


def as_json(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False).encode()


def _to_google_chat(address: str, _: str) -> Request:
    return Request(google_chat.address(address))


def _matrix_address(typed: str) -> str:
    """The token stands in the query, so that the address as a whole is the secret, as every room's is."""
    parts = urlsplit(typed.strip())
    if not _ROOM.fullmatch(parts.path) or len(parse_qs(parts.query).get("access_token", [])) != 1:
        raise AddressError(f"is no room of Matrix; type {MATRIX}.")
    return typed.strip()


def _to_matrix(address: str, message_id: str) -> Request:
    base, _, query = address.partition("?")
    (token,) = parse_qs(query)["access_token"]
    url = f"{base}/send/m.room.message/{message_id}"
    return Request(url, {"Authorization": f"Bearer {token}"}, "PUT")


FORMATS: Sequence[RoomFormat] = (
    RoomFormat(Format("text", "Plain text, as nearly every product takes it"), text.body),
    RoomFormat(Format("slack", "Slack"), slack.body),
    RoomFormat(Format("teams", "Microsoft Teams"), teams.body),
    RoomFormat(Format("discord", "Discord"), discord.body),
    RoomFormat(Format("google-chat", "Google Chat"), google_chat.body, _to_google_chat),
    RoomFormat(Format("mattermost", "Mattermost"), attachment.body),
    RoomFormat(Format("rocket-chat", "Rocket.Chat"), attachment.body),
    RoomFormat(Format("matrix", "Matrix", _matrix_address), matrix.body, _to_matrix),
)
BY_NAME: Mapping[str, RoomFormat] = {each.offered.name: each for each in FORMATS}


def format_of(name: str) -> RoomFormat:
    """The format that an endpoint keeps; the first where it keeps none."""
    return BY_NAME[name] if name else FORMATS[0]
