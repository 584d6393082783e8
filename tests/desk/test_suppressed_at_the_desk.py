"""Suppressed addresses at the desk: which, why, whom they silence, and how it ends."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from notifications.models import Bounce, Endpoint, OperatorAct
from tests.desk.conftest import text_of
from tests.notifications.cast import reader, tenant

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]

SUPPRESSED = "/admin/desk/suppressed/"


def suppress(address: str) -> Endpoint:
    now = datetime.now(UTC)
    found = Endpoint.objects.get(address=address)
    found.suppressed_at, found.suppressed_because = now, "550 5.1.1 No such user"
    found.save()
    Bounce.objects.create(
        endpoint=found,
        kind="hard",
        source="report",
        event=f"{found.pk}:hard",
        detail="550 5.1.1 gone since March",
        at=now,
    )
    return found


def test_the_desk_says_which_address_why_and_whose(
    desk: Client, django_assert_num_queries: Any
) -> None:
    assert "No address is suppressed" in text_of(desk.get(SUPPRESSED))
    tenant("blue")
    suppress("blue@example.com")
    reader("reader@example.com")
    suppress("reader@example.com")
    with django_assert_num_queries(12):
        words = text_of(desk.get(SUPPRESSED))
    assert "blue@example.com Mail Of: Blue" in words
    assert "reader@example.com Mail Of: a public subscriber" in words
    assert "550 5.1.1 gone since March" in words
    assert "A report that came back" in words


def test_an_answer_that_is_the_reason_is_said_once(desk: Client) -> None:
    tenant("blue")
    suppress("blue@example.com")
    Bounce.objects.update(detail="550 5.1.1 No such user")
    assert text_of(desk.get(SUPPRESSED)).count("550 5.1.1 No such user") == 1


def test_a_tenant_whose_only_contact_is_suppressed_raises_an_alarm(desk: Client) -> None:
    tenant("blue")
    tenant("red")
    assert "cannot be told" not in text_of(desk.get("/admin/desk/"))
    suppress("blue@example.com")
    words = text_of(desk.get("/admin/desk/"))
    assert "1 tenant cannot be told anything" in words
    assert "Blue" in words
    assert "Red" not in words


def test_it_is_lifted_with_a_reason_that_is_kept(desk: Client, operator: User) -> None:
    tenant("blue")
    endpoint = suppress("blue@example.com")
    own = f"{SUPPRESSED}{endpoint.pk}/"
    assert "550 5.1.1 gone since March" in text_of(desk.get(own))
    refused = desk.post(own, {"reason": " "})
    assert refused.status_code == 422
    assert "It stays suppressed: please mend this first" in text_of(refused)
    assert "Write why messages will arrive now." in text_of(refused)

    done = desk.post(own, {"reason": "The mailbox is back."}, follow=True)
    assert "blue@example.com is sent to again." in text_of(done)
    assert "The mailbox is back." in text_of(done)
    assert OperatorAct.objects.get().actor == operator
    assert desk.post(own, {"reason": "Twice."}).status_code == 404
