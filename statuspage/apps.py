from __future__ import annotations

from django.apps import AppConfig
from django.conf import settings


class StatuspageConfig(AppConfig):
    name = "statuspage"

    def ready(self) -> None:
        from statuspage.checks import database  # noqa: F401  (they register themselves)
        from statuspage.checks import settings as _  # noqa: F401

        # So that tasks find their broker. A publisher never asks a worker for anything, who does it by itself.
        if settings.SCREENS:
            from statuspage import celery  # noqa: F401
