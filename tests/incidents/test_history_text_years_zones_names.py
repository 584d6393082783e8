"""Dates without a year, letters that mean several zones, names outside the catalogue: told, never guessed."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from incidents.importers.catalogue_file import load_shipped
from incidents.importers.history_text import NameEntry, NameIndex, read_history
from tests.incidents.history_pages import a_page, read

SHIPPED_NAMES = NameIndex(
    NameEntry(kind=kind, slug=slug, name=name, aliases=tuple(aliases))
    for kind, slug, name, aliases in load_shipped().names()
)


def whole(text: str, today: date | None = None) -> dict[str, Any]:
    (it,) = read_history(text, SHIPPED_NAMES, today=today)
    return it.to_dict()


def starts(text: str, today: date | None = None) -> list[str]:
    return [window["start"][:16] for window in whole(text, today)["windows"]]


def said(day: str) -> str:
    return f"Between 09:00 and 10:48 UTC on {day}, customers using Storage in East US had errors."


@pytest.mark.parametrize(
    ("day", "month", "expected"),
    [
        ("7 May", "May 2024", ["2024-05-07T09:00"]),
        ("28 April", "May 2024", ["2024-04-28T09:00"]),
        ("30 December", "January 2024", ["2023-12-30T09:00"]),
        ("3 January", "December 2023", ["2024-01-03T09:00"]),
        ("20 November", "March 2024", []),  # of which year, nobody knows
        ("7 May 2023", "March 2024", ["2023-05-07T09:00"]),  # what is written counts
    ],
)
def test_a_date_without_a_year_has_one_only_where_the_page_has_room_for_it(
    day: str, month: str, expected: list[str]
) -> None:
    page = a_page(said(day), month=month)
    assert starts(page) == expected
    assert (said(day) in whole(page)["unread"]) == (not expected)


def test_a_date_without_a_year_never_lies_in_the_future() -> None:
    page = a_page(said("30 May"), month="May 2024")
    assert starts(page, today=date(2024, 5, 30)) == ["2024-05-30T09:00"]
    assert starts(page, today=date(2024, 5, 29)) == []


def test_a_neighbour_gives_the_year() -> None:
    text = "Between 22:00 UTC on 31 December and 01:00 UTC on 1 January 2024, errors."
    assert starts(a_page(text, month="")) == ["2023-12-31T22:00"]
    assert starts(a_page("Between 09:00 and 10:00 UTC on 1 May, errors.", month="")) == []


def test_the_date_of_another_is_not_taken_for_one_of_an_unknown_year() -> None:
    text = f"{said('7 May 2024')} {said('20 November').replace('09:00', '11:00').replace('10:48', '12:00')}"
    assert starts(a_page(text, month="May 2024")) == ["2024-05-07T09:00"]


CHINESE = "Between 17:00 and 18:48 CST on 7 May 2024, customers using Storage in China North 3 had errors."


@pytest.mark.parametrize(
    "statement",
    [
        "All times are China Standard Time.",
        "Azure operated by 21Vianet",
        "See https://status.azure.cn/ for news.",
        "所有时间均为北京时间。",
        "由世纪互联运营",
    ],
)
def test_cst_is_chinas_where_the_page_says_so(statement: str) -> None:
    assert starts(f"{statement}\n\n{a_page(CHINESE)}") == ["2024-05-07T09:00"]
    brackets = CHINESE.replace("17:00 and 18:48 CST", "17:00 (CST) and 18:48 (CST)")
    assert starts(f"{statement}\n\n{a_page(brackets)}") == ["2024-05-07T09:00"]


def test_cst_is_nobodys_where_the_page_does_not_say_so() -> None:
    assert starts(a_page(CHINESE)) == []
    assert CHINESE in whole(a_page(CHINESE))["unread"]
    both = f"21Vianet. Central Standard Time is used here.\n\n{a_page(CHINESE)}"
    assert starts(both) == []


def test_a_difference_to_utc_beside_the_letters_tells_what_they_mean() -> None:
    for zone, expected in (
        ("CST (UTC+8)", "09:00"),
        ("IST (UTC+05:30)", "11:30"),
        ("CST, GMT-6", "23:00"),
    ):
        text = CHINESE.replace("17:00 and 18:48 CST", f"17:00 and 18:48 {zone}")
        assert [start[11:] for start in starts(a_page(text))] == [expected]


def test_times_without_a_zone_are_not_read_where_all_are_in_an_unclear_one() -> None:
    text = "Between 17:00 and 18:48 on 7 May 2024, errors. All times are in CST."
    assert starts(a_page(text)) == []
    assert starts(a_page(text.replace("CST", "UTC"))) == ["2024-05-07T17:00"]


def test_names_outside_the_catalogue_are_listed_and_no_other_product_is_taken_for_them() -> None:
    it = whole(
        a_page(
            "Between 09:00 and 10:48 UTC on 7 May 2024, customers using IoT Suite in West Europe had"
            " errors. Impacted services included Azure Data Catalog, Key Vault, Storage Explorer and Lab"
            " Services. Affected services: Quantum Ledger."
        )
    )
    assert it["services"] == ["Key Vault"]
    assert it["unknown_names"] == [
        "IoT Suite",
        "Data Catalog",
        "Storage Explorer",
        "Lab Services",
        "Quantum Ledger",
    ]


@pytest.mark.parametrize(
    "words",
    [
        "Storage Accounts",
        "Azure Storage in East US",
        "the Storage Service",
        "Storage Premium",
        "Storage",
    ],
)
def test_a_kind_of_a_service_is_that_service(words: str) -> None:
    it = whole(
        a_page(f"Between 09:00 and 10:48 UTC on 7 May 2024, customers using {words} had errors.")
    )
    assert (it["services"], it["unknown_names"]) == (["Storage"], [])


def test_no_name_is_invented_where_none_is_used() -> None:
    it = read(
        a_page(
            "Between 09:00 and 10:48 UTC on 7 May 2024, customers using Azure resources, REST APIs or the"
            " Azure Portal in East US had errors."
        )
    )[0]
    assert it["unknown_names"] == []
