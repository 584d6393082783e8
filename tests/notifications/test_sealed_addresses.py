"""Whoever reads the tables or a dump of them learns no address that may be posted to."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from pytest_django.fixtures import Settings

from incidents.sealing import SealError, unseal
from notifications.channels import endpoints, outbound
from notifications.evidence.delivery_lookup import look_up
from notifications.models import Endpoint
from notifications.vocabulary.addresses import AddressError
from tests.notifications.cast import endpoint as mail_endpoint

pytestmark = pytest.mark.django_db
WORD = "B000abcdefghijklmnop"
ROOM = f"https://hooks.example.com/services/T000/{WORD}"


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch, now: datetime) -> Endpoint:
    monkeypatch.setattr(outbound, "_resolve", lambda *_: ["93.184.216.34"])
    return endpoints.create(channel="chat", address=ROOM, tenant=None, now=now)[0]


def dump() -> str:
    """Every row of every table, as text."""
    with connection.cursor() as cursor:
        found = []
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT t::text FROM "{table}" t')  # noqa: S608 - a table's name
            found += [row[0] for row in cursor.fetchall()]
    return "\n".join(found)


def test_a_dump_holds_neither_address_nor_secret(room: Endpoint, now: datetime) -> None:
    _, secret = endpoints.create(channel="webhook", address=f"{ROOM}/hook", tenant=None, now=now)
    mail_endpoint("ann@example.com")
    told = dump()
    assert "ann@example.com" in told  # a check of the check
    assert WORD not in told
    assert WORD.lower() not in told.lower()
    assert secret not in told


def test_the_same_address_is_found_and_is_not_taken_twice(room: Endpoint, now: datetime) -> None:
    again = Endpoint.objects.get(pk=room.pk)
    assert again.address == ROOM
    assert endpoints.find("chat", ROOM) == room
    assert look_up(ROOM).endpoints == [room]
    assert look_up(ROOM.replace("https://hooks", "HTTPS://Hooks")).endpoints == [room]
    assert look_up(ROOM[:-1]).endpoints == []
    with pytest.raises(AddressError, match="there already"):
        endpoints.create(channel="chat", address=ROOM, tenant=None, now=now)


def test_after_a_change_of_the_key_all_goes_on_and_resealing_lets_the_former_go(
    room: Endpoint, settings: Settings, now: datetime
) -> None:
    hook, secret = endpoints.create(channel="webhook", address=f"{ROOM}/h", tenant=None, now=now)
    former, settings.SECRET_KEY = (
        settings.SECRET_KEY,
        "another key of more than fifty characters, as asked",
    )
    settings.SECRET_KEY_FALLBACKS = [former]
    assert endpoints.find("chat", ROOM) == room

    call_command("reseal")

    settings.SECRET_KEY_FALLBACKS = []
    assert endpoints.find("chat", ROOM) == room
    again = Endpoint.objects.get(pk=hook.pk)
    assert again.address == f"{ROOM}/h"
    assert unseal(again.secret) == secret


def test_without_the_key_an_error_says_what_to_do(room: Endpoint, settings: Settings) -> None:
    settings.SECRET_KEY = "another key of more than fifty characters, as it is asked for"
    with transaction.atomic(), pytest.raises(SealError, match="SECRET_KEY_FALLBACKS"):
        Endpoint.objects.get(pk=room.pk)
