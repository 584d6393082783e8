"""`export_recordings [--incident ID]`: this installation's own incidents as recordings, to standard output."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from incidents.models import Incident
from incidents.replay.backtest_cases import all_cases, case_of
from incidents.replay.formats.own import written
from incidents.replay.recordings import MomentsError
from incidents.replay.replay import BacktestCase
from incidents.texts import as_typed


class Command(BaseCommand):
    help = (
        "Prints what was known of each incident when, and by whom, as one JSON object a line"
        " (docs/recordings.md), which `backtest --recordings` reads; drills are left out."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--incident", metavar="TRACKING_ID", help="this one alone")

    def handle(self, *args: Any, incident: str | None, **options: Any) -> None:
        try:
            for case in [_one(incident)] if incident else all_cases():
                self.stdout.write(json.dumps(written(case), ensure_ascii=False))
        except MomentsError as error:
            raise CommandError(str(error), returncode=2) from error


def _one(typed: str) -> BacktestCase:
    found = Incident.objects.filter(tracking_id=as_typed.tracking_id(typed)).first()
    case = case_of(found) if found else None
    if case is None:
        why = "has no recorded facts" if found else "is not there; see /status/history/"
        raise CommandError(f"{typed!r} {why}.", returncode=2)
    return case
