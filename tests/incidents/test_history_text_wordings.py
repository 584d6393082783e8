"""The many wordings of windows, headings, titles and repair items."""

from __future__ import annotations

import pytest

from incidents.importers.history_text.repairs import read_repair_item
from incidents.importers.history_text.structure.headings import match_heading
from incidents.importers.history_text.structure.layout import is_day_mark, month_heading
from tests.incidents.history_pages import NAMES, a_page, read, times

ONE_DAY = [("2024-05-07T09:00", "2024-05-07T10:48")]
ONE_NIGHT = [("2024-05-07T23:20", "2024-05-08T02:10")]


@pytest.mark.parametrize(
    ("impact", "windows"),
    [
        ("Between 09:00 and 10:48 UTC on 07 May 2024, customers met errors.", ONE_DAY),
        ("between 09:00 UTC and 10:48 UTC on 7 May 2024, customers met errors.", ONE_DAY),
        ("Between approximately 9:00 UTC and 10:48 UTC on May 7, 2024, errors.", ONE_DAY),
        ("Between as early as 09:00 UTC and until 10:48 UTC on 7 May 2024, errors.", ONE_DAY),
        ("On 7th of May 2024 between 09:00 and 10:48 UTC customers met errors.", ONE_DAY),
        ("From 2024-05-07 09:00 UTC to 2024-05-07 10:48 UTC customers met errors.", ONE_DAY),
        ("From 2024-05-07T09:00Z until 2024-05-07T10:48Z customers met errors.", ONE_DAY),
        ("Customers met errors (09:00–10:48 UTC, 7 May 2024).", ONE_DAY),
        ("Customers met errors on 7 May 2024, 09:00 – 10:48 UTC.", ONE_DAY),
        ("Between May 7, 2024 09:00 UTC and May 7, 2024 10:48 UTC, errors.", ONE_DAY),
        ("Between 9:00 AM UTC and 10:48 AM UTC on May 7, 2024, errors.", ONE_DAY),
        ("Between 0900 UTC and 1048 UTC on 7 May 2024, errors.", ONE_DAY),
        ("Between 11:00 and 12:48 CEST on 7 May 2024, errors.", ONE_DAY),
        ("Starting at 09:00 UTC on 7 May 2024 errors; all was mitigated by 10:48 UTC.", ONE_DAY),
        ("Between 09:00 UTC and 10:48 UTC on Tuesday, 7 May 2024 errors.", ONE_DAY),
        ("Between 09:00\xa0and\u200b 10:48 UTC on 07\xa0May 2024, errors.", ONE_DAY),
        ("Between 23:20 UTC on 7 May 2024 and 02:10 UTC, errors.", ONE_NIGHT),
        ("Between 23:20 and 02:10 UTC on 7 May 2024, errors.", ONE_NIGHT),
        ("Between 23:20 UTC on 7 May and 02:10 UTC on 8 May 2024, errors.", ONE_NIGHT),
        ("From 23:20 UTC on 7 May 2024 to 02:10 on 8 May, errors.", ONE_NIGHT),
        ("Starting at 09:00 UTC on 7 May 2024, errors.", [("2024-05-07T09:00", None)]),
        (
            "Between 09:00 and 10:48 UTC on 7 May and 11:00 and 12:00 UTC on 8 May 2024, errors.",
            [*ONE_DAY, ("2024-05-08T11:00", "2024-05-08T12:00")],
        ),
        (
            "Between 09:00 and 10:48 UTC on 7 May 2024, errors, most between 09:10 and 09:40 UTC.",
            ONE_DAY,
        ),
        (
            "The change was deployed between 07:00 and 08:00 UTC on 7 May 2024.\n"
            "Customers met errors between 09:00 and 10:48 UTC on 7 May 2024.",
            ONE_DAY,
        ),
        (
            "Between 09:00 and 10:48 UTC on 7 May 2024, errors. The update deployed between 07:00"
            " UTC and 08:00 UTC caused the errors.",
            ONE_DAY,
        ),
        (
            "Between 09:00 UTC and 10:48 UTC on 7 May 2024 (Phase 1) and 20:00 UTC and 21:00 UTC on"
            " 7 May 2024 (Phase 2), errors.",
            [*ONE_DAY, ("2024-05-07T20:00", "2024-05-07T21:00")],
        ),
        ("Beginning at 09:00 UTC on 7 May 2024 and ending at 10:48 UTC, errors.", ONE_DAY),
        ("Impact start: 09:00 UTC on 7 May 2024. Impact end: 10:48 UTC on 7 May 2024.", ONE_DAY),
        (
            "Between 22:00 UTC on 31 December and 24:00 UTC on 1 January 2024, errors.",
            [("2023-12-31T22:00", "2024-01-02T00:00")],
        ),
    ],
)
def test_a_window_is_read_however_it_is_worded(
    impact: str, windows: list[tuple[str, str | None]]
) -> None:
    (incident,) = read(a_page(impact))
    assert times(incident) == windows


