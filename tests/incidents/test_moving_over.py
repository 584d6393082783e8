"""Another page moves over: silent, once, undone as a batch; and our own export comes back exactly."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from incidents.importers.site.found import SiteFileError
from incidents.importers.site.readers import LEVELS, READERS, STAGES, format_of, statuspage
from incidents.models import Communication, ImportBatch, Incident
from incidents.services.imports import site
from incidents.services.imports.documents import document_of, exportable, store
from incidents.services.imports.site_files import Read
from incidents.services.incident import declare, post_update, recover
from incidents.services.inputs import Statement
from incidents.services.reviews.review import Draft, Repair, Section, publish_review
from notifications.delivery import plan
from notifications.models import FanOut
from tests.conftest import declaration, hit

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]
STATUSPAGE: dict[str, Any] = {
    "page": {"id": "p"},
    "incidents": [
        {
            "id": "abc",
            "name": "Elevated errors",
            "status": "resolved",
            "impact": "major",
            "created_at": "2025-03-01T09:00:00.000Z",
            "started_at": "2025-03-01T08:50:00.000Z",
            "resolved_at": "2025-03-01T10:00:00.000Z",
            "shortlink": "https://stspg.io/abc",
            "postmortem_notified_subscribers": 7,
            "components": [{"id": "c", "name": "Storage"}, {"id": "d", "name": "Blobs"}],
            "incident_updates": [
                {"id": "u2", "status": "resolved", "body": "It works again.",
                 "created_at": "2025-03-01T10:00:00Z", "display_at": "2025-03-01T10:00:00Z"},
                {"id": "u1", "status": "investigating", "body": "We look at <b>it</b>.",
                 "created_at": "2025-03-01T09:00:00Z", "display_at": "2025-03-01T09:00:00Z"},
            ],
        }
    ],
}  # fmt: skip
CACHET = {
    "data": [
        {"id": 1, "name": "Slow", "message": "We look.", "status": 4, "human_status": "Fixed",
         "occurred_at": "2025-03-01 09:00:00", "created_at": "2025-03-01 09:00:00",
         "updated_at": "2025-03-01 10:00:00", "component": {"name": "Key Vault"}, "odd": 1}
    ]
}  # fmt: skip
GOOGLE = [
    {"id": "g1", "begin": "2025-03-01T08:50:00+00:00", "end": "2025-03-01T10:00:00+00:00",
     "external_desc": "Storage fails", "status_impact": "SERVICE_OUTAGE",
     "affected_products": [{"title": "Storage", "id": "x"}],
     "currently_affected_locations": [], "previously_affected_locations": [{"title": "WE", "id": "west-europe"}],
     "updates": [{"created": "2025-03-01T09:00:00+00:00", "when": "2025-03-01T09:00:00+00:00",
                  "text": "We look.", "status": "SERVICE_OUTAGE"}]}
]  # fmt: skip
AWS = {
    "storage": [
        {"date": "1740819000", "arn": "arn:aws:health:1", "region_name": "West Europe", "status": "3",
         "service": "storage", "service_name": "Storage", "summary": "Increased error rates",
         "event_log": [{"summary": "x", "message": "We look.", "status": 1, "timestamp": 1740819600},
                       {"summary": "y", "message": "It is over.", "status": 0, "timestamp": 1740823200}]}
    ]
}  # fmt: skip
GATUS = [
    {"name": "Storage", "group": "West Europe", "key": "we_storage", "results": [],
     "events": [{"type": "START", "timestamp": "2025-03-01T08:00:00Z"},
                {"type": "UNHEALTHY", "timestamp": "2025-03-01T08:50:00Z"},
                {"type": "HEALTHY", "timestamp": "2025-03-01T10:00:00Z"}]}
]  # fmt: skip
KUMA = {
    "config": {"slug": "main"}, "publicGroupList": [],
    "incident": {"id": 3, "style": "danger", "title": "Storage fails", "content": "We look.", "pin": True,
                 "createdDate": "2025-03-01 08:50:00", "lastUpdatedDate": None},
}  # fmt: skip
HEARTBEATS = {
    "uptimeList": {},
    "heartbeatList": {"7": [
        {"status": 1, "time": "2025-03-01 08:00:00.000", "msg": ""},
        {"status": 0, "time": "2025-03-01 08:50:00.000", "msg": "timeout"},
        {"status": 0, "time": "2025-03-01 09:00:00.000", "msg": "timeout"},
        {"status": 1, "time": "2025-03-01 10:00:00.000", "msg": ""}]},
}  # fmt: skip
CSTATE = """---
title: Storage is down
date: 2025-03-01 08:50:00
resolved: true
resolvedWhen: 2025-03-01 10:00:00
severity: down
affected:
  - Storage
