"""Shapes met on pages of many years: folded entries, dated labels, saved pages, lists by their lead."""

from __future__ import annotations

import pytest

from incidents.importers.catalogue_file import load_shipped
from incidents.importers.history_text import NameEntry, NameIndex, read_history
from incidents.importers.history_text.repairs import read_repair_item, state_of_lead
from incidents.importers.history_text.structure.headings import match_heading
from incidents.importers.history_text.structure.markup import without_tags
from tests.incidents.history_pages import NAMES, SAMPLES, a_page, read, times

IMPACT = "Between 09:00 and 10:48 UTC on 7 May 2024, customers of Storage met errors."


def test_a_page_saved_as_html() -> None:
    later, earlier = read((SAMPLES / "saved-page.html").read_text(encoding="utf-8"))
    assert later["title"] == (
        "Post Incident Review (PIR) – Front Door – Pages answered slowly or not at all"
    )
    assert (later["tracking_id"], later["month"]) == ("TRWN-BWZ", "2025-10")
    assert later["kind"] == "final-review"
    assert times(later) == [("2025-10-29T15:41", "2025-10-30T00:05")]
    assert [row["at"] for row in later["timeline"]] == [
        "2025-10-29T15:41:00Z",
        "2025-10-30T00:05:00Z",
    ]
    assert later["repair_items"][1]["text"] == (
        "We will widen the checks (https://example.com/checks)."
    )
    assert later["retrospective_video"] == "https://example.com/AIR/TRWN-BWZ"
    assert later["survey"] == "https://example.com/AzPIR/TRWN-BWZ"
    assert (earlier["tracking_id"], times(earlier)) == (
        "QNXQ-5W8",
        [("2025-10-09T07:50", "2025-10-09T16:00")],
    )


def test_markup_becomes_what_its_reader_sees() -> None:
    assert without_tags("<p>a<script>b</script>c<!-- d --></p>").split() == ["ac"]
    assert without_tags('<p><a href="https://x.test/a?b=1&amp;c=2">here</a></p>').strip() == (
        "here (https://x.test/a?b=1&c=2)"
    )
    assert without_tags('<p><a href="https://x.test/a">https://x.test/a</a></p>').strip() == (
        "https://x.test/a"
    )
    assert without_tags("<p>open <script> stays</p>").split() == ["open", "stays"]
    assert without_tags("a < b &amp; c") == "a < b & c"


def test_folded_entries_are_entries_though_only_their_titles_show() -> None:
    page = (
        "January 2021\nNetwork trouble in one country - Mitigated (Tracking ID DM9S-VC8)\n"
        "Storage slow (Tracking ID DM9S-VC9)\nDecember 2020\n"
        f"RCA - Sign-in errors (Tracking ID PS9T-790)\nSummary of impact: {IMPACT}\n"
    )
    first, second, third = read(page)
    assert (first["tracking_id"], first["month"], first["windows"]) == ("DM9S-VC8", "2021-01", [])
    assert first["title"] == "Network trouble in one country - Mitigated"
    assert second["title"] == "Storage slow"
    assert (third["tracking_id"], third["month"]) == ("PS9T-790", "2020-12")


def test_one_review_for_several_incidents_has_the_first_of_their_ids() -> None:
    (it,) = read(
        "February 2026\n\nPost Incident Review (PIR) – Virtual Machines – Work on machines failed"
        f" (Tracking IDs FNX8-VQZ and _M9B-9RZ)\n\nWhat happened?\n\n{IMPACT}\n"
    )
    assert it["tracking_id"] == "FNX8-VQZ"
    assert it["title"] == "Post Incident Review (PIR) – Virtual Machines – Work on machines failed"
    assert it["unread"] == ["Tracking IDs FNX8-VQZ and _M9B-9RZ"]


@pytest.mark.parametrize(
    ("line", "kind", "rest"),
    [
        ("Summary ofImpact: errors", "impact", "errors"),
        ("Root Cause (updated 27 Apr 2021): a defect", "root-cause", "a defect"),
        ("Preliminary Root-Cause: a defect", "root-cause", "a defect"),
        ("Next Steps (Updated 27 Apr 2021):", "next-steps", ""),
        ("Providefeedback: rate it", "communication", "rate it"),
        ("Remediation and Prevention", "prevention", ""),
        ("Detailed Description of Impact", "impact", ""),
        ("How is Example making incidents like this less likely, or at least less impactful?",
         "prevention", ""),
        ("How we are making incidents like this less likely or less impactful?", "prevention", ""),
        ("How can our customers and partners make incidents like this less impactful?",
         "customer-advice", ""),
    ],
)  # fmt: skip
def test_more_headings(line: str, kind: str, rest: str) -> None:
    heading = match_heading(line)
    assert heading is not None
    assert (heading.kind, heading.rest) == (kind, rest)


