"""`worker`: plans and sends messages and keeps the clock, until it is stopped."""

from __future__ import annotations

import logging
import sys
import threading
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import Error, connection

from notifications.delivery import claims, send
from statuspage import garbage_collection

HANDS = 2  # one may plan while the other sends
QUEUES = ["celery", "plan", "send"]
FIRST_SECONDS = 1.0

log = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Plans and sends messages, and does what is due by the clock; runs until stopped."
    requires_system_checks = ["statuspage"]  # the others load screens, which it never shows

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--alive",
            type=Path,
            metavar="FILE",
            help="touch this file after each task; the clock's own come every 15 seconds",
        )

    def handle(self, *args: Any, alive: Path | None, **options: Any) -> None:
        garbage_collection.look_less_often()
        # Before all that Celery needs: what waits in the outbox has waited long enough.
        first = threading.Thread(target=send_what_waits, daemon=True, name="first")
        first.start()
        first.join(FIRST_SECONDS)
        from celery.signals import task_postrun

        from statuspage.celery import app
        from statuspage.thread_pool import ThreadPool

        if alive is not None:
            task_postrun.connect(lambda **_: alive.touch(), weak=False)
        # As `celery worker` does, whose command line would take ten megabytes besides.
        worker = app.Worker(
            pool=ThreadPool,
            concurrency=HANDS,
            queues=QUEUES,
            loglevel="INFO",
            without_gossip=True,
            without_mingle=True,
            without_heartbeat=True,
        )
        worker.start()
        sys.exit(worker.exitcode)


def send_what_waits() -> None:
    """What no worker has sent so far, once. A database that is away is asked again by the clock."""
    try:
        if channels := claims.channels_due():
            log.info("at the start: %s", send.work(channels=channels))
    except Error as error:
        log.warning("the database is away: %s", " ".join(str(error).split()))
    finally:
        connection.close()
