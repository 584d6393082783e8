from __future__ import annotations

from django.apps import AppConfig


class StatuspageConfig(AppConfig):
    name = "statuspage"

    def ready(self) -> None:
        from django.contrib.auth.signals import user_logged_in

        from statuspage import checks  # noqa: F401  (registers itself once apps are ready)
        from statuspage.desk.form_recovery import keep_over_login

        user_logged_in.connect(keep_over_login)