def test_the_line_above_tells_the_state_of_items_that_tell_none() -> None:
    page = (
        a_page(IMPACT) + "\nNext Steps: We are sorry. We have already\n"
        "• Mended the guard.\n• Widened the drills.\nThe remaining steps are\n"
        "• Protect the store as well.\n• Bring the spare path to all.\n"
    )
    (it,) = read(page)
    assert [item["state"] for item in it["repair_items"]] == ["done", "done", "planned", "planned"]
    assert state_of_lead("In progress:") == "in-progress"
    assert state_of_lead("We have already told everybody of this.") is None


def test_items_whose_bullets_were_lost_below_the_line_that_announces_them() -> None:
    page = (
        a_page(IMPACT) + "\nNext Steps: We are sorry. In this case, this includes (but is not"
        " limited to):\n\nRepair the defect (Completed)\n\nFind such traffic sooner\n"
    )
    (it,) = read(page)
    assert [(item["text"], item["state"]) for item in it["repair_items"]] == [
        ("Repair the defect.", "done"),
        ("Find such traffic sooner", "planned"),
    ]


@pytest.mark.parametrize(
    ("text", "state", "due"),
    [
        ("We will mend it. (Estimated completion: 8/2024)", "planned", "2024-08"),
        ("We will mend it. (Estimated completion: CY23-Q4)", "planned", "2023-12"),
        ("We will mend it. (Estimated completion: Q1 CY24)", "planned", "2024-03"),
        ("(Completed) The guard was mended", "done", None),
    ],
)
def test_more_ways_to_say_how_far_an_item_is(text: str, state: str, due: str | None) -> None:
    item = read_repair_item(text)
    assert (item.state, item.due) == (state, due)
    assert not item.text.startswith(" ")


def test_rows_below_lines_that_are_dates() -> None:
    page = (
        "What happened?\nBetween 13:37 UTC on 18 March and 00:30 UTC on 19 March 2025, errors.\n"
        "How did we respond?\n18 March 2025\n13:37 UTC - Errors began.\n16:52 UTC - Half mended.\n"
        "20 March 2025\n00:10 UTC – Looked once more.\n09:30 UTC – Closed.\n"
    )
    (it,) = read(page)
    assert [row["at"] for row in it["timeline"]] == [
        "2025-03-18T13:37:00Z",
        "2025-03-18T16:52:00Z",
        "2025-03-20T00:10:00Z",
        "2025-03-20T09:30:00Z",
    ]
    assert it["sections"][1]["text"] == "18 March 2025\n\n20 March 2025"


def test_a_year_before_a_colon_belongs_to_the_date() -> None:
    page = f"What happened?\n{IMPACT}\nHow did we respond?\n• 09:00 UTC on 07 May 2024: It began.\n"
    assert read(page)[0]["timeline"] == [{"at": "2024-05-07T09:00:00Z", "text": "It began."}]


@pytest.mark.parametrize(
    ("impact", "window"),
    [
        ("On 12 June 2025 from 10:51 to 18:18 US/Pacific, errors.",
         ("2025-06-12T17:51", "2025-06-13T01:18")),
        ("From 8:30 AM PT to 9:00 AM PT on 3 March 2025, errors.",
         ("2025-03-03T16:30", "2025-03-03T17:00")),
        ("Errors began at 2025-06-12 10:51 and ended at 2025-06-12 18:18"
         " (all times are US/Pacific).", ("2025-06-12T17:51", "2025-06-13T01:18")),
    ],
)  # fmt: skip
def test_times_of_the_pacific_coast_follow_its_summer(impact: str, window: tuple[str, str]) -> None:
    assert times(read(a_page(impact, month="June 2025"))[0]) == [window]


def test_the_one_zone_of_an_entry_is_that_of_times_without_one() -> None:
    page = (
        "We want to tell of the disruption on October 19 and 20, 2025. It started at 11:48 PM PDT"
        " on October 19. First, between 11:48 PM on October 19 and 2:40 AM on October 20, customers"
        " met errors.\n"
    )
    assert times(read(page)[0]) == [("2025-10-20T06:48", "2025-10-20T09:40")]


