from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from statuspage.public.query.query_cache import ASSEMBLED_KEPT
from statuspage.public.query.query_parameters import FIELD_LIMIT, QUERY_LIMIT
from statuspage.public.render.page import Page
from statuspage.public.serve.app import public_site
from statuspage.public.store import stale_notice
from statuspage.public.store.current_generation import Store
from statuspage.public.store.generation import write_generation
from statuspage.public.store.loaded import LoadedGeneration
from tests.public.sites import Reply, ask, site, text

HISTORY = "/status/history/"


class Assembling:
    """Counts how often it is asked, and answers from index and parts like the real ones."""

    def __init__(self) -> None:
        self.asked: list[Mapping[str, str]] = []

    def __call__(
        self, path: str, query: Mapping[str, str], generation: LoadedGeneration
    ) -> Page | None:
        self.asked.append(dict(query))
        region = query.get("region")
        if region == "boom":
            raise RuntimeError("an error in an assembler")
        if region is None:
            return None
        part = generation.parts["history/ABCD-123.html"].decode()
        return Page(f"{path} {region} {generation.index['word']} {part}".encode() * 30)


@pytest.fixture
def assembling() -> Assembling:
    return Assembling()


@pytest.fixture
def web(tmp_path: Path, assembling: Assembling) -> Any:
    write_generation(tmp_path, site())
    keys = {"region", "service"}
    return public_site(Store(tmp_path), {"/status/": assembling}, lambda *_: [], keys=keys)


def test_a_query_is_answered_from_index_and_parts(web: Any) -> None:
    reply = ask(web, HISTORY, "region=west-europe")
    assert reply.status == 200
    assert b"/status/history/ west-europe good <article>" in reply.body
    assert {"etag", "cache-control", "vary", "content-security-policy"} <= set(reply.headers)


def test_an_assembled_page_knows_encodings_conditions_and_head(web: Any) -> None:
    packed = ask(web, HISTORY, "region=x", accept_encoding="gzip")
    assert packed.headers["content-encoding"] == "gzip"
    etag = packed.headers["etag"]
    again = ask(web, HISTORY, "region=x", accept_encoding="gzip", if_none_match=etag)
    assert again.status == 304
    head = ask(web, HISTORY, "region=x", method="HEAD", accept_encoding="gzip")
    assert (head.headers, head.body) == (packed.headers, b"")


def test_the_same_question_is_worked_out_once(web: Any, assembling: Assembling) -> None:
    for query in ("region=x&service=y", "service=y&region=x", "utm_source=mail&region=x&service=y"):
        ask(web, HISTORY, query)
    assert assembling.asked == [{"region": "x", "service": "y"}]


@pytest.mark.parametrize("query", ["utm_source=a", "fbclid=1&x=2", "&&&", "%ff", "=", "regio=x"])
def test_foreign_parameters_get_the_plain_page(
    web: Any, assembling: Assembling, query: str
) -> None:
    # Its publisher wrote once and is silent since.
    assert ask(web, HISTORY, query).body == stale_notice.shown(text("history good"))
    assert not assembling.asked


def test_a_query_the_assembler_declines_gets_the_plain_page(web: Any) -> None:
    assert ask(web, HISTORY, "service=x").headers == ask(web, HISTORY).headers


def test_a_page_that_is_not_kept_is_made_from_its_path(tmp_path: Path) -> None:
    asked: list[str] = []

    def badge(path: str, query: Mapping[str, str], generation: LoadedGeneration) -> Page | None:
        asked.append(path)
        return Page(b"<svg/>", "image/svg+xml") if path == "/badge/a/b.svg" else None

    write_generation(tmp_path, site())
    web = public_site(Store(tmp_path), {"/badge/": badge}, lambda *_: [], keys={"region"})
    for query in ("", "cache=bust", "cache=bust2"):
        reply = ask(web, "/badge/a/b.svg", query)
        assert (reply.status, reply.body) == (200, b"<svg/>")
        assert reply.headers["access-control-allow-origin"] == "*"
    assert asked == ["/badge/a/b.svg"]
    assert ask(web, "/badge/a/c.svg") == ask(web, "/status/x/")
    assert ask(web, "/badge/a/c.svg").status == 404


def test_a_path_without_assembler_ignores_its_query(web: Any) -> None:
    assert ask(web, "/feed.json", "region=x&" + "y" * 5000).body == b'{"items": []}'


def test_unknown_pages_stay_unknown_with_a_query(web: Any) -> None:
    plain = ask(web, "/status/history/ABCD-123/")
    assert ask(web, "/status/history/ABCD-123/", "utm=1") == plain
    assert plain.status == 404


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("region=" + "x" * QUERY_LIMIT, 414),
        ("&".join(f"a{n}=1" for n in range(FIELD_LIMIT + 1)), 400),
    ],
)
def test_an_oversized_query_is_refused(
    web: Any, assembling: Assembling, query: str, status: int
) -> None:
    reply = ask(web, HISTORY, query)
    assert (reply.status, reply.headers["cache-control"]) == (status, "no-store")
    assert not assembling.asked


def test_an_error_in_an_assembler_shows_the_error_page_only(
    web: Any, caplog: pytest.LogCaptureFixture
) -> None:
    reply = ask(web, HISTORY, "region=boom")
    assert (reply.status, reply.body) == (500, b"<p>sorry</p>")
    assert reply.headers["cache-control"] == "no-store"
    assert "an error in an assembler" in caplog.text


def test_the_answers_kept_are_bounded_and_of_one_generation(
    tmp_path: Path, assembling: Assembling
) -> None:
    write_generation(tmp_path, site())
    store = Store(tmp_path)
    web = public_site(store, {"/status/": assembling}, lambda *_: [])

    def region(number: int) -> Reply:
        return ask(web, HISTORY, f"region={number}")

    for number in range(ASSEMBLED_KEPT + 1):
        region(number)
    region(ASSEMBLED_KEPT)
    assert len(assembling.asked) == ASSEMBLED_KEPT + 1
    region(0)
    assert len(assembling.asked) == ASSEMBLED_KEPT + 2, "the oldest was dropped"
    write_generation(tmp_path, site(2, "bad"))
    store.next_look = 0
    assert b" bad " in region(0).body
