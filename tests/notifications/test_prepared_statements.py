"""What a claim asks again and again is planned once a connection, and nothing else stays there."""

from __future__ import annotations

import pytest
from django.db import connection

from notifications.delivery import claims
from notifications.models import Delivery


@pytest.mark.django_db(transaction=True)
def test_a_worker_asks_with_statements_that_the_server_has_prepared() -> None:
    connection.close()
    for _ in range(2):
        claims.claim(most=10, channel="mail")
        Delivery.objects.count()
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement, generic_plans + custom_plans FROM pg_prepared_statements")
        kept = cursor.fetchall()
    assert [times for statement, times in kept if "FOR UPDATE OF p SKIP LOCKED" in statement] == [2]
    assert not [statement for statement, _ in kept if "__count" in statement]