@pytest.mark.parametrize(
    ("impact", "windows"),
    [
        ("Between 02:15 UTC and 05:40 UTC on 06 Sep 2023 (09:15 PM to 12:40 AM EST), errors.",
         [("2023-09-06T02:15", "2023-09-06T05:40")]),
        ("Starting at 18:03 UTC on 2 Sep 2023, errors. Most was mitigated by 00:30 UTC on 03 Sep"
         " 2023, with full mitigation at 06:05 UTC.",
         [("2023-09-02T18:03", "2023-09-03T06:05")]),
        ("Between 00:56 and 03:40 UTC on 20 Sep 2023, errors.\n• Portal: Between 01:00 and 03:00"
         " UTC", [("2023-09-20T00:56", "2023-09-20T03:40")]),
        ("Incident began at 2023-09-02 18:03 UTC and ended at 2023-09-03 06:05 UTC.",
         [("2023-09-02T18:03", "2023-09-03T06:05")]),
    ],
)  # fmt: skip
def test_more_windows(impact: str, windows: list[tuple[str, str]]) -> None:
    assert times(read(a_page(impact, month="September 2023"))[0]) == windows


def test_entries_without_headings_end_with_their_span() -> None:
    page = (
        "October 2025\nTrouble with some services\nThis incident has been resolved, and we will"
        " tell of its causes as soon as we know them ourselves.\nOct 29, 16:17 - 23:15 UTC\n\n"
        "Trouble with builds\nOn October 20, 2025, between 08:05 UTC and 10:50 UTC builds failed"
        " for a part of all users.\nOct 20, 08:05 - 10:50 UTC\n"
    )
    later, earlier = read(page)
    assert later["title"] == "Trouble with some services"
    assert times(later) == [("2025-10-29T16:17", "2025-10-29T23:15")]
    assert earlier["title"] == "Trouble with builds"
    assert times(earlier) == [("2025-10-20T08:05", "2025-10-20T10:50")]


def test_a_page_that_a_mail_quotes_reads_as_the_page() -> None:
    page = (SAMPLES / "preliminary-with-filters.txt").read_text(encoding="utf-8")
    quoted = "\n".join(f"> {line}" if line else ">" for line in page.split("\n"))
    assert read(quoted) == read(page)


def test_rows_that_lost_their_bullets_keep_the_words_before_their_times() -> None:
    page = (
        f"What happened?\n{IMPACT}\nHow did we respond?\n09:10 UTC on 7 May 2024 - It was seen.\n"
        "By 10:00 UTC – Half was mended.\nAt 10:48 UTC, all was well.\n"
    )
    (it,) = read(page)
    assert [(row["at"][11:16], row["text"]) for row in it["timeline"]] == [
        ("09:10", "It was seen."),
        ("10:00", "Half was mended."),
    ]
    assert it["sections"][1]["text"] == "At 10:48 UTC, all was well."


def test_next_steps_on_the_line_of_a_feed() -> None:
    page = (
        f"SUMMARY OF IMPACT: {IMPACT}\nNEXT STEPS: We are sorry. In this case, this includes (but is"
        " not limited to): - Watch the balancer [COMPLETED] - Add checks [IN PROGRESS]\n"
    )
    (it,) = read(page)
    assert [(item["text"], item["state"]) for item in it["repair_items"]] == [
        ("Watch the balancer.", "done"),
        ("Add checks [IN PROGRESS]", "in-progress"),
    ]


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("Checks are being rolled out in December 2019.", "2019-12"),
        ("Finish the work on safe changes by January 31st, 2020.", "2020-01"),
        ("This will be completed by the end of March 2020", "2020-03"),
        ("We will learn from the incident of March 2020.", None),
        ("We have repaired this in May 2020.", None),
    ],
)
def test_a_month_that_a_sentence_promises(text: str, due: str | None) -> None:
    assert read_repair_item(text).due == due


def test_a_paragraph_that_tells_why_it_was_public_is_the_note() -> None:
    told = (
        "At first, this incident was communicated via the public Status page, as the full impact"
        " was not sufficiently determined."
    )
    (it,) = read(f"Impact Statement: {IMPACT}\n\nCurrent Status: We work on it.\n\n{told}\n")
    assert (it["note"], it["scenario"]) == (told, 3)
    prose = "Later we decided to communicate publicly via the Status page."
    (it,) = read(f"What happened?\n{IMPACT}\nHow did we respond?\n{prose}\n")
    assert it["note"] is None


