"""`deliver`: does what workers have left undone, until stopped. It needs the database, and no broker.

Every worker does the same beside its tasks; this is for when none runs.
"""

from __future__ import annotations

import signal
import threading
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from notifications import without_broker


class Command(BaseCommand):
    help = "Plans and sends what has been due for too long, without a broker; runs until stopped."
    requires_system_checks = ["statuspage"]  # the others load screens, which it never shows

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="do all that is due now, then end")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["once"]:
            tally = without_broker.run_once(now=timezone.now(), grace=timedelta(0))
            self.stdout.write(
                f"sent {tally.sent}, failed {tally.failed}, skipped {tally.skipped},"
                f" waiting {tally.waiting}"
            )
            return
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        without_broker.run(stop)
