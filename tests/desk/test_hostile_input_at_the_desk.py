from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from incidents.models import Communication, Incident
from tests.desk.conftest import NEW, Form, sent_by, text_of
from tests.desk.test_updates_at_the_desk import own, send

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("public_title", "Down\r\nBcc: all@example.com", "Public title has the control character"),
        ("public_title", "bell \x07", "Public title has the control character U+0007; remove it."),
        ("internal_title", "a\x1b[31m", "Internal title has the control character U+001B"),
        ("public_text", "nul \x00", "Null characters are not allowed."),
        ("public_text", "x" * 20_001, "Public text has 20001 characters; shorten it to 20000."),
        ("targeted_text", "y" * 100_000, "Targeted text has 100000 characters"),
        ("public_title", "z" * 201, "Public title has 201 characters; shorten it to 200."),
        ("public_title", "   ", "Say in a few words what is wrong, and where."),
        ("dependents", "9" * 400, "less than or equal to 100000"),
        ("dependents", "9" * 5000, "Enter a whole number."),
        ("dependents", "a dozen", "Enter a whole number."),
        ("kind", "rumour", "Select a valid choice."),
        ("level", "\x00", "Select a valid choice."),
        ("since", "09:00\x00", "Null characters are not allowed."),
        ("since", "2026-02-30 09:00", "“2026-02-30 09:00” is not a time"),
        ("next_update_by", "2020-01-01 09:00", "is already over; promise a later time"),
        ("services", "nul\x00", "is no service of the catalogue"),
        ("regions", "' OR 1=1 --", "is no region of the catalogue"),
        ("extent", "galaxy", "Select a valid choice."),
        ("zones-west-europe", "9", "West Europe has no zone 9; it has 1, 2, 3."),
        ("extent-west-europe", "galaxy", "'galaxy' is none of subset, zone, region."),
    ],
)
def test_it_is_refused_in_words_and_nothing_is_lost(
    desk: Client, form: Form, field: str, value: str, words: str
) -> None:
    page = desk.post(NEW, form | {field: value})

    assert page.status_code == 422
    assert words in text_of(page)
    assert not Incident.objects.exists()
    back = sent_by(page, NEW)
    kept = "internal_title" if field == "public_title" else "public_title"
    assert back[kept] == [form[kept]]


def test_markup_in_titles_and_texts_stays_text(desk: Client, form: Form) -> None:
    nasty = "<script>alert(1)</script>"

    page = desk.post(
        NEW,
        form
        | {
            "public_title": nasty,
            "public_text": f"{nasty} [x](javascript:alert(1))",
            "targeted_text": nasty,
        },
    ).content.decode()

    assert nasty not in page
    assert 'href="javascript:' not in page


@pytest.mark.parametrize(
    ("name", "fields", "words"),
    [
        ("recover", {"region": "atlantis"}, "is not in the catalogue"),
        ("recover", {"region": "\x00"}, "Null characters are not allowed."),
        ("recover", {"service": "nothing"}, "is not in the catalogue"),
        ("recover", {"region": "east-us"}, "Nothing is open in East US"),
        ("audience", {"audience": "everybody"}, "Select a valid choice."),
        ("override", {"reason": "bell \x07"}, "Reason has the control character U+0007"),
        ("override", {"reason": "r" * 501}, "Reason has 501 characters; shorten it to 500."),
        ("update", {"targeted_text": "esc \x1b"}, "Targeted text has the control character"),
        ("update", {"next_update_by": "+99999999"}, "is not a time"),
    ],
)
def test_the_small_forms_refuse_it_as_well(
    desk: Client, targeted: Incident, name: str, fields: dict[str, Any], words: str
) -> None:
    page = send(desk, targeted, name, **fields)

    assert page.status_code == 422
    assert words in text_of(page)
    assert Communication.objects.count() == 1
    assert own(targeted, f"{name}/") in page.content.decode()
