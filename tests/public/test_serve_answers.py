from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import brotli
import pytest

from statuspage.public.render.page import Page
from statuspage.public.serve.app import public_site
from statuspage.public.store.current_generation import Store
from statuspage.public.store.generation import beat, compress_best, write_generation
from statuspage.public.store.headers import POLICY
from statuspage.public.store.stale_notice import shown
from tests.public.sites import NOON, ask, site, text

PUBLIC = [
    "/status/",
    "/status/history/",
    "/feed.json",
    "/status/history/GONE-001/",
    "/status/nope/",
]


class Clock:
    """A time that moves when told to."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> Any:
        return NOON + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Store:
    return Store(tmp_path, clock=clock.now, monotonic=clock.monotonic)


def elsewhere(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    start_response("200 OK", [("x-from", "django")])
    return [b"django"]


@pytest.fixture
def web(tmp_path: Path, store: Store) -> Any:
    write_generation(tmp_path, site(incident_b=Page(text("cold"))))
    compress_best(tmp_path)
    return public_site(store, {}, elsewhere)


def test_a_page_is_answered_with_its_bytes_and_type(web: Any) -> None:
    reply = ask(web, "/status/")
    assert (reply.status, reply.body) == (200, text("good"))
    assert reply.headers["content-type"] == "text/html; charset=utf-8"
    assert reply.headers["content-length"] == str(len(text("good")))
    assert ask(web, "/feed.json").headers["content-type"] == "application/feed+json"


@pytest.mark.parametrize("path", PUBLIC)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_every_public_answer_is_guarded_and_sets_no_cookie(
    web: Any, path: str, method: str
) -> None:
    headers = ask(web, path, method=method).headers
    assert headers["content-security-policy"] == POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"
    # It would make the browser change its process, before the first paint.
    assert "cross-origin-opener-policy" not in headers
    assert "set-cookie" not in headers
    assert "strict-transport-security" not in headers
    if method != "POST":
        assert headers["vary"] == "Accept-Encoding"


def test_hsts_is_sent_when_configured(tmp_path: Path, web: Any) -> None:
    strict = public_site(Store(tmp_path, hsts="max-age=9"), {}, elsewhere, hsts="max-age=9")
    for path in ("/status/", "/", "/status/nope/"):
        assert ask(strict, path).headers["strict-transport-security"] == "max-age=9"


def test_caches_may_keep_pages_shortly_and_through_an_outage(web: Any) -> None:
    expected = "public, max-age=10, stale-while-revalidate=30, stale-if-error=86400"
    assert ask(web, "/status/").headers["cache-control"] == expected
    style = ask(web, "/static/statuspage/site.0123456789ab.css")
    assert style.headers["cache-control"] == "public, max-age=31536000, immutable"


def test_programs_of_other_sites_may_read_data_but_not_pages(web: Any) -> None:
    assert ask(web, "/feed.json").headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-origin" not in ask(web, "/status/").headers


@pytest.mark.parametrize("path", ["/status/", "/status/history/b/"])
def test_each_encoding_has_its_own_bytes_and_etag(web: Any, path: str) -> None:
    plain = ask(web, path)
    packed = ask(web, path, accept_encoding="gzip")
    small = ask(web, path, accept_encoding="gzip, deflate, br, zstd")
    assert gzip.decompress(packed.body) == brotli.decompress(small.body) == plain.body
    assert packed.headers["content-encoding"] == "gzip"
    assert small.headers["content-encoding"] == "br"
    assert len({one.headers["etag"] for one in (plain, packed, small)}) == 3


@pytest.mark.parametrize(
    ("accept", "coding"),
    [
        ("", None), ("identity", None), ("br", "br"), ("GZIP", "gzip"), ("x-gzip", "gzip"),
        ("gzip, br", "br"), ("gzip;q=1.0, br;q=0.5", "gzip"), ("gzip;q=0.2, br;q=0", "gzip"),
        ("br;q=0, gzip;q=0", None), ("*", "br"), ("*;q=0", None), ("gzip;q=0, *", "br"),
        ("identity;q=0.9, gzip;q=0.1", None), ("identity, gzip", "gzip"), ("gzip;q=x", None),
        ("gzip;q=2", None), ("deflate", None), (",,;;", None), ("br;q=nan", None), (" br ; q=1 ", "br"),
        ("x" * 100_000, None),
    ],
)  # fmt: skip
def test_the_visitor_chooses_the_encoding(web: Any, accept: str, coding: str | None) -> None:
    reply = ask(web, "/status/", accept_encoding=accept)
    assert reply.headers.get("content-encoding") == coding


@pytest.mark.parametrize("shape", ["{}", "W/{}", '"other", {}', '"a",W/{} , "b"', "*", " * "])
@pytest.mark.parametrize("path", ["/status/", "/status/history/b/"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_an_unchanged_page_is_not_sent_again(web: Any, shape: str, path: str, method: str) -> None:
    etag = ask(web, path, accept_encoding="br").headers["etag"]
    given = shape.format(etag)
    reply = ask(web, path, method=method, accept_encoding="br", if_none_match=given)
    assert (reply.status, reply.body) == (304, b"")
    assert reply.headers["etag"] == etag
    assert {"cache-control", "vary"} <= set(reply.headers)
    assert "content-length" not in reply.headers


@pytest.mark.parametrize("path", ["/status/", "/status/history/b/", "/feed.json"])
def test_a_page_says_when_it_last_changed_and_is_not_sent_again_since_then(
    web: Any, path: str
) -> None:
    whole = ask(web, path)
    when = whole.headers["last-modified"]
    assert parsedate_to_datetime(when) <= datetime.now(UTC)
    assert ask(web, path, if_modified_since=when).status == 304
    assert ask(web, path, if_modified_since="Thu, 01 Jan 1970 00:00:00 GMT").status == 200
    assert ask(web, path, if_modified_since=when, if_none_match='"other"').status == 200


@pytest.mark.parametrize("condition", ['"other"', "W/", "", '"', "etag", '"*"'])
def test_another_etag_gets_the_page(web: Any, condition: str) -> None:
    assert ask(web, "/status/", if_none_match=condition).status == 200


def test_the_etag_of_one_encoding_does_not_stand_for_another(web: Any) -> None:
    etag = ask(web, "/status/", accept_encoding="br").headers["etag"]
    assert ask(web, "/status/", accept_encoding="gzip", if_none_match=etag).status == 200


@pytest.mark.parametrize("path", PUBLIC)
def test_head_tells_what_get_would_without_the_body(web: Any, path: str) -> None:
    whole, head = ask(web, path), ask(web, path, method="HEAD")
    assert (head.status, head.headers) == (whole.status, whole.headers)
    assert (head.body, bool(whole.body)) == (b"", True)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "TRACE", "get"])
@pytest.mark.parametrize("path", ["/status/", "/status/unknown", "/badge/x.svg"])
def test_public_pages_can_only_be_read(web: Any, method: str, path: str) -> None:
    reply = ask(web, path, method=method)
    assert reply.status == 405
    assert reply.headers["allow"] == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize("path", [*PUBLIC, "/status/unknown", "/badge/x.svg", "/api/v2/x.json"])
def test_a_script_of_another_site_may_ask_with_headers_of_its_own(web: Any, path: str) -> None:
    reply = ask(
        web, path, method="OPTIONS", origin="https://shop.example",
        access_control_request_method="GET", access_control_request_headers="cache-control",
    )  # fmt: skip
    assert (reply.status, reply.body) == (204, b"")
    assert reply.headers["access-control-allow-origin"] == "*"
    assert reply.headers["access-control-allow-methods"] == "GET, HEAD, OPTIONS"
    assert reply.headers["access-control-allow-headers"] == "*"
    assert int(reply.headers["access-control-max-age"]) > 0
    assert ask(web, "/admin/", method="OPTIONS").body == b"django"


def test_a_refusal_has_the_published_looks_in_the_language_that_was_asked_for(
    tmp_path: Path, store: Store
) -> None:
    whole = site()
    pages = {
        "405": Page(b"<p>only read</p>", status=405),
        "de/405": Page(b"<p>nur lesen</p>", status=405),
        "414": Page(b"<p>too long</p>", status=414),
    }
    write_generation(tmp_path, replace(whole, pages={**whole.pages, **pages}))
    web = public_site(store, {"/status/": lambda *_: None}, elsewhere, languages=["de"])
    refused = ask(web, "/status/", method="POST")
    assert (refused.status, refused.body) == (405, b"<p>only read</p>")
    assert refused.headers["cache-control"] == "no-store"
    assert ask(web, "/de/status/", method="POST").body == b"<p>nur lesen</p>"
    long = ask(web, "/status/", query="q=" + "x" * 3000)
    assert (long.status, long.body) == (414, b"<p>too long</p>")
    assert b"<h1>405" in ask(web, "/feed.json", method="POST").body  # nobody looks at it


def test_a_tracking_id_as_people_type_it_leads_to_its_entry(tmp_path: Path, store: Store) -> None:
    named = {"/status/history/ABCD-123/": Page(text("entry"))}
    whole = site()
    whole = replace(
        whole, pages={**whole.pages, **named}, index={"redirects": {"OLD-001": "ABCD-123"}}
    )
    write_generation(tmp_path, whole)
    web = public_site(store, {}, elsewhere)
    for path in (
        "/status/history/abcd-123/",
        "/status/history/abcd-123",
        "/status/history/old-001/",
        "/status/history/ABCD–123/",
        "/status/history/abcd\N{NON-BREAKING HYPHEN}123",
        "/status/history/ABCD123/",
        "/status/history/ABCD 123",
    ):
        answer = ask(web, path.encode().decode("latin-1"))
        assert (answer.status, answer.headers["location"]) == (301, "/status/history/ABCD-123/")
    assert ask(web, "/status/history/gone-001/").headers["location"] == "/status/history/GONE-001/"
    assert ask(web, "/status/history/none-000/").status == 404


def test_a_withdrawn_entry_answers_410(web: Any) -> None:
    reply = ask(web, "/status/history/GONE-001/", if_none_match="*")
    assert (reply.status, reply.body) == (410, b"<p>withdrawn</p>")


def test_everything_unknown_answers_with_the_very_same_bytes(web: Any) -> None:
    paths = ["/status/history/ABCD-123/", "/status/history/ABCD-123", "/status/x", "/api/v2/x.json",
             "/badge/a/b.svg", "/status/history/%00/", "/status/../etc/passwd", "/status/history//",
             "/status/\x00", "/status/\xff\xfe", "/status/" + "x" * 9000]  # fmt: skip
    replies = [ask(web, path) for path in paths]
    assert {(one.status, one.body) for one in replies} == {(404, b"<p>no such page</p>")}
    assert all(one.headers == replies[0].headers for one in replies)


@pytest.mark.parametrize(
    "path", ["/admin/", "/subscribe/", "/api/v1/incidents", "/-/metrics", "/statusx"]
)
def test_everything_else_is_left_to_django(web: Any, path: str) -> None:
    assert ask(web, path, method="POST").body == b"django"


def test_a_language_prefix_is_public_when_configured(store: Store, web: Any) -> None:
    both = public_site(store, {}, elsewhere, languages=["de"])
    assert ask(both, "/de/status/x/").status == 404
    assert ask(both, "/fr/status/x/").body == b"django"


def test_the_front_door_and_missing_slashes_lead_on(web: Any) -> None:
    home = ask(web, "/")
    assert (home.status, home.headers["location"]) == (302, "/status/")
    missing = ask(web, "/status/history", "region=a b\r\nx: y&q=ü")
    assert missing.status == 308
    assert missing.headers["location"] == "/status/history/?region=a%20b%0D%0Ax:%20y&q=%C3%BC"


def test_before_the_first_generation_visitors_are_asked_to_wait(tmp_path: Path) -> None:
    web = public_site(Store(tmp_path / "nothing"), {}, elsewhere)
    for path in ("/status/", "/feed.json", "/status/history/x/"):
        reply = ask(web, path)
        assert (reply.status, reply.headers["retry-after"]) == (503, "5")
        assert reply.headers["cache-control"] == "no-store"
    assert ask(web, "/admin/").body == b"django"


def test_a_new_generation_is_noticed_within_a_fifth_of_a_second(
    tmp_path: Path, clock: Clock, web: Any
) -> None:
    assert ask(web, "/status/").body == text("good")
    assert ask(web, "/status/history/b/").status == 200
    write_generation(tmp_path, site(2, "bad"))
    clock.seconds += 0.21
    assert ask(web, "/status/").body == text("bad")
    assert ask(web, "/status/history/b/").status == 404


def test_better_compression_is_noticed_too(tmp_path: Path, store: Store, clock: Clock) -> None:
    web = public_site(store, {}, elsewhere)
    write_generation(tmp_path, site())
    first = ask(web, "/status/", accept_encoding="br, gzip")
    compress_best(tmp_path)
    clock.seconds += 0.21
    second = ask(web, "/status/", accept_encoding="br, gzip")
    assert [one.headers["content-encoding"] for one in (first, second)] == ["gzip", "br"]


def test_a_silent_publisher_shows_the_stale_variant(tmp_path: Path, clock: Clock, web: Any) -> None:
    beat(tmp_path, 1, NOON)
    fresh = ask(web, "/status/")
    clock.seconds += 299
    assert ask(web, "/status/").body == text("good")
    clock.seconds += 2
    stale = ask(web, "/status/", if_none_match=fresh.headers["etag"])
    assert (stale.status, stale.body) == (200, shown(text("good")))
    assert ask(web, "/status/history/b/").body == text("cold")
    assert ask(web, "/status/", method="HEAD").headers["etag"] == stale.headers["etag"]
    beat(tmp_path, 1, clock.now())
    clock.seconds += 1
    assert ask(web, "/status/").headers["etag"] == fresh.headers["etag"]


def test_a_heartbeat_from_the_future_does_not_hide_silence(
    tmp_path: Path, clock: Clock, web: Any
) -> None:
    beat(tmp_path, 1, NOON + timedelta(hours=1))
    assert ask(web, "/status/").body == shown(text("good"))


def test_what_is_in_memory_outlives_the_folder(tmp_path: Path, clock: Clock, web: Any) -> None:
    assert ask(web, "/status/").status == 200
    (tmp_path / "current").unlink()
    clock.seconds += 10
    assert ask(web, "/status/").body == text("good")


def test_a_damaged_generation_is_not_shown_after_a_restart(tmp_path: Path, web: Any) -> None:
    newest = write_generation(tmp_path, site(2, "bad"))
    page = newest.folder / "site/status/index.html"
    page.write_bytes(page.read_bytes()[:-1])
    restarted = public_site(Store(tmp_path), {}, elsewhere)
    assert ask(restarted, "/status/history/").body == shown(text("history good"))


def test_cold_pages_are_kept_within_a_bound(tmp_path: Path) -> None:
    many = {f"incident_{n}": Page(text(f"page {n}", 4000)) for n in range(50)}
    write_generation(tmp_path, site(1, **many))
    store = Store(tmp_path, cold_bytes=40_000)
    web = public_site(store, {}, elsewhere)
    for _ in range(2):
        for n in range(50):
            assert ask(web, f"/status/history/{n}/").body == text(f"page {n}", 4000)
    assert store.generation is not None
    memory = store.generation.memory()
    assert 0 < memory["cold"] <= memory["cold_limit"] == 40_000
    assert len(store.answers) < 20


def test_a_page_retired_under_our_feet_is_found_in_the_newer_generation(
    tmp_path: Path, clock: Clock, web: Any
) -> None:
    assert ask(web, "/status/").status == 200
    write_generation(tmp_path, site(2, incident_b=Page(text("newer"))), purge=True)
    assert ask(web, "/status/history/b/").body == text("newer")


def test_a_path_beyond_ascii_is_found(tmp_path: Path, store: Store) -> None:
    write_generation(tmp_path, site(1, incident_ü=Page(text("umlaut"))))
    web = public_site(store, {}, elsewhere)
    path = "/status/history/ü/".encode().decode("latin-1")
    assert [ask(web, path).body for _ in range(2)] == [text("umlaut")] * 2
    reply = ask(web, path.rstrip("/"))
    assert reply.headers["location"] == "/status/history/%C3%BC/"


def test_a_merged_incident_leads_to_the_one_that_goes_on(tmp_path: Path, store: Store) -> None:
    """Also where an edge is given the other one's page to show in its place."""
    merged = site(incident_a=Page(text("the survivor")), incident_b=Page(text("the survivor")))
    write_generation(tmp_path, replace(merged, index={"redirects": {"b": "a", "c": "a"}}))
    web = public_site(store, {}, elsewhere)
    for absorbed in ("b", "c"):
        answer = ask(web, f"/status/history/{absorbed}/")
        assert (answer.status, answer.headers["location"]) == (301, "/status/history/a/")
    assert ask(web, "/status/history/a/").status == 200
