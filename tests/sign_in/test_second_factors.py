"""A second factor: set up, asked for, kept sealed; required where the settings say so."""

from __future__ import annotations

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from pytest_django import Settings

from incidents.models import AuditEvent
from incidents.sealing import MARK
from tests.sign_in.conftest import PASSWORD

pytestmark = pytest.mark.django_db
LOGIN = {"username": "olga", "password": PASSWORD}
ASK = "/admin/account/2fa/authenticate/"


def code_of(secret: str) -> str:
    return str(format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time())))))


def set_up(client: Client) -> str:
    """Activates the authenticator app; its secret."""
    page = client.get("/admin/account/2fa/totp/activate/", follow=True)
    if "password" in page.content.decode() and "reauthenticate" in page.redirect_chain[-1][0]:
        page = client.post(page.redirect_chain[-1][0], {"password": PASSWORD}, follow=True)
    secret = str(page.context["form"].secret)
    client.post("/admin/account/2fa/totp/activate/", {"code": code_of(secret)})
    return secret


def test_with_an_app_a_password_alone_opens_nothing(olga: User) -> None:
    client = Client()
    client.post("/admin/login/", LOGIN)
    secret = set_up(client)
    assert Authenticator.objects.filter(user=olga, type="totp").exists()

    again = Client()
    answer = again.post("/admin/login/", LOGIN)
    assert answer.headers["Location"].startswith(ASK)
    assert again.get("/admin/desk/").status_code == 302
    assert again.post(ASK, {"code": "000000"}).status_code == 200
    refused = AuditEvent.objects.filter(what="sign-in").latest("id")
    assert (refused.verb, refused.actor) == ("refused", "olga")
    from django.core.cache import cache

    cache.clear()  # the code of this half minute was used for setting up
    answer = again.post(ASK, {"code": code_of(secret)})
    assert answer.status_code == 302, answer.content.decode()
    assert again.get("/admin/desk/").status_code == 200


def test_what_makes_codes_is_sealed_at_rest(olga: User) -> None:
    client = Client()
    client.post("/admin/login/", LOGIN)
    secret = set_up(client)
    with connection.cursor() as cursor:
        cursor.execute("SELECT type, data::text FROM mfa_authenticator")
        rows = dict(cursor.fetchall())
    assert secret not in rows["totp"]
    assert MARK in rows["totp"]


def test_a_recovery_code_opens_once(olga: User) -> None:
    client = Client()
    client.post("/admin/login/", LOGIN)
    set_up(client)
    codes = Authenticator.objects.get(user=olga, type="recovery_codes").wrap().get_unused_codes()

    for expected in (302, 200):
        again = Client()
        again.post("/admin/login/", LOGIN)
        assert again.post(ASK, {"code": codes[0]}).status_code == expected


def test_where_one_is_required_nothing_else_is_reached_before(
    olga: User, settings: Settings
) -> None:
    settings.SECOND_FACTOR = True
    client = Client()
    client.post("/admin/login/", LOGIN)
    for path in ("/admin/desk/", "/admin/", "/admin/desk/new/"):
        answer = client.get(path)
        assert (answer.status_code, answer.headers["Location"]) == (302, "/admin/account/2fa/")
    assert client.get("/admin/account/2fa/").status_code == 200
    set_up(client)
    assert client.get("/admin/desk/").status_code == 200


def test_the_account_for_emergencies_needs_none(olga: User, settings: Settings) -> None:
    settings.SECOND_FACTOR = True
    settings.BREAK_GLASS = "olga"
    client = Client()
    client.post("/admin/login/", LOGIN)
    assert client.get("/admin/desk/").status_code == 200


@pytest.mark.parametrize(
    "path", ["", "totp/activate/", "webauthn/", "webauthn/add/", "recovery-codes/generate/"]
)
def test_every_page_of_ones_account_opens_under_the_strict_policy(olga: User, path: str) -> None:
    client = Client()
    client.post("/admin/login/", LOGIN)
    set_up(client)
    client.post("/admin/account/reauthenticate/", {"password": PASSWORD})
    answer = client.get(f"/admin/account/2fa/{path}", follow=True)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert "<script>" not in page
    assert " style=" not in page
    assert " onclick" not in page
