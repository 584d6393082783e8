"""Pages in the shapes that status pages have had over the years, with what must be read of them."""

from __future__ import annotations

from tests.incidents.history_pages import sample, times


def test_a_preliminary_review_below_the_filters_of_its_page() -> None:
    (it,) = sample("preliminary-with-filters")
    assert it["tracking_id"] == "QRT1-B90"
    assert it["title"] == (
        "Preliminary Post Incident Review (PIR) – Azure Networking – Backbone routing trouble"
    )
    assert (it["kind"], it["month"]) == ("preliminary-review", "2023-01")
    assert times(it) == [("2023-01-25T07:05", "2023-01-25T12:43")]
    assert it["impacted_services"] == [
        "Network Infrastructure", "Virtual WAN", "ExpressRoute", "VPN Gateway",
    ]  # fmt: skip
    assert it["impacted_regions"] == ["West Europe", "North Europe"]
    assert [row["at"][11:16] for row in it["timeline"]] == ["07:12", "08:10", "09:35"]
    assert [(item["state"], item["due"]) for item in it["repair_items"]] == [
        ("done", None),
        ("planned", "2023-02"),
    ]
    assert it["survey"] == "https://example.com/AzPIR/QRT1-B90"
    assert it["sections"][0]["kind"] == "introduction"
    assert it["sections"][0]["text"].startswith("This is our Preliminary PIR")
    assert "Product:" in it["unread"]


def test_several_days_of_a_month_with_an_entry_that_has_no_headings() -> None:
    july, june = sample("several-days")
    assert (july["tracking_id"], july["kind"], july["month"]) == (
        "2K70-N_8",
        "final-review",
        "2024-07",
    )
    assert times(july) == [("2024-07-18T21:40", "2024-07-19T22:00")]
    assert july["unknown_names"] == ["Quantum Ledger"]
    assert july["timeline"][3] == {
        "at": "2024-07-19T03:41:00Z",
        "text": "Between 03:41 and 12:15 UTC on 19 July 2024 – Remaining services came back one"
        " after the other",
    }
    assert [(item["state"], item["due"]) for item in july["repair_items"]] == [
        ("done", None),
        ("planned", "2024-12"),
        ("planned", None),
    ]
    assert any(line.startswith("Virtual machine owners") for line in july["unread"])
    assert july["retrospective_video"] == "https://example.com/AIR/2K70-N_8"
    assert (june["kind"], june["month"]) == ("mitigation-statement", "2024-06")
    assert [row["at"] for row in june["timeline"]] == [
        "2024-06-03T18:46:00Z",
        "2024-06-03T18:59:00Z",
        "2024-06-03T20:36:00Z",
    ]


def test_two_old_reviews_without_a_month_between_them() -> None:
    sign_in, vault = sample("two-old-reviews")
    assert (sign_in["tracking_id"], sign_in["kind"]) == ("TM79-F88", "final-review")
    assert times(sign_in) == [("2020-09-28T21:25", "2020-09-29T00:23")]
    assert sign_in["impacted_services"] == ["Microsoft Entra ID"]
    assert (sign_in["impacted_regions"], sign_in["geographies"]) == (["Australia East"], ["Europe"])
    assert [row["at"] for row in sign_in["timeline"]] == [
        "2020-09-28T21:25:00Z",
        "2020-09-28T22:03:00Z",
    ]
    assert [(item["state"], item["due"]) for item in sign_in["repair_items"]] == [
        ("done", None),
        ("planned", "2020-10"),
    ]
    assert sign_in["survey"] == "https://example.com/survey/tm79"
    assert (vault["tracking_id"], vault["title"]) == (
        "_B_9-9R8",
        "RCA – Key Vault – Latency in East US 2",
    )
    assert times(vault) == [("2020-12-31T23:20", "2021-01-01T02:10")]
    assert vault["regions"] == ["East US 2"]


