"""`monitor open|resolve`: what a monitor says, a cell and a level, becomes an incident and ends it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from incidents.access import REPORT
from incidents.management.acting import ActingCommand
from incidents.models import Incident, Region, Service
from incidents.services.alerts.monitor import open_from_monitor, resolve_from_monitor
from incidents.services.errors import EntryError
from incidents.services.inputs import Hit
from incidents.vocabulary import Level


class Command(ActingCommand):
    help = "Opens or resolves an incident for a monitor's alert; the affected customers are told at once."
    permissions = (REPORT,)

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        opening = actions.add_parser("open", help="the alert fires")
        resolving = actions.add_parser("resolve", help="the alert is over")
        for each in (opening, resolving):
            each.add_argument("--source", required=True, help="the monitor, such as probes-eu")
            each.add_argument("--key", required=True, help="its alert, such as kv-errors-weu")
            each.add_argument("--json", action="store_true", help="print a JSON object")
        opening.add_argument(
            "--cell",
            action="append",
            required=True,
            metavar="SERVICE:REGION[:ZONE]",
            help="slugs, such as key-vault:west-europe; may be given several times, once for each zone",
        )
        opening.add_argument("--level", choices=tuple(Level), default=Level.ERROR)
        opening.add_argument("--since", help="ISO 8601 with an offset; now if left out")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            told = (
                self._open(**options) if options["action"] == "open" else self._resolve(**options)
            )
        except EntryError as error:
            raise CommandError(str(error), returncode=2) from error
        if options["json"]:
            self.stdout.write(json.dumps(told))
        else:
            self.stdout.write(" ".join(str(value) for value in told.values()))

    def _open(
        self, *, source: str, key: str, cell: list[str], level: str, since: str | None, **_: Any
    ) -> dict[str, object]:
        now = timezone.now()
        incident, new = open_from_monitor(
            source=source,
            key=key,
            cells=_hits(cell),
            level=level,
            started_at=_moment(since) if since else now,
            now=now,
        )
        return _told(incident, "opened" if new else "open already")

    def _resolve(self, *, source: str, key: str, **_: Any) -> dict[str, object]:
        incident = resolve_from_monitor(source=source, key=key, now=timezone.now())
        if incident is None:
            raise EntryError("key", f"{source} has no open alert {key!r}; nothing to resolve.")
        return _told(incident, incident.stage)


def _told(incident: Incident, became: str) -> dict[str, object]:
    waits = incident.public_due_at is not None
    public = "waits" if waits else "public" if incident.published_at else "targeted"
    return {"tracking_id": incident.tracking_id, "became": became, "publicity": public}


def _hits(cells: list[str]) -> list[Hit]:
    """One for each service and region, with all zones that were named for it."""
    hits: dict[tuple[int, int], Hit] = {}
    for text in cells:
        hit = _hit(text)
        key = (hit.service.pk, hit.region.pk)
        before = hits.get(key)
        hits[key] = replace(hit, zones=(*before.zones, *hit.zones)) if before else hit
    return list(hits.values())


def _hit(text: str) -> Hit:
    service, region, zone = [*text.split(":", 2), "", ""][:3]
    found = Service.objects.filter(slug=service).first()
    where = Region.objects.filter(slug=region).first()
    if found is None:
        raise EntryError("cell", f"{text!r}: no service {service!r} is in the catalogue.")
    if where is None:
        raise EntryError(
            "cell", f"{text!r}: no region {region!r} is in the catalogue; write SERVICE:REGION."
        )
    return Hit(found, where, zones=(zone,) if zone else ())


def _moment(text: str) -> datetime:
    try:
        moment = parse_datetime(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise EntryError(
            "since", f"{text!r} is no time with an offset; write 2026-01-10T09:00:00Z."
        )
    return moment.astimezone(UTC)
