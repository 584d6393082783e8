"""The forms for readers speak the language of their address, and stay in it."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.test import Client

from notifications.channels import signed_links
from notifications.models import PublicTopic
from notifications.vocabulary.delivery_states import DeliveryAudience
from tests.notifications.cast import endpoint

pytestmark = pytest.mark.usefixtures("catalogue")


def page(client: Client, path: str) -> str:
    return client.get(path).content.decode()


def test_the_address_chooses_and_nothing_else_does(client: Client) -> None:
    german = client.get("/de/subscribe/")
    assert '<html lang="de"' in german.content.decode()
    assert (german.cookies, "Vary" in german.headers) == ({}, False)
    asked_in_german = client.get("/subscribe/", headers={"accept-language": "de"})
    assert '<html lang="en"' in asked_in_german.content.decode()


def test_links_and_forms_stay_in_the_language(client: Client) -> None:
    shown = page(client, "/de/subscribe/")
    assert 'action="/de/subscribe/"' in shown
    assert 'href="/de/status/"' in shown
    assert 'href="/subscribe/"' in shown  # the same page in English


def test_managing_leads_to_leaving_in_the_same_language(client: Client, now: datetime) -> None:
    reader = endpoint("reader@example.com", confirmed_at=now)
    PublicTopic.objects.create(endpoint=reader)
    manage = signed_links.manage_url(reader.key).partition("/subscribe/")[2]
    leave = signed_links.leave_url(reader.key, DeliveryAudience.PUBLIC).partition("/subscribe/")[2]
    assert f'action="/ja/subscribe/{leave}"' in page(client, f"/ja/subscribe/{manage}")


@pytest.mark.parametrize("path", ["/en/subscribe/", "/xx/subscribe/", "/de/de/subscribe/"])
def test_other_prefixes_lead_nowhere(client: Client, path: str) -> None:
    assert client.get(path).status_code == 404


def test_the_desk_stays_english(client: Client) -> None:
    answer = client.get("/admin/login/", headers={"accept-language": "de"})
    assert '<html lang="en' in answer.content.decode()
