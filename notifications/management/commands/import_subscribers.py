"""`import_subscribers FILE [--dry-run]`: readers of another page's posts, with proof of consent or asked by mail."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from incidents.management.acting import ActingCommand
from incidents.texts.csv_rows import CsvError, text_of
from notifications.subscribers.moving_over import SubscriberFileError, import_subscribers


class Command(ActingCommand):
    help = (
        "Takes over subscribers from CSV (address, consented_at, consent, language, services, regions). Without"
        " proof of consent they get the usual confirmation mail. All or nothing."
    )
    permissions = ("notifications.add_endpoint",)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--dry-run", action="store_true", help="count only, nothing is stored")

    def handle(self, *args: Any, file: Path, dry_run: bool, **options: Any) -> None:
        try:
            with file.open("rb") as stream, text_of(stream) as lines:
                moved = import_subscribers(lines=lines, now=timezone.now(), dry_run=dry_run)
        except (SubscriberFileError, CsvError, UnicodeDecodeError, OSError) as error:
            raise CommandError(f"{file}: {error}", returncode=2) from error
        self.stdout.write(
            f"{moved.subscribed} subscribed with proof, {moved.asked} asked by mail, {moved.kept} as they were."
        )
        if dry_run:
            self.stdout.write("Dry run: nothing was stored, nobody is asked.")