section: issue
mood: bad
---

*Resolved* - It works again.
"""


def run(*args: str, **more: Any) -> str:
    out = StringIO()
    call_command("import_site", *args, stdout=out, **more)
    return out.getvalue()


@pytest.fixture
def file(tmp_path: Path) -> Any:
    def write(content: object, name: str = "page.json") -> str:
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return str(path)

    return write


CACHET_3 = {
    "data": [
        {"id": "1", "type": "incidents", "relationships": {"updates": []}, "attributes": {
            "name": "Slow", "message": "We look.", "status": {"human": "Fixed", "value": 4}, "stickied": False,
            "occurred": {"human": "a year ago", "string": "2025-03-01 09:00:00"}, "component": "Key Vault",
            "updated": {"string": "2025-03-01 10:00:00"}}}
    ]
}  # fmt: skip
CACHET_SCHEDULE = {
    "data": [{"id": 1, "name": "Disks", "message": "New ones.", "status": 2, "components": [{"name": "Storage"}],
              "scheduled_at": "2025-03-01 09:00:00", "completed_at": "2025-03-01 10:00:00"}]
}  # fmt: skip
INSTATUS = {
    "activeIncidents": [{"id": "i", "name": "Slow", "started": "2025-03-01T09:00:00Z", "status": "INVESTIGATING",
                         "impact": "DEGRADEDPERFORMANCE", "components": ["Storage"], "url": "https://x.example/i"}]
}  # fmt: skip
MANAGEMENT = [STATUSPAGE["incidents"][0], STATUSPAGE["incidents"][0] | {
    "id": "later", "scheduled_for": "2025-04-01T00:00:00Z", "resolved_at": None, "incident_updates": []}]  # fmt: skip
GOOGLE_ONCE = [{"id": "g0", "begin": "2015-03-01T08:50:00+00:00", "end": "2015-03-01T10:00:00+00:00",
                "external_desc": "Storage fails", "service_name": "Storage", "updates": []}]  # fmt: skip
AWS_NOW = [{"date": "1740819000", "summary": "Errors", "status": "1", "event_log": [],
            "impacted_services": {"storage": {"service_name": "Storage", "current": "1"}}}]  # fmt: skip
TOML = """+++
title = "Storage is down"
date = 2025-03-01T08:50:00Z
resolved = true
resolvedWhen = "2025-03-01T10:00:00Z"
severity = "disrupted"
affected = ["Storage"]
+++
It works again.
"""
ODD: tuple[Any, ...] = (
    None, True, -1, 10**30, float("inf"), "", "x", "9" * 12, "2025-13-45", [], ["x"], [1], {}, {"a": 1}, [[]], "\x00",
)  # fmt: skip


@pytest.mark.parametrize(
    ("content", "name", "level", "service", "stages"),
    [
        (CACHET_3, "a.json", "error", "key-vault", ["resolved"]),
        (CACHET_SCHEDULE, "b.json", "informational", "storage", ["complete"]),
        (INSTATUS, "c.json", "warning", "storage", ["investigating"]),
        (MANAGEMENT, "d.json", "error", "storage", ["planned", "resolved"]),
        (GOOGLE_ONCE, "e.json", "error", "storage", ["resolved"]),
        (AWS_NOW, "f.json", "informational", "storage", ["investigating"]),
        (TOML, "g.md", "warning", "storage", ["resolved"]),
        ('{"title": "Down", "date": "2025-03-01", "affected": "Storage"}\nText.', "h.md", "error", "storage",
         ["investigating"]),
        ({"incidents": [{"name": "No id", "created_at": f"2025-03-0{day}", "components": ["Storage"]}
                        for day in (1, 2)]}, "i.json", "error", "storage", ["investigating"] * 2),
    ],
)  # fmt: skip
def test_other_versions_and_ways_to_write_it_are_read_too(
    file: Any, content: object, name: str, level: str, service: str, stages: list[str]
) -> None:
    told = json.loads(run(file(content, name), "--json"))
    assert set(told["unknown"]) <= {"Blobs"}
    assert set(told["unread"]) <= {"postmortem_notified_subscribers"}
    found = list(Incident.objects.order_by("stage"))
    assert [each.stage for each in found] == stages
    assert level in {each.level for each in found}
    assert {each.mentions.first().service.slug for each in found} == {service}  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("name", "document"),
    [
        ("statuspage", STATUSPAGE), ("cachet", CACHET), ("cachet", CACHET_3), ("google", GOOGLE), ("aws", AWS),
        ("gatus", GATUS), ("uptime-kuma", KUMA), ("uptime-kuma", HEARTBEATS),
    ],
)  # fmt: skip
def test_an_odd_value_anywhere_is_read_or_refused_in_words(name: str, document: Any) -> None:
    for place in _places(document):
        for odd in ODD:
            made = _with(document, place, odd)
            for read in (READERS[name], lambda given: READERS[format_of(given)](given)):
                told = _refusal(read, made)
                assert told is None or ";" in told, (place, odd)


@pytest.mark.parametrize(
    ("document", "named"),
    [
        (STATUSPAGE, ("", "incidents", "incident_updates")), (CACHET, ("", "data")), (CACHET_3, ("", "attributes")),
        (GOOGLE, (0, "updates", "affected_products")), (AWS, ("storage", "event_log")), (GATUS, (0, "events")),
        (KUMA, ("", "incident")), (HEARTBEATS, ("", "7")),
    ],
)  # fmt: skip
def test_every_field_that_nothing_is_made_of_is_counted(
    document: Any, named: tuple[Any, ...], now: datetime
) -> None:
    """One that is not known, put into every object of these names, also beside the incidents."""
    tried = 0
    for place in _places(document):
        within = _at(document, place)
        last = next((each for each in reversed(place) if isinstance(each, str)), "")
        if isinstance(within, dict) and (last in named or (not last and 0 in named)):
            read = Read()
            read.add(json.dumps(_with(document, place, within | {"odd": 1})), "page.json")
            report = site.import_found(
                found=read.found,
                names=site.Names({}),
                name="x",
                now=now,
                unread=read.unread,
                dry_run=True,
            )
            assert [each.rpartition(".")[2] for each in report.unread].count("odd") == 1, place
            tried += 1
    assert tried >= 2


def _at(value: Any, place: tuple[Any, ...]) -> Any:
    return _at(value[place[0]], place[1:]) if place else value


def _refusal(read: Any, document: Any) -> str | None:
    try:
        list(read(document))
    except SiteFileError as error:
        return str(error)
    return None


def _places(value: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield here
    if not isinstance(value, dict | list):
        return
    for name, each in value.items() if isinstance(value, dict) else enumerate(value):
        yield from _places(each, (*here, name))


def _with(value: Any, place: tuple[Any, ...], odd: Any) -> Any:
    if not place:
        return odd
    members = value.items() if isinstance(value, dict) else enumerate(value)
    made = {
        name: _with(each, place[1:], odd) if name == place[0] else each for name, each in members
    }
    return made if isinstance(value, dict) else list(made.values())


@pytest.mark.parametrize(
    ("content", "name", "level", "service"),
    [
        (STATUSPAGE, "a.json", "error", "storage"),
        (CACHET, "b.json", "error", "key-vault"),
        (GOOGLE, "c.json", "error", "storage"),
        (AWS, "d.json", "error", "storage"),
        (CSTATE, "e.md", "error", "storage"),
    ],
)
def test_what_another_page_states_is_taken_over(
    file: Any, content: object, name: str, level: str, service: str
) -> None:
    run(file(content, name))

    incident = Incident.objects.get()
    assert (incident.backfilled, incident.level, incident.stage) == (True, level, "resolved")
    assert incident.mitigated_at is not None
    assert incident.started_at.date().isoformat() == "2025-03-01"
    services = {each.service.slug for each in incident.mentions.all() if each.service}
    assert services == {service}
    assert incident.communications.filter(public_at__isnull=False).exists()
    plan.plan_due(now=datetime.now(UTC))
    assert not FanOut.objects.exists()


@pytest.mark.parametrize(
    ("content", "title"), [(GATUS, "Storage was unhealthy"), (HEARTBEATS, "Monitor 7 was down")]
)
def test_outages_that_a_monitor_saw_are_taken_over(file: Any, content: object, title: str) -> None:
    run(file(content), "--mapping", file("monitor 7: storage\n", "names.yaml"))

    incident = Incident.objects.get()
    assert incident.public_title == title
    assert f"{incident.started_at:%H:%M}–{incident.mitigated_at:%H:%M}" == "08:50–10:00"
    services = {each.service.slug for each in incident.mentions.all() if each.service}
    assert services == {"storage"}


def test_an_announcement_without_an_end_has_none(file: Any) -> None:
    run(file(KUMA))

    incident = Incident.objects.get()
    assert (incident.public_title, incident.level) == ("Storage fails", "error")
    assert incident.mitigated_at is None
    assert incident.communications.get().public_text == "We look."


def test_a_dry_run_counts_names_and_fields_and_stores_nothing(file: Any) -> None:
    told = run(file(STATUSPAGE), "--dry-run")
    assert "not in the catalogue: Blobs" in told
    assert "not read: postmortem_notified_subscribers (1 times)" in told
    assert "1 incidents with 2 statements, 0 there already." in told
    assert not Incident.objects.exists()
    assert not ImportBatch.objects.exists()


def test_a_table_says_what_other_names_mean(file: Any) -> None:
    table = file("Blobs: key-vault\nStorage: null\n", "names.yaml")
    report = json.loads(run(file(STATUSPAGE), "--mapping", table, "--json"))
    assert report["unknown"] == {}
    assert [
        each.service.slug for each in Incident.objects.get().mentions.all() if each.service
    ] == ["key-vault"]
    with pytest.raises(CommandError, match="'nowhere'"):
        run(file(STATUSPAGE), "--mapping", file("Blobs: nowhere\n", "names.yaml"))


def test_again_is_once_and_a_batch_is_undone(file: Any, now: datetime) -> None:
    declare(declaration=declaration(), now=now)
    page = file(STATUSPAGE)
    run(page)
    assert "0 incidents with 0 statements, 1 there already." in run(page)
    batch = ImportBatch.objects.get()
    assert str(batch.pk) in run("--list")

    assert "1 incidents removed." in run("--undo", str(batch.pk))

    assert Incident.objects.get().backfilled is False
    assert not ImportBatch.objects.exists()
    with pytest.raises(CommandError):
        run("--undo", str(batch.pk))


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        ({"a": 1}, "a.json", "no known format"),
        ("{", "a.json", "not valid JSON"),
        ("no front matter", "a.md", "no front matter"),
        ("---\ntitle: x\n---\n", "a.md", "needs a start"),
        ({"incidents": [{"id": "1", "created_at": "soon"}]}, "a.json", "no time"),
        ({"incidents": [7]}, "a.json", "no object"),
        ('{"format": "statuspage-incident/1", "tracking_id": "x"}', "a.jsonl", "tracking_id"),
        ('{"format": "statuspage-incident/1", "colour": 1}', "a.jsonl", "colour"),
    ],
)
def test_what_cannot_be_read_is_refused_as_a_whole(
    file: Any, content: object, name: str, words: str
) -> None:
    with pytest.raises(CommandError, match=words):
        run(file(content, name))
    assert not Incident.objects.exists()


def test_everything_is_exported_and_comes_back_exactly(
    file: Any, now: datetime, operator: User
) -> None:
    broad = declaration(
        hit("storage", "west-europe", extent="zone", zones=("1",)), hit("key-vault", "west-europe"),
        detected_at=now, internal_title="stamp 7",
    )  # fmt: skip
    incident = declare(declaration=broad, now=now, actor=operator)
    post_update(
        incident_id=incident.pk,
        statement=Statement(public_text="We *look*.", targeted_text="Yours."),
        now=now + timedelta(minutes=5),
        actor=operator,
    )
    later = now + timedelta(hours=1)
    recover(
        incident_id=incident.pk, regions=[hit("storage", "west-europe").region], at=later, now=later
    )
    publish_review(
        incident_id=incident.pk,
        draft=Draft(
            "final",
            [Section("what", "What happened?", "A quorum.")],
            [(now, "It began.")],
            [Repair("Watch it", "olga", "planned", "2026-05")],
        ),
        now=later,
        actor=operator,
    )
    out = StringIO()
    call_command("export_incidents", stdout=out)
    before = out.getvalue()
    # A new house: the same catalogue, nothing else.
    Incident.objects.update(tracking_id="OLD2-OLD")

    run(file(before, "all.jsonl"))

    fresh = Incident.objects.get(tracking_id=incident.tracking_id)
    after = document_of(exportable().get(pk=fresh.pk))
    assert after == json.loads(before)
    assert "We *look*." in before
    assert Communication.objects.filter(incident=fresh, backfilled=False).count() == 0


MOMENT = st.integers(946_684_800, 2_208_988_800).map(lambda at: datetime.fromtimestamp(at, UTC))
TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=40).filter(
    lambda text: text.strip() == text
)


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    start = draw(MOMENT)
    ends = draw(st.none() | st.timedeltas(timedelta(0), timedelta(days=3)))
    over = (start + ends).isoformat() if ends is not None else None
    window = {"started_at": start.isoformat(), "ended_at": over, "label": draw(TEXT)}
    cell = {"service": "storage", "region": "west-europe", "level": "warning", "zones": ["1"]}
    return {
        "tracking_id": draw(st.from_regex(r"[A-Z0-9]{4}-[A-Z0-9]{3}", fullmatch=True)),
        "kind": draw(st.sampled_from(["service-issue", "health-advisory"])),
        "level": draw(st.sampled_from(["error", "warning", "informational"])),
        "public_title": draw(TEXT),
        "note": draw(TEXT),
        "stage": draw(st.sampled_from(["investigating", "resolved"])),
        "started_at": start.isoformat(),
        "mitigated_at": over,
        "created_at": start.isoformat(),
        "updated_at": start.isoformat(),
        "occurrences": [window | {"impacts": [cell | {k: window[k] for k in ("started_at", "ended_at")}]}],
        "mentions": [{"region": "east-us", "role": "mentioned"}],
        "updates": [
            {"number": number, "stage": "investigating", "public_text": text, "at": start.isoformat(),
             "public_at": start.isoformat()}
            for number, text in enumerate(draw(st.lists(TEXT, max_size=3)), 1)
        ],
    }  # fmt: skip


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(documents())
def test_whatever_is_stored_reads_back_the_same(document: dict[str, Any]) -> None:
    first = document_of(exportable().get(pk=store(document).pk))
    for key in ("public_title", "note", "started_at", "mitigated_at", "level", "stage"):
        assert first[key] == document[key]
    Incident.objects.all().delete()
    again = document_of(exportable().get(pk=store(json.loads(json.dumps(first))).pk))
    assert again == first
    Incident.objects.all().delete()


# Names of components of a large page, as this small catalogue has them.
PLACES = ("storage", "key-vault", "databricks", "azure-resource-manager", "azure-portal")
FACTS = Path(__file__).parents[1] / "data" / "recordings" / "github-incidents.jsonl.gz"


def as_statuspage(fact: dict[str, Any]) -> dict[str, Any]:
    """The facts of a real incident in the document that its page serves."""
    updates = [
        {
            "id": f"{fact['id']}-{number}",
            "incident_id": fact["id"],
            "status": said["status"],
            "body": f"Update {number}: {said['status']}.",
            "created_at": said["at"],
            "updated_at": said["at"],
            "display_at": said["at"],
            "affected_components": [
                {"code": name, "name": name, "old_status": "operational", "new_status": "degraded_performance"}
                for name in said["services"]
            ],
            "custom_tweet": None,
            "deliver_notifications": True,
            "tweet_id": None,
        }
        for number, said in enumerate(fact["updates"])
    ]  # fmt: skip
    return {
        "id": fact["id"],
        "name": f"Incident {fact['id']}",
        "status": fact["updates"][-1]["status"],
        "created_at": fact["posted"],
        "updated_at": fact["updates"][-1]["at"],
        "monitoring_at": None,
        "resolved_at": fact["end"],
        "impact": fact["severity"],
        "shortlink": f"https://stspg.io/{fact['id']}",
        "started_at": fact["begin"],
        "page_id": "kctbh9vrtdwd",
        "incident_updates": updates[::-1],
        "components": [{"id": name, "name": name} for name in fact["services"]],
    }


def test_a_large_real_page_moves_over_and_every_field_is_exported_as_it_was(now: datetime) -> None:
    with gzip.open(FACTS, "rt") as lines:
        facts = [json.loads(line) for line in lines][-500:]
    rows = [as_statuspage(one) for one in facts]
    named = {name for one in facts for row in (one, *one["updates"]) for name in row["services"]}
    table = {name: PLACES[number % 5] for number, name in enumerate(sorted(named))}

    report = site.import_found(
        found=list(statuspage({"incidents": rows})),
        names=site.Names(dict(table)),
        name="large",
        now=now,
    )

    assert (len(report.new), report.unknown) == (500, {})
    assert set(report.unread) <= {
        f"incident_updates.affected_components.{name}" for name in ("old_status", "new_status")
    }
    moved = {each.public_title: document_of(each) for each in exportable()}
    for row in rows:
        told = moved[row["name"]]
        said = row["incident_updates"][::-1]
        assert [one["public_text"] for one in told["updates"]] == [one["body"] for one in said]
        assert [at(one["at"]) for one in told["updates"]] == [at(one["display_at"]) for one in said]
        assert [one["stage"] for one in told["updates"]] == list(stages(said))
        names = {
            part["name"]
            for one in (row, *said)
            for part in one.get("components") or one.get("affected_components") or ()
        }
        assert {one["service"] for one in told["mentions"]} == {table[name] for name in names}
        assert told["level"] == LEVELS[row["impact"]]
        assert (at(told["started_at"]), at(told["mitigated_at"])) == (
            at(row["started_at"]),
            max(at(row["started_at"]), at(row["resolved_at"])),
        )
        assert told["stage"] == "resolved"


def stages(said: list[dict[str, Any]]) -> Iterator[str]:
    """What is called an update leaves the status as it was."""
    stage = "investigating"
    for one in said:
        status = one["status"].lower().replace(" ", "_")
        stage = stage if status == "update" else STAGES[status]
        yield stage


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)
