"""The API: alerts a second that one worker takes in, a storm of 10,000 and a few; and what reading incidents costs.

Over the shipped catalogue: Storage and what depends on it in one region, Storage in four more, and one cell
that has nothing to do with it; as pods, so that many alerts have one cell. `cpu_ms`: of the worker, an alert
or a request; `a_second` includes the database's share.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from incidents.importers.catalogue_file import load_shipped
from incidents.models import Communication, Dependency, Incident, MonitorAlert, Offering
from incidents.services.access import tokens
from incidents.services.alerts import sources
from incidents.services.imports.catalogue import apply_catalogue
from incidents.services.incident import declare, post_update
from incidents.services.inputs import Statement
from tests.conftest import declaration, hit

STORM, GROUP, FEW = 10_000, 100, 100
PAGE, READS = 50, 20
GOAL = 500  # a second
REGIONS = ("west-europe", "north-europe", "east-us", "uk-south", "japan-east")
Cell = tuple[str, str]


def lines(full: bool) -> Iterator[dict[str, object]]:
    now = datetime.now(UTC)
    apply_catalogue(catalogue=load_shipped(), now=now)
    monitor = Monitor(now)
    cells = storm_cells()
    storm = [(f"storm-{number}", cells[number % len(cells)]) for number in range(STORM)]
    for alerts, status in (("storm", "firing"), ("again", "firing"), ("over", "resolved")):
        yield {"alerts": alerts, "in_a_request": GROUP} | monitor.reports(storm, GROUP, status)
    yield {
        "storm": STORM,
        "incidents": Incident.objects.count(),
        "statements": Communication.objects.count(),
        "rows": MonitorAlert.objects.count(),
    }
    for size in (1, 10):
        few = [(f"{size}-{number}", cells[number % len(cells)]) for number in range(FEW)]
        for alerts, status in (("new", "firing"), ("again", "firing"), ("over", "resolved")):
            yield {"alerts": alerts, "in_a_request": size} | monitor.reports(few, size, status)
    yield from reading(monitor, cells)


def reading(monitor: Monitor, cells: Sequence[Cell]) -> Iterator[dict[str, object]]:
    """A page of fifty incidents of twenty cells, and one of them with thirty statements."""
    made = [
        declare(
            declaration=declaration(
                *(hit(*cell) for cell in cells[:20]), started_at=timezone.now()
            ),
            now=timezone.now(),
            actor=monitor.user,
        )
        for _ in range(PAGE)
    ]
    incident = made[-1]
    for number in range(30):
        words = Statement(public_text=f"News {number}.")
        post_update(
            incident_id=incident.pk, statement=words, now=timezone.now(), actor=monitor.user
        )
    for name, path in {"list": f"?limit={PAGE}", "one": f"/{incident.tracking_id}"}.items():
        cpu = time.process_time()
        for _ in range(READS):
            answer = monitor.client.get(f"/api/v1/incidents{path}", headers=monitor.headers)
            assert answer.status_code == 200, answer.content
        spent = (time.process_time() - cpu) * 1000 / READS
        yield {"read": name, "cpu_ms": round(spent, 1), "goal": 50}


def storm_cells() -> list[Cell]:
    """Storage and what needs it in one region, Storage in four others, and a cell apart."""
    places = Offering.objects.values_list("service__slug", "region__slug").order_by("id")
    needs = Dependency.objects.values_list("service__slug", "depends_on__slug")
    hit = {"storage", *(service for service, needed in needs if needed == "storage")}
    there = list(places.filter(service__slug__in=hit, region__slug=REGIONS[0]))
    more = [("storage", region) for region in REGIONS[1:]]
    related = hit | {one for pair in needs for one in pair if hit.intersection(pair)}
    apart = places.exclude(service__slug__in=related).exclude(region__slug__in=REGIONS)[0]
    return [*there, *more, apart]


class Monitor:
    """An Alertmanager with a token, whose source is automatic."""

    def __init__(self, now: datetime) -> None:
        self.user = User.objects.create(username="monitors", is_staff=True, is_superuser=True)
        secret = tokens.issue(user=self.user, name="bench", now=now)[1]
        self.headers = {"Authorization": f"Bearer {secret}"}
        self.client = Client(SERVER_NAME="localhost")
        sources.save(
            name="alertmanager", format_name="alertmanager", mode="automatic", mapping="",
            window_minutes=10, hold_minutes=3, silent_minutes=0, now=now,
        )  # fmt: skip

    def reports(
        self, rows: Sequence[tuple[str, Cell]], size: int, status: str
    ) -> dict[str, object]:
        bodies = [payload(rows[at : at + size], status) for at in range(0, len(rows), size)]
        wall, cpu = time.perf_counter(), time.process_time()
        for body in bodies:
            answer = self.client.post(
                "/api/v1/ingest/alertmanager", body, content_type="application/json",
                headers=self.headers,
            )  # fmt: skip
            assert answer.status_code == 200, answer.content
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        return {
            "a_second": round(len(rows) / wall),
            "goal": GOAL,
            "cpu_ms": round(cpu * 1000 / len(rows), 2),
        }


def payload(rows: Sequence[tuple[str, Cell]], status: str) -> bytes:
    at = datetime.now(UTC).isoformat()
    return json.dumps(
        {
            "version": "4",
            "status": status,
            "alerts": [
                {
                    "status": status,
                    "fingerprint": key,
                    "labels": {"alertname": "PodFails", "pod": key, "service": service,
                               "region": region, "severity": "critical"},
                    "annotations": {"summary": f"{service} fails"},
                    "startsAt": at,
                    "endsAt": at,
                }
                for key, (service, region) in rows
            ],
        }
    ).encode()  # fmt: skip
