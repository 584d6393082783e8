"""Tracking IDs and identifiers as people type, paste and dictate them."""

from __future__ import annotations

import pytest

from incidents.texts import as_typed
from notifications.vocabulary import identifiers


@pytest.mark.parametrize(
    "text",
    [
        "6QKD-2XM",
        "6qkd-2xm",
        " 6QKD-2XM\n",
        "6QKD\N{NON-BREAKING HYPHEN}2XM",
        "6QKD\N{EN DASH}2XM",
        "6QKD\N{MINUS SIGN}2XM",
        "6QKD-\N{ZERO WIDTH SPACE}2XM",
        "6QKD2XM",
        "6qkd 2xm",
    ],
)
def test_a_tracking_id_is_found_however_it_is_spelled(text: str) -> None:
    assert as_typed.tracking_id(text) == "6QKD-2XM"


def test_what_is_no_tracking_id_stays_what_it_is() -> None:
    assert as_typed.tracking_id("nobody-knows") == "NOBODY-KNOWS"
    assert as_typed.tracking_id("") == ""


def test_spelling_twice_changes_nothing() -> None:
    for text in ("{0a1b2c3d-1111-4222-8333-444455556666}", "contoso–prod", "subscriptions/x"):
        once = identifiers.spelled(text)
        assert identifiers.spelled(once) == once


@pytest.mark.parametrize(
    "text",
    [
        "12345678",
        " 1234 5678\n",
        "1234-5678",
        "１２３４　５６７８",
        "\u200f١٢٣٤ ٥٦٧٨",
        "1234\u00a05678",
    ],
)
def test_a_code_is_read_from_any_keyboard(text: str) -> None:
    assert as_typed.digits(text) == "12345678"


def test_what_has_no_digits_is_no_code() -> None:
    assert as_typed.digits("é²Ⅷ") == ""
