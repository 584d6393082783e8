from __future__ import annotations

from django.apps import AppConfig


class StatuspageConfig(AppConfig):
    name = "statuspage"

    def ready(self) -> None:
        from django.contrib.auth.signals import (
            user_logged_in,
            user_logged_out,
            user_login_failed,
        )

        from statuspage import (  # noqa: F401  (once apps are ready, checks register themselves and tasks find their broker)
            acting,
            celery,
            checks,
            checks_of_the_database,
        )
        from statuspage.desk.form_recovery import keep_over_login

        user_logged_in.connect(keep_over_login)
        user_logged_in.connect(acting.signed_in)
        user_logged_out.connect(acting.signed_out)
        user_login_failed.connect(acting.refused)
