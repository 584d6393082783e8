"""`export_audit [--json] [--incident ID] [--since DAY]`: every decision, to standard output."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from incidents.services.access import audit
from incidents.texts import as_typed, csv_file


class Command(BaseCommand):
    help = "Prints every decision with facts, policy, actor and reason: CSV, or JSON a line."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON object a line")
        parser.add_argument("--incident", default="", metavar="TRACKING_ID")
        parser.add_argument("--since", metavar="YYYY-MM-DD", help="a day in UTC")

    def handle(
        self, *args: Any, json: bool, incident: str, since: str | None, **options: Any
    ) -> None:
        found = audit.records(
            audit.decisions(
                tracking_id=as_typed.tracking_id(incident), since=_day(since) if since else None
            )
        )
        for line in _objects(found) if json else csv_file.lines(audit.COLUMNS, found):
            self.stdout.write(line, ending="")


def _objects(records: Iterator[dict[str, Any]]) -> Iterator[str]:
    return (json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def _day(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise CommandError(f"--since {text!r} is no day; write 2026-01-01.", returncode=2) from None
