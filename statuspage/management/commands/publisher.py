"""`publisher`: keeps this host's generation of the public pages up to date, until it is stopped."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from statuspage.public.publisher import Publisher, compress_in_background


class Command(BaseCommand):
    help = "Publishes the public pages whenever the public snapshot changes; runs until stopped."

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        # Forked before anything is opened; a daemon is ended with this process.
        helper = multiprocessing.get_context("fork").Process(
            target=compress_in_background,
            args=(settings.PUBLISHED_DIR, stop, os.getpid()),
            daemon=True,
        )
        helper.start()
        Publisher(settings.PUBLISHED_DIR).run(stop)
