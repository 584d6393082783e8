"""All processes of docker/compose.yaml together, without containers: an incident, its mails, and the edge."""

from __future__ import annotations

import json
import os
import re
import time
from email.message import EmailMessage

import pytest

from statuspage.public.store import manifest
from statuspage.public.store.stale_notice import shown
from tests.docker.conftest import Product
from tests.notifications.conftest import text_of
from tests.walks.conftest import until

# One running product for all of them, also when the tests are spread over several processes.
pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("composed")]

# What says who and when, or describes the connection.
NOT_COMPARED = {
    *("server", "date", "connection", "keep-alive", "etag", "last-modified", "accept-ranges"),
    *("transfer-encoding", "content-length", "vary"),
}


def pages(product: Product) -> dict[str, manifest.FileEntry]:
    shown = product.machine.published / "current" / manifest.NAME
    listed = manifest.parse(shown.read_bytes(), lambda name: (shown.parent / name).read_bytes())
    return {path: entry for path, entry in listed.pages.items() if path.startswith("/")}


def test_the_front_comes_up_without_any_backend_and_says_that_nothing_is_published(
    product: Product,
) -> None:
    assert product.early == (503, 503)


def test_a_declared_incident_is_on_the_page_and_with_those_it_concerns(product: Product) -> None:
    until(lambda: b"Key Vault requests fail" in product.get("/status/")[2], "the status page")

    def about_it(address: str) -> list[EmailMessage]:
        return [m for m in product.sink.to(address) if "Key Vault requests fail" in m["Subject"]]

    until(lambda: about_it("dora@example.org"), "the reader's mail")
    mail = until(lambda: about_it("alice@example.com"), "the tenant's mail")[0]
    assert "a restart helps" in text_of(mail)
    assert product.sink.to("bob@example.com") == []
    assert b"a restart helps" not in product.get(f"/status/history/{product.opened}/")[2]


def test_every_health_check_of_the_compose_file_is_content(product: Product) -> None:
    for service in ("postgres", "redis", "web", "publisher", "worker", "edge"):
        product.machine.wait(service)


def test_the_edge_answers_every_public_page_as_the_application_does(product: Product) -> None:
    until(lambda: product.get(f"/status/history/{product.withdrawn}/")[0] == 410, "the withdrawal")
    differing, seen = [], 0
    for path in pages(product):
        if path.endswith(f"/status/history/{product.absorbed}/"):
            continue  # the application redirects, see below
        ours, theirs = product.get(path), product.get(path, port="web")
        heads = [
            {name: value for name, value in answer[1].items() if name not in NOT_COMPARED}
            for answer in (ours, theirs)
        ]
        seen += 1
        if (ours[0], heads[0]) != (theirs[0], heads[1]):
            differing.append((path, set(heads[0].items()) ^ set(heads[1].items())))
        assert ours[0] in (200, 410)
    assert differing == []
    assert seen > 25


def test_compressed_conditional_and_head_requests_are_answered_from_the_files(
    product: Product,
) -> None:
    for path in ("/status/", "/history.rss", "/api/v2/summary.json"):
        status, headers, body = product.get(path, accept_encoding="gzip")
        assert (status, headers["content-encoding"]) == (200, "gzip"), path
        assert headers["vary"] == "Accept-Encoding"
        assert body[:2] == b"\x1f\x8b"
        known = {"accept_encoding": "gzip", "if_none_match": headers["etag"]}
        assert product.get(path, **known)[0] == 304
        status, headers, body = product.get(path, method="HEAD")
        assert (status, body) == (200, b"")
        assert "set-cookie" not in headers


def test_what_is_no_file_is_the_applications(product: Product) -> None:
    assert product.get("/")[:1] == (302,)
    assert product.get("/")[1]["location"] == "/status/"
    status, headers, _ = product.get("/status?x=1")
    assert (status, headers["location"]) == (308, "/status/?x=1")
    status, headers, body = product.get("/status/history/?q=no-such-word-anywhere")
    assert (status, headers["x-content-type-options"]) == (200, "nosniff")
    assert b"Key Vault requests fail" not in body
    assert product.get("/badge/key-vault/west-europe.svg")[0] == 200
    assert b"Key Vault" in product.get("/history.atom?region=west-europe")[2]
    assert product.get("/admin/login/")[0] == 200
    assert product.get("/subscribe/")[0] == 200
    assert product.get("/-/ready/desk")[0] == 200
    assert product.get("/-/metrics", authorization="Bearer watcher")[0] == 200
    assert product.get("/status/", method="POST")[0] == 405
    status, headers, _ = product.get("/status/history/NONE-000/")
    assert (status, headers["content-type"]) == (404, "text/html; charset=utf-8")
    # A query that is no filter changes nothing, so nobody has to be asked.
    assert product.get("/status/?utm_source=mail")[2] == product.get("/status/")[2]


