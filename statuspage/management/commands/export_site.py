"""`export_site DIR`: the whole public site as static files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from statuspage.public.store.export import ExportError, export
from statuspage.public.store.manifest import GenerationError

STEP = 500  # pages between two lines of progress


class Command(BaseCommand):
    help = "Writes the public site that is shown now as plain files, for any static host."
    requires_system_checks: list[str] = []  # exports also when half of the installation is broken

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("directory", type=Path, metavar="DIR", help="an empty or new folder")
        parser.add_argument(
            "--update", action="store_true", help="renew an earlier export in the same folder"
        )

    def handle(self, *args: Any, directory: Path, update: bool, **options: Any) -> None:
        def progress(done: int, total: int) -> None:
            if done % STEP == 0 or done == total:
                self.stderr.write(f"{done} of {total} pages")
                sys.stderr.flush()

        try:
            count = export(settings.PUBLISHED_DIR, directory, update=update, progress=progress)
        except (ExportError, GenerationError) as error:
            raise CommandError(str(error), returncode=2) from error
        except OSError as error:
            raise CommandError(f"{directory}: cannot be written ({error})", returncode=2) from error
        self.stdout.write(f"{count} pages written to {directory}")
