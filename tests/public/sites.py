"""Small sites to publish, and a way to ask the WSGI application without a server."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from statuspage import languages
from statuspage.public.render.page import Page, Site
from statuspage.public.renderer import render_language, render_site, with_languages
from statuspage.public.snapshot.values import Snapshot

NOTICE = b'<p class="stale" data-silent hidden>not updated</p>'
NOON = datetime(2024, 1, 21, 12, 0, tzinfo=UTC)


def text(word: str, size: int = 400) -> bytes:
    return NOTICE + (f"<p>{word}</p>" * (size // (len(word) + 7) + 1)).encode()


def site(revision: int = 1, word: str = "good", /, **pages: Page) -> Site:
    """A site of each kind of page; `pages` come on top, `incident_x` at `/status/history/x/`."""
    extra = {f"/status/history/{n.removeprefix('incident_')}/": page for n, page in pages.items()}
    return Site(
        revision=revision,
        as_of=NOON,
        pages={
            "/status/": Page(text(word)),
            "/status/history/": Page(text(f"history {word}"), max_age=60),
            "/status/history/GONE-001/": Page(b"<p>withdrawn</p>", status=410),
            "/feed.json": Page(b'{"items": []}', "application/feed+json"),
            "/static/statuspage/site.0123456789ab.css": Page(
                b"body{}", "text/css; charset=utf-8", max_age=365 * 24 * 3600
            ),
            "404": Page(b"<p>no such page</p>", status=404),
            "500": Page(b"<p>sorry</p>", status=500),
            **extra,
        },
        parts={"history/ABCD-123.html": b"<article>x</article>"},
        index={"word": word},
    )


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes


def ask(application: Any, path: str, query: str = "", method: str = "GET", **headers: str) -> Reply:
    """One request; `headers` such as `accept_encoding="gzip"`."""
    environ = {"PATH_INFO": path, "QUERY_STRING": query, "REQUEST_METHOD": method}
    environ |= {f"HTTP_{name.upper()}": value for name, value in headers.items()}
    seen: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, given: list[tuple[str, str]]) -> None:
        seen.append((status, given))

    body: Iterable[bytes] = application(environ, start_response)
    joined = b"".join(body)
    ((status, given),) = seen
    found: Mapping[str, str] = {name.lower(): value for name, value in given}
    assert len(found) == len(given), "a header was sent twice"
    return Reply(int(status[:3]), dict(found), joined)


def render_all(snapshot: Snapshot) -> Site:
    """The whole site in all languages."""
    others = (render_language(snapshot, code) for code in languages.others())
    return with_languages(render_site(snapshot), others)
