"""A second door through the same library: its own addresses, its own cookies, and none of the desk's rights."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from statuspage.sign_in.realms import Realm
from tests.sign_in.conftest import PASSWORD

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def door(settings: Settings) -> None:
    settings.REALMS = (Realm("/service-health/", "tests.sign_in.second_realm", "home"),)


def test_a_customer_signs_in_by_their_own_door_and_has_no_cookie_for_the_desk(db: None) -> None:
    User.objects.create_user("carla", password=PASSWORD)
    client = Client(enforce_csrf_checks=True)
    page = client.get("/service-health/login/")
    assert 'action="/service-health/login/"' in page.content.decode()

    form = {"username": "carla", "password": PASSWORD}
    token = {"csrfmiddlewaretoken": page.cookies["csrftoken"].value}
    answer = client.post("/service-health/login/", form | token)

    assert answer.headers["Location"] == "/service-health/"
    assert answer.cookies
    assert {cookie["path"] for cookie in answer.cookies.values()} == {"/service-health/"}
    assert client.get("/service-health/").content == b"hello carla"
    assert client.get("/service-health/account/2fa/").status_code == 200


def test_whoever_brings_that_session_to_the_desk_is_refused(db: None) -> None:
    User.objects.create_user("carla", password=PASSWORD)
    client = Client()  # knows no paths of cookies, as somebody who copies them
    client.post("/service-health/login/", {"username": "carla", "password": PASSWORD})
    assert client.get("/admin/desk/").status_code == 403
    assert client.get("/admin/").status_code == 302


def test_the_desks_addresses_are_not_within_the_other_door(db: None, olga: User) -> None:
    client = Client()
    client.force_login(olga)
    assert client.get("/service-health/desk/").status_code == 404
