from __future__ import annotations

import json
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from incidents.importers.catalogue_file import load_shipped
from incidents.models import (
    Communication,
    Impact,
    Incident,
    Mention,
    RepairItem,
    Review,
    Revision,
    TimelineEntry,
)
from incidents.services.imports.catalogue import apply_catalogue
from incidents.signals import communication_written
from tests.conftest import NOW

ROOT = Path(__file__).resolve().parents[2]
TWIN = ROOT / "incidents" / "data" / "history-2024.txt"


@pytest.fixture
def shipped(db: None) -> None:
    apply_catalogue(catalogue=load_shipped(), now=NOW)


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("import_history", *arguments, stdout=out)
    return out.getvalue()


@pytest.mark.usefixtures("shipped")
def test_both_incidents_are_stored_with_windows_places_review_and_repair_items() -> None:
    run(str(TWIN))

    january = Incident.objects.get(started_at__month=1)
    assert [
        (o.started_at.hour, o.ended_at.hour) for o in january.occurrences.all() if o.ended_at
    ] == [(1, 8)]
    assert Review.objects.public().get().kind == "final"
    assert TimelineEntry.objects.count() == 14
    assert RepairItem.objects.filter(state="done").count() == 4
    assert set(RepairItem.objects.exclude(state="done").values_list("due", flat=True)) == {
        "2024-02",
        "2024-03",
    }
    february = Incident.objects.get(started_at__month=2)
    assert february.scenario == 3
    assert february.withdraw_after_review
    assert february.occurrences.count() == 2
    assert "### " in Communication.objects.public().get(incident=february).public_text
    assert not Review.objects.filter(incident=february).exists()


@pytest.mark.usefixtures("shipped")
def test_places_are_kept_as_named_without_a_cross_product() -> None:
    run(str(TWIN))

    january = Incident.objects.get(started_at__month=1)
    named = Mention.objects.filter(incident=january, recovered_at=None)
    assert named.filter(region__isnull=False).count() == 5
    assert named.filter(service__isnull=False, role="impacted").count() >= 26
    assert not Impact.objects.exists()
    key_vault = Mention.objects.get(
        incident=january, service__slug="key-vault", recovered_at__isnull=False
    )
    assert f"{key_vault.recovered_at:%H:%M}" == "09:28"


@pytest.mark.usefixtures("shipped")
def test_reading_twice_stores_once() -> None:
    run(str(TWIN))
    revision = Revision.objects.get(id=1).number

    assert "0 stored, 2 were there already." in run(str(TWIN))

    assert Incident.objects.count() == 2
    assert Revision.objects.get(id=1).number == revision


@pytest.mark.usefixtures("shipped")
def test_importing_rings_no_bell(django_capture_on_commit_callbacks: object) -> None:
    heard: list[object] = []

    def listen(**arguments: object) -> None:
        heard.append(arguments)

    communication_written.connect(listen)
    try:
        with django_capture_on_commit_callbacks(execute=True) as callbacks:  # type: ignore[operator]  # a fixture
            run(str(TWIN))
    finally:
        communication_written.disconnect(listen)
    assert callbacks == []
    assert heard == []


@pytest.mark.usefixtures("shipped")
def test_an_entry_without_a_time_is_named_and_the_others_are_stored(tmp_path: Path) -> None:
    path = tmp_path / "history.txt"
    undated = "March 2024\n\nSummary of Impact: Customers of Storage in East US saw errors.\n\n"
    path.write_text(undated + TWIN.read_text())

    said = run(str(path))

    assert "not stored: the text states no start of impact" in said
    assert "2 stored" in said
    assert Incident.objects.count() == 2


@pytest.mark.usefixtures("shipped")
def test_lines_without_a_place_are_shown() -> None:
    assert "unread: Skip to Main Content" in run(str(TWIN))


@pytest.mark.usefixtures("shipped")
def test_a_tracking_id_that_was_declared_here_is_not_overwritten() -> None:
    run(str(TWIN))
    taken = Incident.objects.get(started_at__month=1)
    taken.backfilled = False
    taken.save()
    Incident.objects.get(started_at__month=2).delete()

    with pytest.raises(CommandError, match="declared here") as refused:
        run(str(TWIN))

    assert refused.value.returncode == 2
    assert Incident.objects.count() == 1, "nothing of the text is stored"


@pytest.mark.usefixtures("db")
def test_a_place_that_no_loaded_catalogue_has_is_not_invented() -> None:
    run(str(TWIN))
    assert Incident.objects.count() == 2
    assert not Mention.objects.exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "does not exist"),
        (b"", "is empty"),
        (b"\x00\x01\x02", "is binary"),
        ("Über".encode("latin-1"), "is not UTF-8"),
        ("January 2024".encode("utf-16"), "is UTF-16"),
        (b"Nothing of the kind.\n", "no incident"),
        (
            b"January 2024\nWhat happened?\nBetween 10:00 UTC on 5 January 2024 and 09:00 UTC on"
            b" 5 January 2024, customers of Storage in East US saw errors.\n",
            "before",
        ),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_one_line_with_status_2(
    tmp_path: Path, content: bytes | None, words: str
) -> None:
    path = tmp_path / "history.txt"
    if content is not None:
        path.write_bytes(content)

    result = subprocess.run(
        [sys.executable, "manage.py", "import_history", "--dry-run", str(path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode == 2
    assert result.stdout == ""
    assert len(result.stderr.strip().splitlines()) == 1
    assert words in result.stderr


def test_a_dry_run_needs_no_server_and_prints_what_it_read_as_json() -> None:
    result = subprocess.run(
        [sys.executable, "manage.py", "import_history", "--dry-run", "--json", str(TWIN)],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "DATABASE_URL": "", "REDIS_URL": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    incidents = json.loads(result.stdout)["incidents"]
    windows = [(w["start"], w["end"]) for i in incidents for w in i["windows"]]
    assert windows == [
        ("2024-02-07T09:00:00Z", "2024-02-07T10:48:00Z"),
        ("2024-02-08T09:00:00Z", "2024-02-08T10:30:00Z"),
        ("2024-01-21T01:30:00Z", "2024-01-21T08:58:00Z"),
    ]
    assert [len(i["timeline"]) for i in incidents] == [0, 14]
    assert [len(i["repair_items"]) for i in incidents] == [0, 11]