def test_only_the_day_before_being_named_moves_the_beginning_of_a_night() -> None:
    page = a_page("Between 23:20 and 02:10 UTC on 8 May 2024, errors.").replace(
        "Restarted.", "On 7 May 2024 a disk broke."
    )
    assert times(read(page)[0]) == ONE_NIGHT


def test_a_time_zone_with_two_meanings_is_not_guessed() -> None:
    text = "Between 11:45 and 15:10 CST on 7 May 2024, errors in Storage."
    page = a_page(text) + "\nWhat happened?\nBetween 09:00 and 10:48 UTC on 7 May 2024, errors.\n"
    first = read(page)[0]
    assert (first["windows"], first["unread"]) == ([], [text])


@pytest.mark.parametrize(
    ("line", "kind", "rest"),
    [
        ("What happened?", "impact", ""),
        ("WHAT HAPPENED", "impact", ""),
        ("**What happened?**", "impact", ""),
        ("### What happened?", "impact", ""),
        ("1. What happened?", "impact", ""),
        ("What happened? Between 09:00 and 10:00", "impact", "Between 09:00 and 10:00"),
        ("SUMMARY OF IMPACT: Between", "impact", "Between"),
        ("**Summary of impact:** Between", "impact", "Between"),
        ("Summary of Impact", "impact", ""),
        ("Impact Statement: Starting", "impact", "Starting"),
        ("Who was affected?", "impact", ""),
        ("Current Status: Engineers", "status", "Engineers"),
        ("What do we know so far?", "findings", ""),
        ("What do we know so far", "findings", ""),
        ("What went wrong and why?", "root-cause", ""),
        ("What went wrong, and why?", "root-cause", ""),
        ("What went wrong & why?", "root-cause", ""),
        ("Preliminary Root Cause: We", "root-cause", "We"),
        ("Root cause and mitigation: We", "root-cause", "We"),
        ("How did we respond?", "response", ""),
        ("How did Contoso respond?", "response", ""),
        ("Mitigation: We", "mitigation", "We"),
        ("How are we making incidents like this less likely or less impactful?", "prevention", ""),
        (
            "How is Contoso making incidents like this less likely, or less impactful?",
            "prevention",
            "",
        ),
        ("How are we making incidents like these less likely and less impactful", "prevention", ""),
        ("What are we doing to prevent this from happening again?", "prevention", ""),
        ("How can customers make incidents like this less impactful?", "customer-advice", ""),
        ("How can our customers and partners make outages less impactful?", "customer-advice", ""),
        ("How can we make our incident communications more useful?", "communication", ""),
        ("How can we make our incident communication more useful?", "communication", ""),
        ("What happens next?", "next-steps", ""),
        ("What’s next?", "next-steps", ""),
        ("Next Steps: We", "next-steps", "We"),
        ("Next steps", "next-steps", ""),
    ],
)
def test_a_heading_is_known_in_its_variants(line: str, kind: str, rest: str) -> None:
    heading = match_heading(line)
    assert heading is not None
    assert (heading.kind, heading.rest) == (kind, rest)


@pytest.mark.parametrize(
    "line",
    [
        "What happened next was that the cache ran empty.",
        "Mitigation began at 09:00 UTC and was over soon.",
        "Next steps are being discussed by the teams.",
        "Root cause analysis takes some days, as all teams take part in it.",
        "Impact was seen in East US.",
        "How did we respond to alerts was one of the questions.",
        "Summary of impact in numbers follows below.",
    ],
)
def test_prose_is_not_taken_for_a_heading(line: str) -> None:
    assert match_heading(line) is None


@pytest.mark.parametrize(
    ("line", "month"),
    [
        ("January 2024", "2024-01"),
        ("January, 2023", "2023-01"),
        ("## **March 2025**", "2025-03"),
        ("septiembre de 2024", "2024-09"),
        ("Dezember 2024", "2024-12"),
        ("leden 2025", "2025-01"),
        ("2024年1月", "2024-01"),
        ("2024-07", "2024-07"),
        ("12 January 2024", None),
        ("Version 2024", None),
    ],
)
def test_a_line_with_a_month_alone_is_a_month_heading(line: str, month: str | None) -> None:
    assert month_heading(line) == month


