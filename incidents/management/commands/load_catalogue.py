"""manage.py load_catalogue FILE"""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from incidents.importers.catalogue_file import CatalogueError, read_catalogue_file
from incidents.management.acting import ActingCommand
from incidents.services.imports.catalogue import apply_catalogue
from incidents.services.imports.retired_places import open_incidents_on

MOST_SHOWN = 10


class Command(ActingCommand):
    help = (
        "Load a catalogue (geographies, regions, services, what is offered where) from a YAML "
        "file. What the file no longer names is retired and kept for history; open incidents on it are "
        "named. A faulty file is "
        "refused with one line naming the line at fault, exit status 2, nothing stored."
    )
    permissions = ("incidents.change_service",)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", help="a UTF-8 YAML file of at most 4 MiB")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            catalogue = read_catalogue_file(options["file"])
        except CatalogueError as error:
            raise CommandError(str(error), returncode=2) from None
        now = timezone.now()
        counts = apply_catalogue(catalogue=catalogue, now=now, progress=self.stdout.write)
        for tracking_id, cells in open_incidents_on(retired_at=now).items():
            more = f" and {len(cells) - MOST_SHOWN} more" if len(cells) > MOST_SHOWN else ""
            self.stdout.write(
                f"{tracking_id} is open on what was retired: {', '.join(cells[:MOST_SHOWN])}{more};"
                " end its impact there, or put the entry back into the file."
            )
        self.stdout.write("nothing changed" if counts.nothing_changed else "catalogue loaded")
