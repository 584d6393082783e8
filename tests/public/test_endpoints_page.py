"""One page names every address that programs may ask, and each of them answers."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

from statuspage.public.formats import FILTERS, format_answers, format_pages
from statuspage.public.formats.statuspage.queries import FIELDS
from statuspage.public.renderer import render_language, render_site
from statuspage.public.serve.app import public_site
from statuspage.public.store.current_generation import Store
from statuspage.public.store.generation import write_generation
from tests.public.sites import ask
from tests.public.snapshots import bad_night

LINK = re.compile(r'<a href="([^"]+)"><code>')


def test_every_address_on_the_page_answers_and_none_is_missing(tmp_path: Path) -> None:
    write_generation(tmp_path, render_site(bad_night()))
    web = public_site(Store(tmp_path), format_answers, lambda *_: [], keys={*FILTERS, *FIELDS})
    page = ask(web, "/status/api/").body.decode()
    found = [unescape(href) for href in LINK.findall(page)]
    for address in found:
        path, _, query = address.partition("?")
        reply = ask(web, path, query)
        assert reply.status == 200, address
        if "?" in address and path.endswith(".json"):
            assert reply.body != ask(web, path).body, f"{address} is answered like {path}"
    known = format_pages(bad_night(), site_name="x", base_url="https://status.example.com")
    assert set(known) <= set(found)
    assert page.count("<pre") == page.count("<h2"), "each group has an example"
    assert '<a href="/status/api/">API</a>' in ask(web, "/status/").body.decode()


def test_the_page_is_there_in_every_language() -> None:
    german = render_language(bad_night(), "de").pages["/de/status/api/"].body.decode()
    assert "Daten für Programme" in german
    assert "&lt;statuspage-state service=" in german
