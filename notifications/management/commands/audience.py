"""`audience TRACKING_ID [--json]`: who would be told of an incident now, without telling anybody."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from incidents.models import Incident
from incidents.texts import as_typed
from notifications.audience.preview import look


class Command(BaseCommand):
    help = "Counts who would be told of an incident now, by channel, geography and tenant; sends nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("tracking_id")
        parser.add_argument("--json", action="store_true", help="print a JSON object")

    def handle(self, *args: Any, tracking_id: str, **options: Any) -> None:
        incident = Incident.objects.filter(
            tracking_id=as_typed.tracking_id(tracking_id), backfilled=False
        ).first()
        if incident is None:
            raise CommandError(f"no incident {tracking_id!r} was declared here.", returncode=2)
        found = look(incident).as_dict()
        if options["json"]:
            self.stdout.write(json.dumps({"tracking_id": tracking_id} | found))
            return
        for name, value in found.items():
            self.stdout.write(f"{name.replace('_', ' ')}: {_shown(value)}")


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {count}" for name, count in value.items()) or "none"
    if isinstance(value, list):
        return ", ".join(value) or "none"
    return str(value)
