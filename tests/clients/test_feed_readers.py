"""Feed readers that others wrote: what each says is on now, in a region that is hit and for a cell that is fine."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import atoma
import fastfeedparser
import feedparser
import feedparser_rs
import pytest
from reader import make_reader
from rss_parser import AtomParser, RSSParser

from tests.clients.conftest import got

SAID = "Identified: Key Vault requests fail"
BROKEN = f"Key Vault - West Europe, East US - {SAID}"
WORKS = "Storage - North Europe - In progress: Disks, replaced"
NOW, EAST = "/status/feed/", "/status/feed/?region=east-us"
STORAGE = "/status/feed/?service=storage&region=east-us"
RSS, ATOM, JSON = "/history.rss", "/history.atom", "/feed.json"


def by_feedparser(address: str) -> list[str]:
    return [str(entry.title) for entry in feedparser.parse(address).entries]


def by_fastfeedparser(address: str) -> list[str]:
    return [str(entry.title) for entry in fastfeedparser.parse(got(address)).entries]


def by_feedparser_rs(address: str) -> list[str]:
    return [str(entry.title) for entry in feedparser_rs.parse(got(address)).entries]


def by_atoma(address: str) -> list[str]:
    body = got(address)
    if address.endswith(ATOM):
        return [str(entry.title.value) for entry in atoma.parse_atom_bytes(body).entries]
    if address.endswith(JSON):
        return [str(item.title) for item in atoma.parse_json_feed_bytes(body).items]
    return [str(item.title) for item in atoma.parse_rss_bytes(body).items]


def by_reader(address: str) -> list[str]:
    """A whole reader with a store of its own: what it has after two rounds."""
    with make_reader(":memory:") as mine:
        mine.add_feed(address)
        mine.update_feeds()
        mine.update_feeds()
        (feed,) = mine.get_feeds()
        assert feed.last_exception is None
        newest = sorted(mine.get_entries(), key=lambda one: str(one.published), reverse=True)
        return [str(entry.title) for entry in newest]


def by_rss_parser(address: str) -> list[str]:
    body = got(address).decode()
    parsed: Any = (AtomParser if address.endswith(ATOM) else RSSParser).parse(body)
    if address.endswith(ATOM):
        return [str(one.content.title.content) for one in parsed.feed.content.entries]
    items = parsed.channel.content.items or []
    return [str(item.content.title.content) for item in items]


READERS: dict[str, tuple[Callable[[str], list[str]], tuple[str, ...]]] = {
    "feedparser": (by_feedparser, (RSS, ATOM)),
    "fastfeedparser": (by_fastfeedparser, (RSS, ATOM, JSON)),
    "feedparser-rs": (by_feedparser_rs, (RSS, ATOM, JSON)),
    "atoma": (by_atoma, (RSS, ATOM, JSON)),
    "reader": (by_reader, (RSS, ATOM, JSON)),
    "rss-parser": (by_rss_parser, (RSS, ATOM)),
}


@pytest.mark.parametrize("name", READERS)
def test_a_reader_of_pypi_says_what_is_on_now_and_where(address: str, name: str) -> None:
    read, logs = READERS[name]
    assert read(address + NOW) == [BROKEN, WORKS]
    assert read(address + EAST) == [BROKEN]
    assert read(address + STORAGE) == []
    for log in logs:
        assert read(address + log)[0] == SAID


def test_eight_readers_of_npm_say_what_is_on_now_and_where(node: Callable[[str], str]) -> None:
    found = json.loads(node("feeds.mjs"))
    assert len(found) == 8
    for name, says in found.items():
        assert says["now"] == [BROKEN, WORKS], name
        assert says["east"] == [BROKEN], name
        assert says["storage"] == [], name
        assert says["rss"] == says["atom"] == SAID, name
