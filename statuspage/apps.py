from __future__ import annotations

import sys

from django.apps import AppConfig


class StatuspageConfig(AppConfig):
    name = "statuspage"

    def ready(self) -> None:
        from statuspage.checks import database, settings  # noqa: F401  (they register themselves)

        # So that tasks find their broker. Who never asks a worker for anything does without all that.
        if sys.argv[1:2] != ["publisher"]:
            from statuspage import celery  # noqa: F401
