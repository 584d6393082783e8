from __future__ import annotations

from datetime import UTC, datetime

import pytest

from statuspage.desk.form.typed_times import MomentError, coming_moment, past_moment, said, typed

NOW = datetime(2026, 1, 10, 0, 30, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("00:15", datetime(2026, 1, 10, 0, 15, tzinfo=UTC)),
        ("0:15", datetime(2026, 1, 10, 0, 15, tzinfo=UTC)),
        ("00:15 UTC", datetime(2026, 1, 10, 0, 15, tzinfo=UTC)),
        ("00:30", datetime(2026, 1, 10, 0, 30, tzinfo=UTC)),
        ("23:50", datetime(2026, 1, 9, 23, 50, tzinfo=UTC)),  # before midnight, typed after it
        ("2026-01-10 09:00", datetime(2026, 1, 10, 9, 0, tzinfo=UTC)),
        ("2026-01-10T09:00:30Z", datetime(2026, 1, 10, 9, 0, tzinfo=UTC)),
        ("-30", datetime(2026, 1, 10, 0, 0, tzinfo=UTC)),
        ("-2h", datetime(2026, 1, 9, 22, 30, tzinfo=UTC)),
        ("45 min ago", datetime(2026, 1, 9, 23, 45, tzinfo=UTC)),
        ("3am", datetime(2026, 1, 9, 3, 0, tzinfo=UTC)),
        ("12:15 a.m.", datetime(2026, 1, 10, 0, 15, tzinfo=UTC)),
        ("11 PM", datetime(2026, 1, 9, 23, 0, tzinfo=UTC)),
        ("20:00 CET", datetime(2026, 1, 9, 19, 0, tzinfo=UTC)),
        ("01:10 CET", datetime(2026, 1, 10, 0, 10, tzinfo=UTC)),
        ("2026-01-09 20:00 EST", datetime(2026, 1, 10, 1, 0, tzinfo=UTC)),
        ("yesterday 22:10", datetime(2026, 1, 9, 22, 10, tzinfo=UTC)),
        ("now", datetime(2026, 1, 10, 0, 30, tzinfo=UTC)),
    ],
)
def test_a_time_that_has_been(text: str, moment: datetime) -> None:
    assert past_moment(text, NOW) == moment


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("+30", datetime(2026, 1, 10, 1, 0, tzinfo=UTC)),
        ("+ 30 min", datetime(2026, 1, 10, 1, 0, tzinfo=UTC)),
        ("+2h", datetime(2026, 1, 10, 2, 30, tzinfo=UTC)),
        ("01:00", datetime(2026, 1, 10, 1, 0, tzinfo=UTC)),
        ("00:15", datetime(2026, 1, 11, 0, 15, tzinfo=UTC)),
        ("2026-01-10 09:00", datetime(2026, 1, 10, 9, 0, tzinfo=UTC)),
        ("in 30 min", datetime(2026, 1, 10, 1, 0, tzinfo=UTC)),
        ("in 2 hours", datetime(2026, 1, 10, 2, 30, tzinfo=UTC)),
        ("3am", datetime(2026, 1, 10, 3, 0, tzinfo=UTC)),
        ("tomorrow at 3am", datetime(2026, 1, 11, 3, 0, tzinfo=UTC)),
        ("01:10 CET", datetime(2026, 1, 11, 0, 10, tzinfo=UTC)),
    ],
)
def test_a_time_to_come(text: str, moment: datetime) -> None:
    assert coming_moment(text, NOW) == moment


@pytest.mark.parametrize(
    "text", ["", "24:00", "9", "09.00", "2026-13-01 09:00", "2026-02-30 09:00", "0000-01-01 09:00",
             "٠٩:٠٠", "2026-01-10 09:00+02:00", "x" * 500]
)  # fmt: skip
def test_what_is_no_time_is_named_with_the_forms_that_are(text: str) -> None:
    with pytest.raises(MomentError, match=r"is not a time; write .*09:00 or 2026-01-10 09:00"):
        past_moment(text, NOW)


@pytest.mark.parametrize("text", ["09:00 CST", "3am IST", "20:00 bst"])
def test_a_zone_that_means_several_is_refused(text: str) -> None:
    with pytest.raises(MomentError, match="means several zones; write the time in UTC"):
        past_moment(text, NOW)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("00:15", "00:15 UTC tomorrow, in 23 h 45 min"),
        ("+30", "01:00 UTC today, in 30 min"),
        ("2026-02-03 09:00", "09:00 UTC on Tue 3 Feb 2026"),
    ],
)
def test_a_time_is_read_back_with_its_day(text: str, words: str) -> None:
    assert said(coming_moment(text, NOW), NOW) == words


def test_what_is_prefilled_can_be_read_back() -> None:
    assert past_moment(typed(NOW), NOW) == NOW.replace(second=0)
