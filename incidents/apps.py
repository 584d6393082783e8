from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate  # noqa: TID251 - installs; writes no incident


class IncidentsConfig(AppConfig):
    name = "incidents"

    def ready(self) -> None:
        # This app comes last: by now the permissions of all others are there.
        post_migrate.connect(keep_groups, sender=self, dispatch_uid="incidents.groups")


def keep_groups(**_: Any) -> None:
    from django.contrib.auth.models import Permission
    from django.db import connection

    from incidents import access

    # `migrate APP` of another app may come before the tables of these.
    if Permission._meta.db_table in connection.introspection.table_names():
        access.keep_groups()
