"""Recordings of every shape become facts over time; what cannot be read is named in one line."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from incidents.replay.formats import RecordingError, read_files
from incidents.replay.recordings import SHIPPED
from incidents.replay.replay import BacktestCase

REAL = Path(__file__).parents[1] / "data" / "recordings"

OWN: dict[str, Any] = {
    "id": "one",
    "began": "2026-01-10T08:00:00Z",
    "public": True,
    "label": "operators",
    "facts": [
        {"at": "2026-01-10T08:00:00Z", "known_by": "nobody", "services": ["dns"]},
        {
            "at": "2026-01-10T09:00:00+01:00",
            "regions": ["east", "west"],
            "level": "error",
            "known_by": "monitor",
        },
        {"at": "2026-01-10T08:30:00Z", "audience": "estimated", "basis": "assumed", "why": "…"},
    ],
}
GOOGLE = {
    "source": "google",
    "id": "g1",
    "begin": "2025-04-01T10:00:00+00:00",
    "posted": "2025-04-01T10:30:00+00:00",
    "end": "2025-04-01T12:00:00+00:00",
    "facts": [
        {
            "seen": "2025-04-01T10:45:00Z",
            "services": ["A"],
            "regions": ["r1"],
            "severity": "medium",
            "impact": "SERVICE_DISRUPTION",
        },
        {
            "seen": "2025-04-01T11:00:00Z",
            "services": ["A", "B"],
            "regions": ["r1", "r2"],
            "severity": "high",
            "impact": "SERVICE_OUTAGE",
        },
        {
            "seen": "2025-09-01T00:00:00Z",
            "services": ["A", "B", "C"],
            "regions": [],
            "severity": "high",
            "impact": "SERVICE_OUTAGE",
        },
    ],
    "updates": [
        {"at": "2025-04-01T10:30:00+00:00", "impact": "SERVICE_DISRUPTION", "regions": ["r1"]},
        {"at": "2025-04-01T12:10:00+00:00", "impact": "AVAILABLE", "regions": []},
    ],
}
STATUSPAGE = {
    "source": "github",
    "id": "s1",
    "begin": "2024-02-26T18:34:00Z",
    "posted": "2024-02-26T18:47:00Z",
    "end": "2024-02-26T19:37:00Z",
    "severity": "critical",
    "services": ["Webhooks"],
    "updates": [
        {"at": "2024-02-26T18:47:00Z", "status": "Investigating", "services": []},
        {"at": "2024-02-26T18:55:00Z", "status": "Update", "services": ["Webhooks", "Issues"]},
    ],
}


def read(tmp_path: Path, *documents: object) -> list[BacktestCase]:
    path = tmp_path / "some.jsonl"
    path.write_text("".join(f"{json.dumps(document)}\n" for document in documents))
    return list(read_files([str(path)]))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_what_a_line_leaves_out_stands_as_before(tmp_path: Path) -> None:
    (case,) = read(tmp_path, OWN)

    first, second = case.points
    assert first.at == utc("2026-01-10T08:00"), "nobody knew of the first moment"
    assert first.known_by == second.known_by == "monitor"
    assert first.facts.audience == "unknown"
    assert second.facts.audience == "estimated"
    assert (first.audience_assumed, second.audience_assumed) == (False, True)
    assert {each.region for each in second.facts.impacts} == {"east", "west"}
    assert (case.public, case.label) == (True, "operators")


def test_googles_shape_keeps_what_changed_while_it_mattered(tmp_path: Path) -> None:
    (case,) = read(tmp_path, GOOGLE)

    assert [point.facts.level for point in case.points[:3]] == ["warning", "warning", "error"]
    assert [len(point.facts.impacts) for point in case.points] == [1, 1, 2, 2]
    assert case.points[0].at == utc("2025-04-01T10:30"), "the first sight counts from the post"
    assert case.points[-1].at == utc("2025-04-01T12:10"), "what was edited in September does not"
    assert case.points[0].facts.audience == "estimated"
    assert case.points[0].audience_assumed
    assert case.public is True, "since March 2025 only what is broad is posted"


def test_statuspages_shape_is_one_region_that_is_global(tmp_path: Path) -> None:
    (case,) = read(tmp_path, STATUSPAGE)

    first, second = case.points
    assert {(each.region, each.extent) for each in first.facts.impacts} == {("global", "region")}
    assert [each.service for each in second.facts.impacts] == ["Webhooks", "Issues"]
    assert first.facts.level == "error"
    assert case.public is None


def test_a_label_in_the_document_is_believed(tmp_path: Path) -> None:
    cases = read(tmp_path, {**GOOGLE, "public": False}, {**STATUSPAGE, "public": True})
    assert [(case.public, case.label) for case in cases] == [(False, "stated"), (True, "stated")]


def test_public_documents_of_both_products_are_read_as_they_are(tmp_path: Path) -> None:
    google = tmp_path / "incidents.json"
    google.write_text(
        json.dumps(
            [
                {
                    "id": "EXAMPLE1",
                    "begin": "2026-01-10T09:00:00+00:00",
                    "created": "2026-01-10T09:20:00+00:00",
                    "end": None,
                    "external_desc": "Elevated errors\nin one product",
                    "status_impact": "SERVICE_OUTAGE",
                    "severity": "high",
                    "affected_products": [{"title": "BigQuery", "id": "bq"}],
                    "currently_affected_locations": [{"title": "Iowa", "id": "us-central1"}],
                    "updates": [
                        {
                            "when": "2026-01-10T09:40:00+00:00",
                            "status": "SERVICE_DISRUPTION",
                            "affected_locations": [],
                        }
                    ],
                }
            ]
        )
    )
    statuspage = tmp_path / "statuspage.json"
    statuspage.write_text(
        json.dumps(
            {
                "page": {"id": "x"},
                "incidents": [
                    {
                        "id": "abc",
                        "name": "Delays",
                        "impact": "minor",
                        "created_at": "2026-01-10T09:00:00Z",
                        "components": [{"name": "API"}],
                        "incident_updates": [{"created_at": "2026-01-10T09:00:00Z"}],
                    }
                ],
            }
        )
    )

    one, other = read_files([str(google), str(statuspage)])

    assert one.title == "Elevated errors in one product"
    assert [point.facts.level for point in one.points] == ["error", "warning"]
    assert other.points[0].facts.impacts[0].service == "API"


def test_the_shipped_moments_are_a_recording(tmp_path: Path) -> None:
    (case,) = read_files([str(SHIPPED / "2024-01-21.yaml")])
    assert case.really_public_at == utc("2024-01-21T03:57")


def test_the_real_recordings_are_read_whole() -> None:
    google, github = (
        list(read_files([str(REAL / f"{name}-incidents.jsonl.gz")]))
        for name in ("google", "github")
    )
    assert (len(google), len(github)) == (351, 982)
    assert sum(case.public is True for case in google) == 5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"facts": []}, "facts: an empty list is not a list of one or more moments"),
        ({"colour": 1}, "colour: unknown key with value 1; known are id, facts, title"),
        ({"facts": [{"at": "noon"}]}, 'facts[0].at: "noon" is not a time with an offset'),
        ({"facts": [{"level": "error"}]}, "facts[0].at: missing; give a time"),
        ({"facts": [{"at": "2026-01-10T09:00:00"}]}, "is not a time with an offset"),
        (
            {"facts": [{"at": "2026-01-10T09:00:00Z", "level": "bad"}]},
            'facts[0].level: "bad" is not one of informational, warning, error',
        ),
        (
            {"facts": [{"at": "2026-01-10T09:00:00Z", "services": ["dns"]}]},
            "facts[0].regions: nothing named yet; name one or more",
        ),
        ({"facts": [*OWN["facts"], {"at": "2026-01-09T00:00:00Z"}]}, "is before the moment above"),
        ({"facts": OWN["facts"][:1]}, "is known by nobody to the end"),
        ({"public": "yes"}, 'public: "yes" is neither true nor false'),
    ],
)
def test_a_recording_that_cannot_be_used_is_named_with_file_line_and_field(
    tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    with pytest.raises(RecordingError) as refused:
        read(tmp_path, OWN, {**OWN, **change})
    text = str(refused.value)
    assert "some.jsonl:2: " in text
    assert message in text
    assert text.isprintable()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"{", "not valid JSON"),
        (b"[1]", "is not an object"),
        (b"7", "holds no list of incidents"),
        (b"\xff\xfe{", "not UTF-8"),
        (gzip.compress(b"{}", mtime=0)[:-6], "cannot be read"),
        (json.dumps({"id": "x", "severity": "minor"}).encode(), "'updates' is missing"),
        (json.dumps({**STATUSPAGE, "severity": "bad"}).encode(), "'bad'"),
        (json.dumps({**STATUSPAGE, "updates": [7]}).encode(), "see docs/recordings.md"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "broken.jsonl"
    path.write_bytes(content)
    with pytest.raises(RecordingError, match=r"broken\.jsonl") as refused:
        list(read_files([str(path)]))
    assert message in str(refused.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"none\.jsonl: cannot be read .*No such file"):
        list(read_files([str(tmp_path / "none.jsonl")]))