def test_day_marks_are_short_numbers() -> None:
    assert [
        line for line in ("21", "2/3", "25-1", "19.9", "0", "45", "21:30") if is_day_mark(line)
    ] == [
        "21",
        "2/3",
        "25-1",
        "19.9",
    ]


@pytest.mark.parametrize(
    ("text", "owner", "state", "due"),
    [
        ("Our ARM team have fixed it. (Completed)", "ARM team", "done", None),
        ("We have fixed it. Completed.", None, "done", None),
        ("The Storage team will widen it (Estimated completion: March 2024).", "Storage team", "planned", "2024-03"),
        ("We will widen it (Estimated completion: mid-March 2024)", None, "planned", "2024-03"),
        ("We will widen it (ETA: 15 April 2024)", None, "planned", "2024-04"),
        ("We will widen it – Estimated completion: Sept 2024.", None, "planned", "2024-09"),
        ("We will widen it [Estimated completion: 2024-05]", None, "planned", "2024-05"),
        ("We will widen it (Estimated completion: Q1 2025)", None, "planned", "2025-03"),
        ("We will widen it (Estimated completion: December 2024 / January 2025)", None, "planned", "2025-01"),
        ("We will widen it (TBD)", None, "planned", None),
        ("We are widening it (In progress)", None, "in-progress", None),
        ("Finally, our Key Vault team are adding tests. (Completed in May 2024)", "Key Vault team", "done", None),
        ("We will widen it.", None, "planned", None),
        ("We are widening it.", None, "in-progress", None),
        ("We have widened it.", None, "done", None),
    ],
)  # fmt: skip
def test_a_repair_item_knows_owner_state_and_month(
    text: str, owner: str | None, state: str, due: str | None
) -> None:
    item = read_repair_item(text)
    assert (item.owner, item.state, item.due) == (owner, state, due)


def test_a_marker_that_says_more_than_a_month_stays_in_the_text() -> None:
    exact = read_repair_item("We will widen it. (Estimated completion: March 2024)")
    vague = read_repair_item("We will widen it. (Estimated completion: mid-March 2024)")
    assert exact.text == "We will widen it."
    assert vague.text == "We will widen it. (Estimated completion: mid-March 2024)"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("customers in South Central US", ["South Central US"]),
        ("customers in North West Europe", []),
        ("customers in East US 3 and East US 2", ["East US 2"]),
        ("customers in East US, 2 hours later", ["East US"]),
        ("customers in the US", []),
        ("an arm of the company", []),
        ("ARM and Azure Data Factory", ["Azure Resource Manager", "Data Factory"]),
        ("Event Hub and SQL Databases", ["Event Hubs", "SQL Database"]),
        ("we store backups; please migrate", []),
        ("Device Update for IoT Hub", ["Device Update for IoT Hub"]),
        ("the Azure portal", ["Azure Portal"]),
        ("the Portal", ["Azure Portal"]),
        ("Policy changes are hard", []),
        ("across Europe", ["Europe"]),
        ("European regions", ["Europe"]),
        ("European customers", []),
        ("Azure Kubernetes Service (AKS)", ["Azure Kubernetes Service (AKS)"]),
        ("Key Vault's data plane", ["Key Vault"]),
    ],
)
def test_the_longest_name_wins_and_parts_of_words_do_not(text: str, names: list[str]) -> None:
    assert [found.name for found in NAMES.find(text)] == names


def test_services_that_were_spared_are_only_mentioned() -> None:
    (it,) = read(
        a_page(
            "Between 09:00 and 10:48 UTC on 7 May 2024, Storage in East US had errors."
            " Key Vault in West US was not affected."
        )
    )
    assert (it["impacted_services"], it["services"]) == (["Storage"], ["Storage", "Key Vault"])
    assert (it["impacted_regions"], it["regions"]) == (["East US"], ["East US", "West US"])


def test_a_statement_on_one_line_is_unfolded() -> None:
    (it,) = read(
        "SUMMARY OF IMPACT: Between 09:00 and 10:48 UTC on 7 May 2024, errors in Storage."
        "PRELIMINARY ROOT CAUSE: A disk. MITIGATION: A new disk. NEXT STEPS: More disks."
    )
    assert [(part["kind"], part["text"]) for part in it["sections"]] == [
        ("impact", "Between 09:00 and 10:48 UTC on 7 May 2024, errors in Storage."),
        ("root-cause", "A disk."),
        ("mitigation", "A new disk."),
        ("next-steps", "More disks."),
    ]