def test_where_news_is_told_is_not_what_broke() -> None:
    names = _shipped()
    (it,) = read_history(
        f"What happened?\n{IMPACT} Updates will be provided directly via Azure Service Health.\n",
        names,
    )
    assert it.impacted_services == ["Storage"]
    assert it.services == ["Storage", "Service Health"]


@pytest.mark.parametrize(
    ("text", "services"),
    [
        ("The Fabric Controllers lost their switches", []),
        ("This included Microsoft Entra ID (Mobility Policy Service)", ["Microsoft Entra ID"]),
        ("Please read https://example.com/AzPIR/WAF soon", []),
        ("customers of Azure Policy and Advisor RP saw errors", ["Azure Policy", "Azure Advisor"]),
        ("Automation - Work on update blades failed", ["Azure Automation"]),
        ("customers of Microsoft 365, Office 365 and M365", ["Microsoft 365"]),
        ("customers of Azure SQL Managed Instances", ["SQL Managed Instance"]),
        (
            "customers of Azure Active Directory Domain Services",
            ["Microsoft Entra Domain Services"],
        ),
        ("customers of Azure SQL Data Warehouse", ["Synapse Analytics"]),
        ("customers of Azure SQL Database and Azure AD", ["SQL Database", "Microsoft Entra ID"]),
    ],
)
def test_words_of_the_shipped_catalogue_in_prose(text: str, services: list[str]) -> None:
    found = [it.name for it in _shipped().find(text) if it.kind == "service"]
    assert list(dict.fromkeys(found)) == services


def test_services_on_impacted_resources_are_impacted_and_network_paths_are_not() -> None:
    (it,) = read(
        "What happened?\nBetween 09:00 and 10:48 UTC on 7 May 2024, errors.\nWhat do we know so far?\n"
        "This impacted work on Azure resources, including but not limited to Databricks and Backup."
        "\nTraffic between regions was impacted over many paths which included ExpressRoute.\n"
    )
    assert it["impacted_services"] == ["Databricks", "Backup"]
    assert it["services"] == ["Databricks", "Backup", "ExpressRoute"]


def test_a_region_whose_number_lost_its_space() -> None:
    assert [it.name for it in NAMES.find("errors in East US2 and West US 2")] == [
        "East US 2",
        "West US 2",
    ]


def test_a_list_of_what_people_did_is_no_list_of_services() -> None:
    (it,) = read(a_page(f"{IMPACT} Scenarios were hit, including Chat, Voice and Video."))
    assert it["unknown_names"] == []


@pytest.mark.parametrize(
    ("impact", "title"),
    [
        ("Between 13:37 and 16:52 UTC on 18 March 2025, and again between 23:20 UTC on 18 March and"
         " 00:30 UTC on 19 March, a cut cable and a failing tool within our East US region,"
         " resulted in errors.", "A cut cable and a failing tool within our East US region"),
        ("Between 07:05 UTC and 12:43 UTC on 25 March 2025, customers experienced issues with"
         " reaching the network, as well as other services including Storage.",
         "Issues with reaching the network"),
        ("Between 07:05 UTC and 12:43 UTC on 25 March 2025, customers may have experienced issues"
         " with multiple Azure services in the East US region. Storage was first.",
         "Multiple services – East US"),
    ],
)  # fmt: skip
def test_a_derived_title_says_what_the_first_sentence_is_about(impact: str, title: str) -> None:
    assert read(a_page(impact, month="March 2025"))[0]["title"] == title


def test_a_report_that_another_status_page_passes_on() -> None:
    (it,) = read(
        "Cloud Incident - Front Door - Post Incident Review (PIR) - Front Door and CDN - slow pages.\n"
        "Incident Report for Example\nResolved\nThis incident has been resolved.\n"
        f"Posted Sep 09, 2024 - 10:03 CEST\nUpdate\n\nWhat happened?\n\n{IMPACT}\n"
    )
    assert it["title"].startswith("Cloud Incident - Front Door - Post Incident Review")
    assert "Posted Sep 09, 2024 - 10:03 CEST" in it["unread"]


def _shipped() -> NameIndex:
    return NameIndex(
        NameEntry(kind=kind, slug=slug, name=name, aliases=tuple(aliases))
        for kind, slug, name, aliases in load_shipped().names()
    )
