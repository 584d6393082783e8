from __future__ import annotations

from django.apps import AppConfig


class StatuspageConfig(AppConfig):
    name = "statuspage"

    def ready(self) -> None:
        from statuspage import checks  # noqa: F401  (registers itself once apps are ready)