def test_nothing_is_written_beside_the_published_pages(product: Product) -> None:
    """Where the state of other installations is, containers have a file system that cannot be written."""
    assert not (product.machine.folder / "state").exists()


def test_merged_and_withdrawn_incidents(product: Product) -> None:
    status, _, body = product.get(f"/status/history/{product.absorbed}/")
    assert status == 200
    address = f"{product.machine.url}/status/history/{product.opened}/"
    assert re.search(rf'rel="canonical"\s+href="{address}"', body.decode())
    status, headers, _ = product.get(f"/status/history/{product.absorbed}/", port="web")
    assert (status, headers["location"]) == (301, f"/status/history/{product.opened}/")
    status, headers, body = product.get(f"/status/history/{product.withdrawn}/")
    assert (status, headers["content-type"]) == (410, "text/html; charset=utf-8")
    assert b"The review went to the affected." in body
    assert b"A disk is full" not in body


def test_forms_are_limited_and_pages_are_not(product: Product) -> None:
    answers = [product.get("/subscribe/", method="POST")[0] for _ in range(80)]
    assert 429 in answers
    assert {product.get("/status/")[0] for _ in range(80)} == {200}


def test_a_silent_publisher_is_admitted_and_a_living_one_is_believed_again(
    product: Product,
) -> None:
    machine = product.machine
    machine.kill("publisher")
    fresh = machine.published / "current" / manifest.page_file("/status/")
    stale, tag = shown(fresh.read_bytes()), product.get("/status/")[1]["etag"]
    was = time.time() - 301
    os.utime(machine.published / "heartbeat.json", (was, was))
    until(lambda: product.get("/status/")[2] == stale, "the page that says how old it is")
    assert product.get("/status/", if_none_match=tag)[0] == 200
    assert product.get("/status/", accept_encoding="gzip")[1]["content-encoding"] == "gzip"
    # What has no such variant stays what it is.
    assert product.get("/history.rss")[0] == 200
    assert product.get(f"/status/history/{product.opened}/")[0] == 200
    machine.up("publisher")
    until(lambda: product.get("/status/")[2] == fresh.read_bytes(), "the page as it is now")


def test_with_every_backend_dead_the_edge_answers_whatever_is_public(product: Product) -> None:
    machine = product.machine
    machine.kill("publisher")  # first: it renews its pages every minute
    expected = {path: product.get(path) for path in pages(product)}
    machine.kill("web", "postgres", "redis", "worker")
    for path, (status, headers, body) in expected.items():
        answer = product.get(path)
        assert (answer[0], answer[2]) == (status, body), path
        for name in ("content-type", "cache-control", "content-security-policy"):
            assert answer[1].get(name) == headers.get(name), path
    assert product.get("/")[0] == 302
    assert product.get("/de")[1]["location"] == "/de/status/"
    assert product.get("/status")[0] == 308
    assert machine.healthy("edge")


def test_without_the_application_what_cannot_be_answered_is_said_so(product: Product) -> None:
    product.machine.kill("web")
    whole = product.get("/status/history/")
    filtered = product.get("/status/history/?service=key-vault")
    assert (filtered[0], filtered[2]) == (200, whole[2])
    # The whole feed would be news to the readers of a part of it.
    for path in ("/history.rss?service=key-vault", "/badge/key-vault/west-europe.svg", "/admin/"):
        status, headers, body = product.get(path)
        assert (status, headers["retry-after"]) == (503, "60"), path
        assert headers["cache-control"] == "no-store"
        assert headers["content-type"] == "text/html; charset=utf-8"
        assert b'href="/status/"' in body
    unknown = product.get("/status/history/NONE-000/")
    assert unknown[0] == 404
    assert unknown[2] == (product.machine.published / "current/errors/404.html").read_bytes()
    german = product.get("/de/status/history/NONE-000/")
    assert german[0] == 404
    assert b'lang="de"' in german[2]
    assert product.get(f"/ja/status/history/{product.withdrawn}/")[0] == 410
    assert product.get("/api/v2/nothing.json")[0] == 404


def test_the_application_serves_at_once_when_it_is_restarted_alone(product: Product) -> None:
    product.machine.kill("web", "postgres", "redis")
    product.machine.up("web")
    assert product.get("/status/", port="web")[0] == 200
    assert b"Key Vault" in product.get("/history.atom?region=west-europe")[2]
    status, _, body = product.get("/-/ready")
    assert (status, json.loads(body)["status"]) == (200, "degraded")
