from __future__ import annotations

from datetime import datetime

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction

from incidents.models import Decision
from incidents.services.incident import declare
from tests.conftest import declaration

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]


def test_a_recorded_decision_can_be_neither_changed_nor_deleted(
    now: datetime, operator: User
) -> None:
    declare(declaration=declaration(), now=now, actor=operator)

    for attempt in (
        "UPDATE incidents_decision SET reason = 'it was different'",
        "DELETE FROM incidents_decision",
    ):
        with (
            pytest.raises(IntegrityError, match="append-only"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(attempt)

    assert Decision.objects.get().reason == ""
