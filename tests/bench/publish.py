"""From commit to visible: how long a public update takes until a visitor gets it, by length of the history.

A real publisher and a real web process stand beside each other; an update is committed, and the status page
of 60 regions by 120 services is asked for until it shows it. CPU of an update is that of the publisher alone,
in all languages, without compression; files are those that one update leaves new in the folder. Then what each
process holds in memory.
"""

from __future__ import annotations

import http.client
import os
import random
import re
import signal
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import yaml
from django.conf import settings
from django.contrib.auth.models import User
from django.utils import timezone

from incidents.importers.catalogue_file import read_catalogue
from incidents.models import (
    Communication,
    Impact,
    Incident,
    Mention,
    Occurrence,
    Region,
    Revision,
    Service,
)
from incidents.services.imports.catalogue import apply_catalogue
from incidents.services.incident import declare, post_update
from incidents.services.inputs import Override, Statement
from statuspage.local import processes
from statuspage.local.ports import free_port
from tests.conftest import declaration, hit

ROOT = Path(__file__).resolve().parents[2]
REGIONS, SERVICES = 60, 120
HISTORIES = (10, 1_000)
FULL = (10, 1_000, 10_000)
UPDATES = 30
YEARS = 5
DICE = random.Random(6)  # noqa: S311 - a seed
GOAL = 1.0  # seconds, 95th percentile
CALM = 40.0  # seconds without a new generation: all languages are there
SETTLED = 4.0  # the same after a single update
PATIENCE = 900.0  # seconds for the first generation


def lines(full: bool) -> Iterator[dict[str, object]]:
    _catalogue()
    user = User.objects.create(username="olga", is_staff=True, is_superuser=True)
    made = declare(
        declaration=declaration(
            *(hit(f"service-{n}", f"region-{n}") for n in range(12)),
            public_title="Requests fail",
            started_at=timezone.now(),
            statement=Statement("We are looking into it."),
        ),
        now=timezone.now(),
        actor=user,
        override=Override(public=True, reason="for the bench"),
    )
    there = 0
    for history in FULL if full else HISTORIES:
        _history(there, history)
        there = history
        yield _measured(history, made, user)


