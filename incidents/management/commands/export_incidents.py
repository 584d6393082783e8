"""`export_incidents [--incident ID]`: every incident as JSON Lines, which `import_site` reads back exactly."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from incidents.services.imports.documents import document_of, exportable


class Command(BaseCommand):
    help = "Prints every incident as one JSON object a line, with what was said of it; drills are left out."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--incident", metavar="ID", help="this one alone")

    def handle(self, *args: Any, incident: str | None, **options: Any) -> None:
        found = exportable()
        if incident:
            found = found.filter(tracking_id=incident)
        for each in found.iterator(chunk_size=200):
            self.stdout.write(json.dumps(document_of(each), ensure_ascii=False))
