"""`publisher`: keeps this host's generation of the public pages up to date, until it is stopped."""

from __future__ import annotations

import signal
import threading
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from statuspage import garbage_collection
from statuspage.public.publisher import Publisher


class Command(BaseCommand):
    help = "Publishes the public pages whenever the public snapshot changes; runs until stopped."
    requires_system_checks = ["statuspage"]  # the others load screens, which it never shows

    def handle(self, *args: Any, **options: Any) -> None:
        garbage_collection.look_less_often()
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        Publisher(settings.PUBLISHED_DIR).run(stop)
