"""A database from before the migrations were merged is recognised, and left as it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections
from django.db.migrations.loader import MigrationLoader

OURS = ("incidents", "notifications")


@register(Tags.database)
def known_history(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """Asked by `migrate` before it touches anything."""
    found: list[CheckMessage] = []
    for alias in databases or ():
        loader = MigrationLoader(connections[alias])
        unknown = sorted(
            name
            for app, name in loader.applied_migrations
            if app in OURS and (app, name) not in loader.disk_migrations
        )
        if unknown:
            found.append(
                Error(
                    f"This database was made by another version: its migration {unknown[0]} is not known here.",
                    hint="Nothing was changed. Use a new database (for a demo: another STATE=, or remove the"
                    " state folder), or go on with the version that made it.",
                    id="statuspage.E010",
                )
            )
    return found
