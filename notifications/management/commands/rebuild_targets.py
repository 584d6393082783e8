"""`rebuild_targets [--check]`: the target index anew, or whether it holds what it must."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from notifications.audience import target_index


class Command(BaseCommand):
    help = (
        "Makes the index that audiences are chosen from anew, in place and while everything runs."
        " It keeps itself right; this is for restored or hand-made tables. --check only compares."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="compare; exit status 1 if it differs"
        )

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        if not check:
            done = target_index.rebuild(progress=self.stdout.write)
            self.stdout.write(f"{done} tenants: the target index is made anew.")
            return
        found = target_index.differences(progress=self.stdout.write)
        if found:
            raise CommandError(
                f"{found} rows differ from what footprints and rules say; run rebuild_targets."
            )
        self.stdout.write("The target index holds exactly what footprints and rules say.")
