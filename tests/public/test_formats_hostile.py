"""Whatever is written into titles, names and texts: every format stays well-formed, and says it as text."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from statuspage.public.formats.plain import clean
from statuspage.public.render.page import Page
from tests.public.format_snapshots import answer, hostile, pages_of

NASTY = st.text(
    st.one_of(
        st.sampled_from("<>&\"'\\;,:\r\n\t\x00\x0b\x1b\x7f\x85\u2028\ufffe\uffff\ud800]"),
        st.characters(),
        st.sampled_from("\u202e\u0301字🔥"),
    ),
    max_size=120,
)
ATTACKS = (
    "]]><script>alert(1)</script>",
    "</title></svg><svg onload=alert(1)>",
    "BEGIN:VEVENT\r\nUID:evil\r\nEND:VEVENT\r\n",
    "\x00\x08\x0b\x1f\ud800\ufffe\uffff",
    "{{ 7*7 }}${7*7}<!--<![CDATA[&nbsp;&#0;",
    "",
)
XML = ("application/rss+xml", "application/atom+xml", "image/svg+xml")


def check(path: str, page: Page) -> None:
    kind = page.content_type.partition(";")[0]
    text = page.body.decode()  # UTF-8, strictly
    if kind in XML:
        root = ET.fromstring(page.body)  # noqa: S314  (our own bytes)
        assert not [
            e
            for e in root.iter()
            if e.tag.rpartition("}")[2] in ("script", "svg") and e is not root
        ]
    elif kind == "text/calendar":
        calendar = Calendar.from_ical(page.body)
        uids = [str(event["uid"]) for event in calendar.walk("VEVENT")]
        assert all(uid.startswith("WORK-008@") for uid in uids), uids
        assert len(uids) <= 1
    elif kind in ("text/html", "text/javascript"):
        assert "<script>" not in text.casefold(), path
    else:
        assert kind.endswith("json"), path
        json.loads(text)


@settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow])
@given(text=NASTY)
@example(ATTACKS[0])
@example(ATTACKS[1])
@example(ATTACKS[2])
@example(ATTACKS[3])
@example(ATTACKS[4])
@example(ATTACKS[5])
def test_no_words_break_any_format(text: str) -> None:
    shown = hostile(text)
    for path, page in pages_of(shown, text).items():
        check(path, page)
    for path in ("/history.rss", "/history.atom", "/feed.json", "/maintenance.ics"):
        for query in ({"service": "storage"}, {"region": text}, {"service": text, "region": text}):
            filtered = answer(shown, path, **query)
            if filtered is not None:
                check(path, filtered)
    badge = answer(shown, "/badge/storage/east-us.svg")
    assert badge is not None
    check("badge", badge)


@pytest.mark.parametrize("text", ATTACKS[:2])
def test_markup_in_words_arrives_as_words(text: str) -> None:
    pages = pages_of(hostile(text))
    for path, title in (
        ("/history.rss", "channel/item/title"),
        ("/history.atom", "{*}entry/{*}title"),
    ):
        root = ET.fromstring(pages[path].body)  # noqa: S314  (our own bytes)
        assert text in {str(found.text).partition(": ")[2] for found in root.iterfind(title)}
    items = json.loads(pages["/feed.json"].body)["items"]
    assert text in [item["content_text"] for item in items]
    summary = json.loads(pages["/api/v2/summary.json"].body)
    assert summary["incidents"][0]["name"] == text


def test_what_no_document_may_hold_is_taken_out_and_the_rest_stays() -> None:
    assert clean("a\x00b\x1bc\x7fd\ud800e\ufffef\uffffg\x9fh") == "abcdefgh"
    assert clean("a\r\nb\rc\u2028d\te") == "a\nb\nc\nd\te"
    assert clean("Größe 字 🔥 \u202e") == "Größe 字 🔥 \u202e"
