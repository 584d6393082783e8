"""The registry of formats for rooms: how a message is written, and how it is posted."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs, urlencode

from notifications.channels.base import Format, Message
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
from notifications.vocabulary.addresses import AddressError, parts_of

MATRIX = "https://SERVER/_matrix/client/v3/rooms/ROOM?access_token=TOKEN"
_ROOM = re.compile(r"/_matrix/client/v3/rooms/[^/]+")


@dataclass(frozen=True, slots=True)
class RoomMessage(Message):
    """`id_of`: reads from an answer by what id later messages of the incident refer to this one, where they do.
    `instead`: the same outside of the thread, if that is gone. `edit`: of the first message of the incident, so that
    it says how things stand; tried once."""

    id_of: Callable[[Mapping[str, Any]], str] | None = None
    instead: RoomMessage | None = None
    edit: Message | None = None


def _plain(id: str, address: str, body: Mapping[str, Any], _: str) -> Message:
    return Message(id=id, to=address, event=as_json(body))


@dataclass(frozen=True, slots=True)
class RoomFormat:
    """`body`: pure, the same for every room that reads it. `message`: that body to one room, by the message's id, the
    room's address and the id of the first message of the incident there, if it has one (`threads`)."""

    offered: Format
    body: Callable[[Post], Mapping[str, Any]]
    message: Callable[[str, str, Mapping[str, Any], str], Message] = _plain
    threads: bool = False


def as_json(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False).encode()


def _to_google_chat(id: str, address: str, body: Mapping[str, Any], first: str) -> Message:
    return _plain(id, google_chat.address(address), body, first)


def _matrix_address(typed: str) -> str:
    """The token stands in the query, so that the address as a whole is the secret, as every room's is."""
    parts = parts_of(typed.strip())
    if not _ROOM.fullmatch(parts.path) or len(parse_qs(parts.query).get("access_token", [])) != 1:
        raise AddressError(f"is no room of Matrix; type {MATRIX}.")
    return typed.strip()


def _to_matrix(id: str, address: str, body: Mapping[str, Any], first: str) -> Message:
    base, _, query = address.partition("?")
    (token,) = parse_qs(query)["access_token"]
    alone = RoomMessage(
        id=id,
        to=f"{base}/send/m.room.message/{id}",
        headers={"Authorization": f"Bearer {token}"},
        method="PUT",
        event=as_json(body),
        id_of=matrix.event_id,
    )
    if not first:
        return alone
    # Another transaction: a server may remember what it said to this one.
    return replace(
        alone,
        event=as_json(matrix.in_thread(body, first)),
        id_of=None,
        instead=replace(alone, to=f"{alone.to}-alone"),
    )


def _to_discord(id: str, address: str, body: Mapping[str, Any], first: str) -> Message:
    new = RoomMessage(
        id=id, to=_with(address, wait="true"), event=as_json(body), id_of=discord.message_id
    )
    return replace(new, id_of=None, edit=_edit(id, address, body, first)) if first else new


def _to_forum(id: str, address: str, body: Mapping[str, Any], first: str) -> Message:
    new = RoomMessage(
        id=id, to=_with(address, wait="true"), event=as_json(body), id_of=discord.thread_id
    )
    if not first:
        return new
    return replace(
        new,
        to=_with(address, wait="true", thread_id=first),
        event=as_json(discord.in_thread(body)),
        id_of=None,
        instead=new,
        edit=_edit(id, _with(address, thread_id=first), body, first),
    )


def _edit(id: str, address: str, body: Mapping[str, Any], first: str) -> Message:
    base, mark, query = address.partition("?")
    content = as_json(discord.edited(body))
    return Message(id=id, to=f"{base}/messages/{first}{mark}{query}", method="PATCH", event=content)


def _with(address: str, **query: str) -> str:
    return f"{address}{'&' if '?' in address else '?'}{urlencode(query)}"


FORMATS: Sequence[RoomFormat] = (
    RoomFormat(Format("text", "Plain text, as nearly every product takes it"), text.body),
    RoomFormat(Format("slack", "Slack"), slack.body),
    RoomFormat(Format("teams", "Microsoft Teams"), teams.body),
    RoomFormat(Format("discord", "Discord"), discord.body, _to_discord, threads=True),
    RoomFormat(
        Format("discord-forum", "Discord, a forum: a thread an incident"),
        discord.forum,
        _to_forum,
        threads=True,
    ),
    RoomFormat(Format("google-chat", "Google Chat"), google_chat.body, _to_google_chat),
    RoomFormat(Format("mattermost", "Mattermost"), attachment.body),
    RoomFormat(Format("rocket-chat", "Rocket.Chat"), attachment.body),
    RoomFormat(Format("matrix", "Matrix", _matrix_address), matrix.body, _to_matrix, threads=True),
)
BY_NAME: Mapping[str, RoomFormat] = {each.offered.name: each for each in FORMATS}


def format_of(name: str) -> RoomFormat:
    """The format that an endpoint keeps; the first where it keeps none."""
    return BY_NAME[name] if name else FORMATS[0]