def _measured(history: int, incident: Incident, user: User) -> dict[str, object]:
    port = free_port()
    began = time.monotonic()
    with _running("publisher", sys.executable, "manage.py", "publisher") as publisher:
        wanted = Revision.objects.get(id=1).number
        _until_shown(wanted)
        first = time.monotonic() - began
        web_command = (
            *(sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1"),
            *("--port", str(port), "--workers", "1", "statuspage.wsgi:application"),
        )
        with _running("web", *web_command) as web:
            _until_calm()
            before = _inodes()
            _update(port, incident, user, UPDATES)
            _until_calm(SETTLED)
            files = len(_inodes() - before)
            used = _cpu(publisher)
            taken = [_update(port, incident, user, number) for number in range(UPDATES)]
            _until_calm(SETTLED)
            used = (_cpu(publisher) - used) / UPDATES
            memory = {"publisher": _memory(publisher), "web": _memory(web)}
    taken.sort()
    return {
        "regions": REGIONS,
        "services": SERVICES,
        "incidents": history,
        "languages": len(settings.LANGUAGES),
        "first_generation_s": round(first, 1),
        "updates": UPDATES,
        "commit_to_visible_p50_s": round(statistics.median(taken), 3),
        "commit_to_visible_p95_s": round(taken[int(len(taken) * 0.95)], 3),
        "goal_p95_s": GOAL,
        "cpu_s_per_update": round(used, 3),
        "files_per_update": files,
        "memory_mb": memory,
    }


def _update(port: int, incident: Incident, user: User, number: int) -> float:
    """Seconds from the commit of an update until the status page says it. Some seconds apart, at no fixed
    moment: the other languages of the last one may or may not be done."""
    time.sleep(DICE.uniform(1.0, 5.0))
    words = f"Looked at for the {incident.pk}.{number}.{time.monotonic_ns()} time."
    post_update(incident_id=incident.pk, statement=Statement(words), now=timezone.now(), actor=user)
    committed = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    while time.monotonic() - committed < 60:
        connection.request("GET", "/status/")
        if words.encode() in connection.getresponse().read():
            connection.close()
            return time.monotonic() - committed
        time.sleep(0.005)
    raise TimeoutError("an update was not shown within a minute")


def _until_shown(wanted: int) -> None:
    """Until the folder shows this number of the snapshot."""
    from statuspage.public.store.generation import shown_in

    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        _, shown = shown_in(settings.PUBLISHED_DIR)
        if shown is not None and shown.revision >= wanted:
            return
        time.sleep(0.1)
    raise TimeoutError("nothing was published")


def _until_calm(calm: float = CALM) -> None:
    """Until nothing new was written for some seconds."""
    from statuspage.public.store.generation import shown_in

    last, since = None, time.monotonic()
    until = since + PATIENCE
    while time.monotonic() < until:
        folder, _ = shown_in(settings.PUBLISHED_DIR)
        if folder != last:
            last, since = folder, time.monotonic()
        if time.monotonic() - since > calm:
            return
        time.sleep(0.2)


@contextmanager
def _running(name: str, *command: str) -> Iterator[int]:
    with processes.open_log(Path(os.environ["STATE"]) / f"{name}.log") as log:
        pid = processes.spawn(
            command,
            log=log,
            environment=os.environ,
            folder=ROOT,
            end_with_parent=signal.SIGKILL,
        )
    try:
        yield pid
    finally:
        processes.stop(pid, (signal.SIGTERM, 10.0))
        processes.end_group(pid)


def _inodes() -> set[int]:
    """The files of the generation that is shown, without compressed variants: better ones follow any time."""
    shown = (settings.PUBLISHED_DIR / "current").resolve()
    files = (one for one in shown.rglob("*") if one.suffix not in (".gz", ".br"))
    return {one.stat().st_ino for one in files if one.is_file()}


def _cpu(pid: int) -> float:
    """Seconds that this process alone has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _memory(pid: int) -> int:
    """Megabytes of a process and its children; what they share counts once."""
    family = {pid}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[1]) in family:
            family.add(int(entry.parent.name))
    shares = []
    for one in family:
        with suppress(FileNotFoundError, ProcessLookupError):  # what packs pages ends when it has
            shares.append(Path(f"/proc/{one}/smaps_rollup").read_text())
    return round(sum(int(re.findall(r"^Pss:\s+(\d+)", text, re.M)[0]) for text in shares) / 1e3)


def _catalogue() -> None:
    names = {
        "geographies": [
            {"name": "Everywhere", "regions": [{"name": f"Region {n}"} for n in range(REGIONS)]}
        ],
        "categories": [
            {
                "name": f"Category {c}",
                "offered": "all",
                "services": [f"Service {n}" for n in range(c * 10, c * 10 + 10)],
            }
            for c in range(SERVICES // 10)
        ],
    }
    apply_catalogue(catalogue=read_catalogue(yaml.safe_dump(names)), now=timezone.now())


def _history(there: int, wanted: int) -> None:
    """Closed public incidents over five years, each with a window, an impact and three statements."""
    now = timezone.now()
    services = list(Service.objects.order_by("id"))
    regions = list(Region.objects.order_by("id"))
    made = [
        Incident(
            tracking_id=f"{n // 1296:04d}-{n % 1296:03X}"[-8:],
            level="warning",
            public_title=f"Requests to {services[n % SERVICES].name} fail",
            stage="resolved",
            started_at=(start := now - timedelta(days=1 + (n * 365.0 * YEARS) / 10_000)),
            mitigated_at=start + timedelta(hours=3),
            closed_at=start + timedelta(hours=4),
            published_at=start + timedelta(minutes=20),
            created_at=start,
            updated_at=start + timedelta(hours=4),
        )
        for n in range(there, wanted)
    ]
    Incident.objects.bulk_create(made, batch_size=2000)
    windows = [
        Occurrence(incident=one, started_at=one.started_at, ended_at=one.mitigated_at)
        for one in made
    ]
    Occurrence.objects.bulk_create(windows, batch_size=2000)
    places = [(services[n % SERVICES], regions[n % REGIONS]) for n in range(len(made))]
    Impact.objects.bulk_create(
        (
            Impact(
                occurrence=window, service=service, region=region, level="warning",
                started_at=window.started_at, ended_at=window.ended_at,
            )
            for window, (service, region) in zip(windows, places, strict=True)
        ),
        batch_size=2000,
    )  # fmt: skip
    Mention.objects.bulk_create(
        (
            Mention(incident=one, region=region, role="mentioned")
            for one, (_, region) in zip(made, places, strict=True)
        ),
        batch_size=2000,
    )
    Communication.objects.bulk_create(
        (
            Communication(
                incident=one, number=number, stage=stage, at=(at := one.started_at + timedelta(hours=number)),
                public_text=f"We are {stage}: " + "a part of the requests fails or is slow. " * 8,
                public_at=at, backfilled=True,
            )
            for one in made
            for number, stage in enumerate(("investigating", "mitigated", "resolved"), start=1)
        ),
        batch_size=5000,
    )  # fmt: skip
