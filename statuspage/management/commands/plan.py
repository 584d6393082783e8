"""`plan FOLDER [--check]`: what `apply FOLDER` would change; nothing is stored."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from incidents.access import ADOPT, UPDATE
from incidents.management.acting import ActingCommand
from statuspage.management.as_code import FolderError, apply_folder


class Command(ActingCommand):
    help = "Compares a folder (catalogue.yaml, policy.yaml, rules/*.yaml, texts.yaml) with what is in force."
    permissions = (
        ADOPT,
        UPDATE,
        "incidents.change_service",
        "notifications.change_alertrule",
    )
    dry_run = True

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument("--reason", default="as the files say", help="kept with a new policy")
        if self.dry_run:
            parser.add_argument(
                "--check", action="store_true", help="exit status 1 if anything differs"
            )

    def handle(self, *args: Any, folder: Path, **options: Any) -> None:
        first = User.objects.filter(is_active=True, is_superuser=True).order_by("pk").first()
        actor = self.actor or first
        if actor is None:
            raise CommandError("--as: there is no user to do it; name one.", returncode=2)
        try:
            changes = apply_folder(
                folder=folder,
                actor=actor,
                reason=options["reason"],
                now=timezone.now(),
                dry_run=self.dry_run,
            )
        except FolderError as error:
            raise CommandError(str(error), returncode=2) from error
        for line in changes:
            self.stdout.write(line)
        done = "would change" if self.dry_run else "changed"
        self.stdout.write(
            f"{len(changes)} {done}." if changes else "Everything is as the files say."
        )
        if changes and options.get("check"):
            raise CommandError("The house is not as the files say.", returncode=1)
