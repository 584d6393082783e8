"""`load_impacted TRACKING_ID FILE [--dry-run] [--json]`: the impacted list of an incident."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from incidents.access import LIST
from incidents.management.acting import ActingCommand
from incidents.models import Incident
from incidents.texts import as_typed
from incidents.texts.csv_rows import text_of
from notifications.customers.impacted_file import ImpactedFileError
from notifications.customers.impacted_lists import replace_list

PROGRESS = 100_000  # lines


class Command(ActingCommand):
    help = (
        "Makes the subscriptions of a file (one a line, or CSV with a column subscription) the"
        " impacted list of an incident. All or nothing; the same file again changes nothing."
    )
    permissions = (LIST,)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("tracking_id")
        parser.add_argument("file", metavar="FILE")
        parser.add_argument("--dry-run", action="store_true", help="say what would change")
        parser.add_argument("--json", action="store_true", help="print a JSON object")

    def handle(
        self, *args: Any, tracking_id: str, file: str, dry_run: bool, json: bool, **options: Any
    ) -> None:
        incident = Incident.objects.filter(
            tracking_id=as_typed.tracking_id(tracking_id), backfilled=False
        ).first()
        if incident is None:
            raise CommandError(f"no incident {tracking_id!r} was declared here.", returncode=2)
        try:
            with transaction.atomic(), text_of(Path(file).open("rb")) as text:
                replaced = replace_list(
                    incident_id=incident.pk,
                    lines=self._counted(text),
                    now=timezone.now(),
                    actor=self.actor,
                )
                transaction.set_rollback(dry_run)
        except ImpactedFileError as error:
            raise CommandError(str(error), returncode=2) from error
        except (OSError, ValueError) as error:
            raise CommandError(f"{file}: cannot be read ({error}).", returncode=2) from error
        if json:
            self.stdout.write(_json(asdict(replaced) | {"dry_run": dry_run}))
            return
        would = "would be " if dry_run else ""
        self.stdout.write(
            f"{replaced.subscriptions} subscriptions: {replaced.added} {would}added,"
            f" {replaced.removed} {would}removed."
        )

    def _counted(self, lines: Iterable[str]) -> Iterator[str]:
        """The same lines, told on standard error as they go by."""
        for count, line in enumerate(lines, start=1):
            if count % PROGRESS == 0:
                self.stderr.write(f"{count:,} lines read")
            yield line


def _json(told: dict[str, object]) -> str:
    return json.dumps(told)
