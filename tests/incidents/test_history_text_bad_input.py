"""Texts that can't be read: one line that names the place and the remedy."""

from __future__ import annotations

from contextlib import suppress

import pytest

from incidents.importers.history_text import HistoryError
from tests.incidents.history_pages import SHIPPED, a_page, read

GOOD = "Between 09:00 and 10:48 UTC on 07 May 2024, Storage in East US had errors."


@pytest.mark.parametrize(
    ("impact", "line", "words"),
    [
        (
            "Between 10:48 UTC on 8 May 2024 and 09:00 UTC on 7 May 2024, errors.",
            3,
            "ends (2024-05-07T09:00:00Z) before it starts (2024-05-08T10:48:00Z)",
        ),
        ("Between 09:00 and 10:48 UTC on 31 June 2024, errors.", 3, "2024-06-31 is no date"),
        ("Between 09:00 and 25:10 UTC on 7 May 2024, errors.", 3, "25:10 is no time of day"),
        ("Between 09:00 and 09:75 UTC on 7 May 2024, errors.", 3, "9:75 is no time of day"),
    ],
)
def test_impossible_times_are_refused_with_their_line(impact: str, line: int, words: str) -> None:
    with pytest.raises(HistoryError) as caught:
        read(a_page(impact))
    assert caught.value.line == line
    assert str(caught.value).startswith(f"line {line}: ")
    assert words in str(caught.value)
    assert "correct" in str(caught.value)


def test_an_impossible_date_in_a_timeline_is_refused_with_its_line() -> None:
    page = a_page(GOOD) + "\n• 32 May 2024 @ 09:00 UTC – Errors began.\n"
    with pytest.raises(HistoryError, match="line 7: 2024-05-32 is no date"):
        read(page)


@pytest.mark.parametrize(
    "text",
    ["", "\n\n", "Skip to Main Content", "January 2024\n\nNothing to report.", "\x00\x01\x02"],
)
def test_a_text_without_any_incident_is_refused(text: str) -> None:
    with pytest.raises(HistoryError, match="no incident found; expected a heading such as"):
        read(text)


def test_one_tracking_id_on_two_different_incidents_is_refused() -> None:
    first = a_page(GOOD, heading="Mitigated – A – B (Tracking ID ABCD-123)\n\nSummary of Impact:")
    second = first.replace("10:48", "10:50")
    with pytest.raises(HistoryError, match="line 11: tracking ID ABCD-123 stands above two"):
        read(f"{first}\n{second}")


def test_the_same_entry_twice_is_one_incident() -> None:
    page = a_page(GOOD)
    assert len(read(f"{page}\n{page}")) == 1


def test_a_year_turn_is_no_error() -> None:
    (it,) = read(
        a_page("Between 22:00 UTC on 31 Dec and 01:00 UTC on 1 Jan, errors.", month="January 2024")
    )
    assert it["windows"][0]["start"] == "2023-12-31T22:00:00Z"


def test_any_piece_of_a_page_is_read_or_refused_but_never_breaks() -> None:
    text = SHIPPED.read_text(encoding="utf-8")
    counts = []
    for end in range(0, len(text), 97):
        with suppress(HistoryError):
            counts.append(len(read(text[:end])))
    assert counts == sorted(counts)
    assert set(counts) == {1, 2}
