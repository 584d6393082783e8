"""Files of another format are refused by name, and nothing is invented from them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from incidents.importers.history_text import HistoryError
from incidents.models import Communication, Incident, Review
from tests.incidents.history_pages import SAMPLES, SHIPPED, a_page, read

SAID = "Between 09:00 and 10:30 UTC on 1 March 2024, customers using Storage in West Europe saw errors."
FRONT = "title: Move\ndate: 2024-12-24 10:35:00\nresolved: true"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (json.dumps({"incidents": [{"name": "Slow", "body": SAID}]}, indent=1), "is JSON"),
        (json.dumps([{"text": SAID}]), "is JSON"),
        (f'{{"text": "{SAID}"}}\n{{"text": "{SAID}"}}\n', "is JSON"),
        (f'{{"incidents": [{{"text": "{SAID}"', "is JSON"),
        (
            f"<?xml version='1.0'?><rss><item><description>{SAID}</description></item></rss>",
            "is XML",
        ),
        (f"<feed xmlns='x'><entry><content>{SAID}</content></entry></feed>", "is XML"),
        (f"---\n{FRONT}\n---\n\n{SAID}\n", "begins with YAML front matter"),
        (f"\ufeff---\r\n{FRONT}\r\n---\r\n\r\n{SAID}", "begins with YAML front matter"),
        (
            f'+++\ntitle = "Move"\ndate = 2024-12-24T10:35:00Z\n+++\n{SAID}',
            "begins with TOML front",
        ),
        (f"title: Move\nwhen: 2024-12-24 10:35\ntext: {SAID}\n", "is YAML"),
        (f'title = "Move"\nwhen = 2024-12-24\ntext = "{SAID}"\n', "is TOML"),
        (f'id,title,start,text\n1,Slow,09:00,"{SAID}"\n2,Down,12:00,"{SAID}"\n', "is CSV"),
        (f"id;title;start;text\n1;Slow;09:00;{SAID}\n2;Down;12:00;{SAID}\n", "is CSV"),
        (f"sep=,\nid,text\n1,{SAID}\n", "is CSV"),
        (f"From: a@b.example\nTo: c@d.example\nSubject: Down\nDate: x\n\n{SAID}", "is a mail"),
        (
            f"Return-Path: <>\nReceived: by x\n\twith y\nFrom: a@b.example\nTo: c\n\n{SAID}",
            "is a mail",
        ),
        (f"BEGIN:VCALENDAR\nBEGIN:VEVENT\nDESCRIPTION:{SAID}\nEND:VEVENT\n", "is a calendar"),
        (
            "<html><body><h1>All is well</h1><p>No incidents.</p></body></html>",
            "is HTML without any",
        ),
    ],
)
def test_it_is_refused_by_name_with_where_to_go(text: str, words: str) -> None:
    with pytest.raises(HistoryError) as refused:
        read(text)
    assert str(refused.value).startswith(words)
    assert "save what it shows as text" in str(refused.value) or "text of the mail" in str(
        refused.value
    )


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"%PDF-1.7\n" + SAID.encode(), "is a PDF"),
        (b"PK\x03\x04" + SAID.encode(), "is a ZIP archive or an Office document"),
        (b"\x1f\x8b\x08" + SAID.encode(), "is compressed"),
        (b"\x89PNG\r\n", "is a picture"),
        (SAID.encode() + b"\0", "is binary"),
    ],
)
def test_binary_files_are_refused_by_name(tmp_path: Path, raw: bytes, words: str) -> None:
    file = tmp_path / "history"
    file.write_bytes(raw)
    with pytest.raises(CommandError, match=words) as refused:
        call_command("import_history", str(file), dry_run=True)
    assert refused.value.returncode == 2


@pytest.mark.parametrize("path", [SHIPPED, *sorted(SAMPLES.iterdir())], ids=lambda path: path.name)
def test_no_page_of_a_status_history_is_taken_for_another_format(path: Path) -> None:
    assert read(path.read_text(encoding="utf-8"))


def test_a_rule_of_dashes_or_a_few_commas_are_no_other_format() -> None:
    assert len(read(f"---\n\n{a_page(SAID)}\n---\n")) == 1
    assert len(read(a_page(f"{SAID} Errors, delays, and timeouts; later, a few failures."))) == 1
    assert len(read(f"- one\n- two\n{a_page(SAID)}")) == 1


ANNOUNCED = """\
September 2024

Sign-in failed (Tracking ID PRE1-000)

What happened?

Between 18:46 UTC and 20:36 UTC on 16 September 2024, customers using Virtual Desktop in East US had errors.

What do we know so far?

A database of ours failed.

How did we respond?

- 18:46 UTC on 16 September 2024 – Impact began.

What happens next?

{}
"""


@pytest.mark.parametrize(
    "promise",
    [
        "We will publish a Preliminary Post Incident Review (PIR) within 72 hours.",
        "A Preliminary PIR will be shared within three days.",
        "Our team is planning to publish a post-incident review soon.",
        "A root cause analysis is to follow.",
    ],
)
def test_a_notice_that_announces_a_review_is_not_the_review(promise: str) -> None:
    (it,) = read(ANNOUNCED.format(promise))
    assert it["kind"] == "mitigation-statement"


@pytest.mark.parametrize(
    ("promise", "title", "kind"),
    [
        ("We will publish the Final PIR within 14 days.", "Sign-in failed", "preliminary-review"),
        ("We will publish a PIR.", "Preliminary PIR – Sign-in failed", "preliminary-review"),
        ("We will publish a Final Review.", "Sign-in failed", "preliminary-review"),
        ("Nothing is planned.", "Post Incident Review – Final – Sign-in failed", "final-review"),
    ],
)
def test_a_review_that_announces_the_next_one_is_a_review(
    promise: str, title: str, kind: str
) -> None:
    (it,) = read(ANNOUNCED.format(promise).replace("Sign-in failed", title))
    assert it["kind"] == kind


def test_a_word_of_the_title_makes_no_review() -> None:
    promise = "We will publish a Preliminary PIR within 72 hours."
    page = ANNOUNCED.format(promise).replace("Sign-in failed", "Final stage of a move failed")
    assert read(page)[0]["kind"] == "mitigation-statement"


@pytest.mark.usefixtures("catalogue")
def test_what_an_announcement_says_is_kept_whole_and_no_review_is_made(tmp_path: Path) -> None:
    file = tmp_path / "page.txt"
    file.write_text(ANNOUNCED.format("We will publish a Preliminary PIR within 72 hours."))
    call_command("import_history", str(file))
    assert Incident.objects.get().stage == "mitigated"
    assert not Review.objects.exists()
    said = Communication.objects.get().public_text
    assert "- 18:46 UTC on 16 September 2024 – Impact began." in said
    assert "We will publish a Preliminary PIR" in said
