"""The edge over a folder of published pages, with nothing else on the machine."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from statuspage.public.render.page import Page
from statuspage.public.store.generation import beat, write_generation
from tests.docker.composed import Machine
from tests.docker.conftest import asked
from tests.public.sites import site, text

pytestmark = pytest.mark.processes
RSS, HTML = "application/rss+xml; charset=utf-8", "text/html; charset=utf-8"


def test_each_language_has_its_pages_feeds_and_errors_below_a_prefix(machine: Machine) -> None:
    pages = {
        "/de/status/": Page(text("gut")),
        "/de/status/history/": Page(text("damals"), max_age=60),
        "/de/status/feed/": Page(text("neu"), RSS, max_age=60),
        "/de/feed.json": Page(b"{}", "application/feed+json", max_age=60),
        "/de/status/history/GONE-001/": Page(text("weg"), status=410),
    }
    write_generation(machine.published, replace(site(), pages={**site().pages, **pages}))
    beat(machine.published, 1, datetime.now(UTC))
    machine.up("edge")
    port = machine.ports["edge"]

    for path, page in pages.items():
        status, headers, body = asked(port, path)
        assert (status, body) == (page.status, page.body), path
        assert headers["content-type"].partition(";")[0] == page.content_type.partition(";")[0]
    assert "max-age=60," in asked(port, "/de/status/history/")[1]["cache-control"]
    assert asked(port, "/de/feed.json")[1]["access-control-allow-origin"] == "*"
    assert asked(port, "/de/status")[1]["location"] == "/de/status/"
    assert asked(port, "/de/status/?q=x")[2] == text("gut")
    assert asked(port, "/de/status/feed/?service=x")[0] == 503
    assert asked(port, "/de/status/history/NONE-000/")[0] == 404


def test_the_edge_answers_what_a_browser_asks_before_a_script_may_read(machine: Machine) -> None:
    write_generation(machine.published, site())
    beat(machine.published, 1, datetime.now(UTC))
    machine.up("edge")
    port = machine.ports["edge"]
    for path in (
        "/feed.json",
        "/api/v2/status.json",
        "/badge/a/b.svg",
        "/de/history.rss",
        "/status/",
    ):
        status, headers, body = asked(port, path, method="OPTIONS", origin="https://shop.example")
        assert (status, body) == (204, b""), path
        assert headers["access-control-allow-origin"] == "*"
        assert headers["access-control-allow-methods"] == "GET, HEAD, OPTIONS"
        assert headers["access-control-allow-headers"] == "*"
        assert headers["access-control-max-age"] == "86400"
    assert "access-control-allow-methods" not in asked(port, "/feed.json")[1]
    assert "access-control-allow-origin" not in asked(port, "/status/")[1]
    assert asked(port, "/admin/", method="OPTIONS")[0] == 503


def test_without_the_application_documents_of_chosen_places_are_not_said_not_to_exist(
    machine: Machine,
) -> None:
    pages = {"/api/v2/summary.json": Page(b"{}", "application/json; charset=utf-8")}
    write_generation(machine.published, replace(site(), pages={**site().pages, **pages}))
    beat(machine.published, 1, datetime.now(UTC))
    machine.up("edge")
    port = machine.ports["edge"]
    assert asked(port, "/api/v2/summary.json?utm=x")[2] == b"{}"
    for path in (
        "/api/v2/summary.json?region=east-us",
        "/api/v2/summary.json?pairs=storage:east-us",
        "/api/v2/regions/east-us/summary.json",
    ):
        assert asked(port, path)[0] == 503, path
    assert asked(port, "/api/v2/nothing.json")[0] == 404


def test_behind_tls_the_answers_say_that_it_stays_so(machine: Machine) -> None:
    write_generation(machine.published, site())
    beat(machine.published, 1, datetime.now(UTC))
    machine.up("edge")
    _, secure, _ = asked(machine.ports["edge"], "/status/", x_forwarded_proto="https")
    assert secure["strict-transport-security"] == "max-age=31536000; includeSubDomains"
    assert "strict-transport-security" not in asked(machine.ports["edge"], "/status/")[1]


def test_an_address_too_long_is_refused_in_our_own_looks(machine: Machine) -> None:
    whole = site()
    refused = Page(b"<p>too long</p>", status=414)
    write_generation(machine.published, replace(whole, pages={**whole.pages, "414": refused}))
    beat(machine.published, 1, datetime.now(UTC))
    machine.up("edge")
    port = machine.ports["edge"]
    status, headers, body = asked(port, "/status/?" + "x" * 40_000)
    assert (status, body) == (414, b"<p>too long</p>")
    assert headers["x-content-type-options"] == "nosniff"
    assert asked(port, "/errors/414.html")[0] == 404


def test_nothing_outside_the_site_can_be_asked_for(machine: Machine) -> None:
    write_generation(machine.published, site())
    beat(machine.published, 1, datetime.now(UTC))
    machine.up("edge")
    port = machine.ports["edge"]
    for path in (
        "/manifest.json", "/site/status/", "/index.json", "/parts/history/ABCD-123.html",
        "/status/../manifest.json", "/status/%2e%2e/%2e%2e/manifest.json", "/gone/status/history/GONE-001/",
        "/stale/status/", "/status/index.html/", "/static/../../manifest.json",
    ):  # fmt: skip
        assert asked(port, path)[0] in (400, 404, 503), path


def test_a_link_that_acts_is_in_no_line_of_the_edge(machine: Machine) -> None:
    """Not even when it is refused, sent too often, too large, or nobody is there to take it."""
    write_generation(machine.published, site())
    beat(machine.published, 1, datetime.now(UTC))
    machine.up("edge")
    port, lines = machine.ports["edge"], machine.folder / "edge-1.log"
    paths = [
        "/subscribe/leave/KEYTHATACTS/",
        f"/subscribe/manage/KEYTHATACTS{'x' * 300}/",  # no name of a file
        "/de/feedback/KEYTHATACTS/",
        "/service-health/calendar/tenant_KEYTHATACTS.ics",
        "/service-health/code/KEYTHATACTS/?next=KEYTHATACTS",
        "/admin/account/oidc/sso/login/callback/?code=KEYTHATACTS",
        "/hooks/KEYTHATACTS/",
        "/api/v1/incidents/KEYTHATACTS/impacted",
    ]
    for path in paths:
        assert asked(port, path)[0] in (404, 503), path
        assert asked(port, path, method="POST", content_length="99999999")[0] in (413, 503), path
    shut = machine.published / "current" / "site" / "subscribe"
    shut.mkdir(mode=0)  # what is broken here, nginx writes down whatever the level
    assert asked(port, paths[0])[0] in (403, 503)
    shut.chmod(0o755)
    assert 429 in {asked(port, paths[0], method="POST")[0] for _ in range(60)}
    assert asked(port, "/status/", method="POST", content_length="99999999")[0] == 413
    text = lines.read_text()
    assert "429 POST /subscribe" in text, "the lines are read where they are written"
    assert "KEYTHATACTS" not in text
    assert "127.0.0.1" not in text, "whose browser it was"


def test_what_strangers_send_is_bounded_on_each_path(machine: Machine) -> None:
    write_generation(machine.published, site())
    beat(machine.published, 1, datetime.now(UTC))
    machine.up("edge")
    port = machine.ports["edge"]
    kib, mib = 1024, 1024 * 1024
    for path, most in (
        ("/status/", 256 * kib),
        ("/subscribe/", 256 * kib),
        ("/de/feedback/x/", 256 * kib),
        ("/nothing/", 256 * kib),
        ("/admin/login/", 256 * kib),
        ("/service-health/sign-in/", 256 * kib),
        ("/service-health/of/x/", mib),
        ("/admin/desk/", mib),
        ("/hooks/x/", 5 * mib),
        ("/api/v1/incidents/", 5 * mib),
        ("/api/v1/incidents/ABCD-123/impacted", 65 * mib),
        ("/admin/desk/ABCD-123/list/", 65 * mib),
    ):
        assert first_line(port, path, most + 1) == 413, path
        assert first_line(port, path, 1) != 413, path


def first_line(port: int, path: str, size: int, source: str = "127.0.0.1") -> int:
    """The status of a POST that announces so many bytes, of which only the first is sent."""
    with socket.create_connection(("127.0.0.1", port), 5, (source, 0)) as connection:
        head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {size}\r\n\r\nx"
        connection.sendall(head.encode())
        return int(connection.recv(200).split()[1])


def test_passwords_and_codes_are_tried_slowly_and_by_few_at_once(machine: Machine) -> None:
    write_generation(machine.published, site())
    beat(machine.published, 1, datetime.now(UTC))
    machine.up("edge")
    port = machine.ports["edge"]
    for path in ("/admin/login/", "/service-health/code/x/"):
        assert 429 in {first_line(port, path, 1) for _ in range(60)}, path
        assert 429 not in {asked(port, path)[0] for _ in range(60)}, "looking is not trying"
    assert 429 not in {first_line(port, "/admin/desk/", 1) for _ in range(60)}, "operators wait"


@pytest.mark.parametrize(
    ("path", "each", "together", "status"),
    [
        ("/admin/desk/ABCD-123/list/", 4, 64, 429),
        ("/api/v1/incidents/ABCD-123/impacted", 4, 64, 429),
        ("/api/v1/incidents/", 32, 256, 503),
        ("/hooks/x/", 32, 256, 503),
        ("/admin/login/", 20, 0, 429),
    ],
)
def test_so_many_are_served_at_once_by_address_and_in_sum(
    machine: Machine, path: str, each: int, together: int, status: int
) -> None:
    """The application takes each connection here, and never answers."""
    write_generation(machine.published, site())
    beat(machine.published, 1, datetime.now(UTC))
    with ExitStack() as stack:
        server = socket.create_server(("127.0.0.1", machine.ports["web"]), backlog=300)
        web = stack.enter_context(server)
        web.settimeout(5)
        machine.up("edge")
        port = machine.ports["edge"]
        for host in range(2, 2 + max(1, together // each)):
            for _ in range(each):
                one = stack.enter_context(
                    socket.create_connection(("127.0.0.1", port), 5, (f"127.0.0.{host}", 0))
                )
                one.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
                stack.enter_context(web.accept()[0])  # it has arrived
            assert first_line(port, path, 1, f"127.0.0.{host}") == status, "one address"
        if together:
            assert first_line(port, path, 1, "127.0.0.200") == status, "all of them"


def test_a_switch_of_generations_is_seen_at_once(machine: Machine) -> None:
    write_generation(machine.published, site(1, "first"))
    beat(machine.published, 1, datetime.now(UTC))
    machine.up("edge")
    port = machine.ports["edge"]
    for number, word in enumerate(("first", "second", "third"), start=1):
        write_generation(machine.published, site(number, word))
        _, headers, body = asked(port, "/status/")
        assert body == text(word)
        assert asked(port, "/status/", if_none_match=headers["etag"])[0] == 304


def test_two_pages_of_one_length_and_one_second_are_not_taken_for_each_other(
    machine: Machine,
) -> None:
    """nginx tells files apart by their second and their size."""
    write_generation(machine.published, site(1, "one"))
    beat(machine.published, 1, datetime.now(UTC))
    machine.up("edge")
    port, seen = machine.ports["edge"], set[str]()
    for number, word in enumerate(("two", "six", "ten", "new", "old"), start=2):
        former = [
            asked(port, "/status/", accept_encoding=e)[1]["etag"] for e in ("gzip", "identity")
        ]
        write_generation(machine.published, site(number, word))
        for coding, etag in zip(("gzip", "identity"), former, strict=True):
            status, headers, _ = asked(port, "/status/", accept_encoding=coding, if_none_match=etag)
            assert status == 200
            assert headers["etag"] not in seen
            seen.add(headers["etag"])
        assert asked(port, "/status/")[2] == text(word)
