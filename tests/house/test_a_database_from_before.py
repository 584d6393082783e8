"""A database that another version made is recognised by `migrate`, named, and left as it is."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from statuspage.checks.database import known_history

pytestmark = pytest.mark.django_db


def test_it_is_refused_with_what_to_do() -> None:
    MigrationRecorder(connection).record_applied("incidents", "0009_api_tokens")
    with pytest.raises(SystemCheckError, match="0009_api_tokens is not known here") as refused:
        call_command("migrate", verbosity=0, skip_checks=False)
    assert "another STATE=" in str(refused.value)


def test_a_database_of_this_version_is_taken() -> None:
    assert known_history(databases=["default"]) == []
