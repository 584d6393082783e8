"""`publish`: one generation now."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from statuspage.public.publisher import Publisher
from statuspage.public.store.manifest import GenerationError


class Command(BaseCommand):
    help = "Writes one generation of the public pages now."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--purge",
            action="store_true",
            help="remove every older generation, after something was public by mistake",
        )

    def handle(self, *args: Any, purge: bool, **options: Any) -> None:
        try:
            publisher = Publisher(settings.PUBLISHED_DIR)
            written = publisher.publish(purge=purge)
            while translated := publisher.translate():
                written = translated
        except GenerationError as error:
            raise CommandError(str(error), returncode=2) from error
        self.stdout.write(
            f"revision {written.revision}: {written.written} files new in {written.folder}"
        )
