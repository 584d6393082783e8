"""Another page is read at its address, through the outbound door; links to its incidents lead on."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from typing import Any, ClassVar

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from incidents.models import Incident
from statuspage.public.renderer import render_site
from statuspage.public.serve.app import public_site
from statuspage.public.snapshot.reader import read_snapshot
from statuspage.public.store.current_generation import Store
from statuspage.public.store.export import export
from statuspage.public.store.generation import write_generation
from tests.conftest import NOW
from tests.incidents.test_moving_over import STATUSPAGE
from tests.public.sites import ask

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("catalogue")]


class Page(BaseHTTPRequestHandler):
    documents: ClassVar[dict[str, Any]] = {}

    def do_GET(self) -> None:
        if self.path == "/moved":
            self.send_response(301)
            self.send_header("Location", "https://elsewhere.example/")
            self.end_headers()
            return
        known = self.path in self.documents
        body = json.dumps(self.documents.get(self.path)).encode()
        self.send_response(200 if known else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        return


@pytest.fixture
def page(settings: Settings) -> Iterator[str]:
    settings.OUTBOUND_ALLOW = ["127.0.0.0/8"]
    planned: dict[str, list[object]] = {"scheduled_maintenances": []}
    Page.documents = {
        "/api/v2/incidents.json": STATUSPAGE,
        "/api/v2/scheduled-maintenances.json": planned,
    }
    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def run(*args: str) -> str:
    out = StringIO()
    call_command("import_site", *args, stdout=out)
    return out.getvalue()


def test_of_a_page_both_documents_are_read(page: str) -> None:
    assert "1 incidents with 2 statements" in run(page)
    assert "1 there already" in run(f"{page}/api/v2/incidents.json")


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/missing.json", "/missing.json: it answered 404"),
        ("/moved", "/moved: it has moved to 'https://elsewhere.example/'"),
    ],
)
def test_what_is_not_there_is_named(page: str, path: str, words: str) -> None:
    with pytest.raises(CommandError, match=words):
        run(page + path)


def test_an_inner_address_is_refused(page: str, settings: Settings) -> None:
    settings.OUTBOUND_ALLOW = []
    with pytest.raises(CommandError, match="not https:// on port"):
        run(page)
    assert not Incident.objects.exists()


def test_a_link_to_the_old_page_leads_to_the_entry(page: str, tmp_path: Any) -> None:
    run(page)
    entry = f"/status/history/{Incident.objects.get().tracking_id}/"
    published = tmp_path / "published"
    write_generation(published, render_site(read_snapshot(now=NOW)))
    application = public_site(Store(published), {}, fallback=_unasked)

    for old, where in [
        ("/incidents/abc", entry),
        ("/incidents/abc/", entry),
        ("/history", "/status/history/"),
    ]:
        reply = ask(application, old)
        assert (reply.status, reply.headers["location"]) == (301, where)
    assert ask(application, "/incidents/other").status == 404

    export(published, tmp_path / "out", progress=lambda _done, _all: None)
    assert f"/incidents/abc {entry} 301" in (tmp_path / "out/_redirects").read_text().splitlines()


def _unasked(environ: Any, start_response: Any) -> Any:
    raise AssertionError(environ["PATH_INFO"])
