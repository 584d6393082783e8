"""`deliver`: does what workers have left undone, until stopped. It needs the database, and no broker."""

from __future__ import annotations

import logging
import signal
import threading
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand
from django.db import Error, connection
from django.utils import timezone

from notifications import without_broker

log = logging.getLogger(__name__)

PAUSE_SECONDS = 10.0


class Command(BaseCommand):
    help = "Plans and sends what has been due for too long, without a broker; runs until stopped."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="do all that is due now, then end")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["once"]:
            tally = without_broker.help_out(now=timezone.now(), grace=timedelta(0))
            self.stdout.write(
                f"sent {tally.sent}, failed {tally.failed}, skipped {tally.skipped},"
                f" waiting {tally.waiting}"
            )
            return
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        busy = False
        while busy or not stop.wait(PAUSE_SECONDS):
            busy = not stop.is_set() and _round()


def _round() -> bool:
    """Whether there may be more. A database that is away is asked again later."""
    try:
        tally = without_broker.help_out(now=timezone.now())
    except Error as error:
        log.warning("the database is away: %s", " ".join(str(error).split()))
        connection.close()
        return False
    if tally.sent:
        log.warning("sent %d messages that no worker had taken", tally.sent)
    return bool(tally.sent)
