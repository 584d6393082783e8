"""`play TRACKING_ID [--speed N]`: a past incident happens again on the running demo."""

from __future__ import annotations

import time
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from incidents.access import DECLARE
from incidents.management.acting import ActingCommand
from incidents.models import Incident
from incidents.replay.playback import play
from incidents.replay.recordings import MomentsError, Recording, recording_of
from incidents.services.errors import EntryError
from incidents.texts import as_typed


class Command(ActingCommand):
    help = "Plays a past incident live on the running demo: page, feeds and mails follow."
    permissions = (DECLARE,)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("tracking_id", help="of an incident in the history, such as 6QKD-2XM")
        parser.add_argument(
            "--speed", type=float, default=120.0, help="times faster than it was (default 120)"
        )

        parser.add_argument(
            "--really", action="store_true", help="on an installation that is no local demo"
        )

    def handle(
        self, *args: Any, tracking_id: str, speed: float, really: bool, **options: Any
    ) -> None:
        local = ("http://127.0.0.1", "http://localhost")
        if not settings.BASE_URL.startswith(local) and not really:
            raise CommandError(
                f"{settings.BASE_URL} is no demo: this would tell real customers of a past incident."
                " Add --really if that is what you want.",
                returncode=2,
            )
        if not 1 <= speed <= 100_000:
            raise CommandError(f"--speed {speed}: use a number from 1 to 100000.", returncode=2)
        past = (
            Incident.objects.public().filter(tracking_id=as_typed.tracking_id(tracking_id)).first()
        )
        if past is None:
            known = ", ".join(Incident.objects.public().values_list("tracking_id", flat=True)[:10])
            raise CommandError(
                f"no public incident {tracking_id!r}; known: {known or 'none'}.", returncode=2
            )
        try:
            recording = recording_of(past.started_at)
        except MomentsError as error:
            raise CommandError(str(error), returncode=2) from error
        if recording is None:
            raise CommandError(
                f"{tracking_id} has no recorded moments; incidents/data/recordings has those that do.",
                returncode=2,
            )
        minutes = (recording.moments[-1].at - recording.moments[0].at).total_seconds() / 60
        self.stdout.write(
            f"{len(recording.moments)} moments of {minutes:.0f} minutes, played in about"
            f" {minutes * 60 / speed:.0f} seconds; watch /status/ meanwhile. Ctrl-C stops."
        )
        operator = self.actor or User.objects.filter(is_superuser=True).order_by("pk").first()
        try:
            self._play(recording, speed, operator)
        except EntryError as error:
            raise CommandError(str(error), returncode=2) from error

    def _play(self, recording: Recording, speed: float, operator: User | None) -> None:
        for moment, incident in play(
            recording, clock=timezone.now, wait=time.sleep, speed=speed, actor=operator
        ):
            public = (
                "public"
                if Incident.objects.public().filter(pk=incident.pk).exists()
                else "targeted"
            )
            self.stdout.write(
                f"{moment.at:%H:%M} UTC  {incident.tracking_id}  {public:8}  {moment.said} ({moment.basis})"
            )
