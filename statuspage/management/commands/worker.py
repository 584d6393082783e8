"""`worker`: plans and sends messages and keeps the clock, until it is stopped."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from celery.signals import task_postrun
from django.core.checks import Tags
from django.core.management.base import BaseCommand, CommandParser

from statuspage.celery import app

HANDS = 2  # one may plan while the other sends
QUEUES = ["celery", "plan", "send"]


class Command(BaseCommand):
    help = "Plans and sends messages, and does what is due by the clock; runs until stopped."
    # All of them would load every screen of the desk, which this process never shows.
    requires_system_checks = [Tags.security]

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--alive",
            type=Path,
            metavar="FILE",
            help="touch this file after each task; the clock's own come every 15 seconds",
        )

    def handle(self, *args: Any, alive: Path | None, **options: Any) -> None:
        if alive is not None:
            task_postrun.connect(lambda **_: alive.touch(), weak=False)
        # As `celery worker` does, whose command line would take ten megabytes besides.
        worker = app.Worker(
            pool="threads",
            concurrency=HANDS,
            queues=QUEUES,
            loglevel="INFO",
            without_gossip=True,
            without_mingle=True,
            without_heartbeat=True,
        )
        worker.start()
        sys.exit(worker.exitcode)