def test_markdown_headings_and_waves_of_impact() -> None:
    march, february = sample("markdown-notes")
    assert (march["tracking_id"], march["title"], march["kind"]) == (
        "ZX4_-7QP",
        "Mitigated - Service Bus - West Europe",
        "mitigation-statement",
    )
    assert times(march) == [("2025-03-12T23:30", "2025-03-13T01:15")]
    assert [window["label"] for window in february["windows"]] == ["First wave", "Second wave"]
    assert times(february) == [
        ("2025-02-04T09:28", "2025-02-04T10:02"),
        ("2025-02-04T13:00", "2025-02-04T13:45"),
    ]
    assert february["impacted_services"] == ["API Management"]
    assert february["services"] == ["API Management", "Front Door"]
    assert february["recoveries"] == [
        {"service": "API Management", "region": "North Europe", "at": "2025-02-04T10:02:00Z"}
    ]
    assert [(item["state"], item["due"]) for item in february["repair_items"]] == [
        ("done", None),
        ("in-progress", None),
        ("planned", "2025-06"),
    ]
    assert february["unread"] == [
        "**What about refunds?**",
        "Ask your account team about credits.",
    ]


def test_a_page_whose_months_are_in_another_language() -> None:
    february, december = sample("mitigated-localised")
    assert (february["month"], february["tracking_id"], february["kind"]) == (
        "2026-02",
        "_N5C-9RZ",
        "preliminary-review",
    )
    assert february["impacted_regions"] == ["East US", "West US"]
    assert february["impacted_services"] == [
        "Managed identities for Azure resources", "Synapse Analytics", "Databricks",
        "Azure Kubernetes Service (AKS)",
    ]  # fmt: skip
    assert february["recoveries"][0]["at"] == "2026-02-03T06:05:00Z"
    assert (december["month"], december["title"]) == (
        "2025-12",
        "Post-incident review – Front Door – Global",
    )
    assert times(december) == [("2025-12-30T22:43", "2025-12-31T03:00")]
    assert december["geographies"] == ["Asia Pacific", "Europe"]
    assert [item["state"] for item in december["repair_items"]] == ["done", "planned"]


def test_entries_in_a_row_without_titles_or_months() -> None:
    storage, database, app = sample("untitled-in-a-row")
    assert [it["month"] for it in (storage, database, app)] == ["2024-05"] * 3
    assert times(storage) == [("2024-05-02T10:00", "2024-05-02T11:00")]
    assert times(database) == [("2024-05-20T06:48", "2024-05-20T09:40")]
    assert times(app) == [("2024-05-21T05:00", "2024-05-21T06:30")]
    assert (app["kind"], app["regions"]) == ("mitigation-statement", ["West Europe"])


def test_impact_that_goes_on_has_no_end() -> None:
    (it,) = sample("going-on")
    assert times(it) == [("2025-11-05T12:00", None)]
    assert (it["scenario"], it["title"]) == (3, "Active – Cosmos DB – South Central US")
    assert [section["kind"] for section in it["sections"]] == ["impact", "status"]


def test_a_hard_wrapped_mail_with_a_night_in_its_timeline() -> None:
    (it,) = sample("hard-wrapped")
    assert (it["tracking_id"], it["title"]) == ("8TFC-XB0", "RCA - Virtual Machines - UK South")
    assert times(it) == [("2022-01-14T22:40", "2022-01-15T03:05")]
    assert it["timeline"] == [
        {"at": "2022-01-14T22:40:00Z", "text": "The queue began to grow in the first cluster."},
        {"at": "2022-01-14T23:55:00Z", "text": "On-call engineers were paged."},
        {
            "at": "2022-01-15T00:20:00Z",
            "text": "The sender was found and cut off from the controller.",
        },
        {"at": "2022-01-15T03:05:00Z", "text": "Virtual Machines recovered in UK South."},
    ]
    assert [(item["state"], item["due"]) for item in it["repair_items"]] == [
        ("planned", "2022-02"),
        ("in-progress", None),
    ]


def test_the_source_of_a_web_page() -> None:
    (it,) = sample("pasted-html")
    assert (it["tracking_id"], it["kind"]) == ("WVJ6-PX8", "final-review")
    assert it["title"] == "Post Incident Review (PIR) – Data centre cooling – Australia East"
    assert times(it) == [("2023-08-30T08:41", "2023-09-03T06:40")]
    assert it["impacted_services"] == ["Storage", "Virtual Machines", "SQL Database"]
    assert [row["at"][11:16] for row in it["timeline"]] == ["08:41", "11:34"]
    assert [item["owner"] for item in it["repair_items"]] == [None, "facilities team"]
