"""Signed out while typing, or signed in again elsewhere: nothing is sent, and nothing that was typed is lost."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from incidents.models import Communication, Incident
from tests.desk.conftest import NEW, Form, sent_by, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]

PASSWORD = "correct horse battery staple"
LOGIN = "/admin/login/"


@pytest.fixture
def operator(db: None) -> User:
    return User.objects.create_superuser("olga", password=PASSWORD)


def sign_in_again(client: Client, page: Any, password: str = PASSWORD) -> Any:
    """Fill in the login that came instead of an answer."""
    fields = sent_by(page, LOGIN) | typed_in(page)
    return client.post(LOGIN, fields | {"username": "olga", "password": password})


def typed_in(page: Any) -> Form:
    """The hidden field stands beside the form and belongs to it by its `form` attribute."""
    marker = '<input type="hidden" name="typed" form="login-form" value="'
    start = page.content.decode().split(marker)[1]
    from html import unescape

    return {"typed": unescape(start.split('"')[0])}


def test_signed_out_while_typing_the_form_is_filled_as_typed_after_the_login(
    client: Client, operator: User, form: Form
) -> None:
    typed = form | {
        "regions": ["west-europe", "north-europe"],
        "extent-west-europe": "zone",
        "zones-west-europe": ["1", "3"],
        "public_text": 'Line "one"\r\n\r\n<b>&amp; two</b>',
    }

    refused = client.post(NEW, typed | {"step": "publish"})
    assert refused.status_code == 403
    assert "You were signed out, and nothing was sent." in text_of(refused)
    wrong = sign_in_again(client, refused, password="wrong")
    done = sign_in_again(client, wrong)
    assert done.headers["Location"] == NEW
    page = client.get(NEW)

    back = sent_by(page, NEW)
    for name, value in typed.items():
        assert back[name] == (value if isinstance(value, list) else [value]), name
    assert "Nothing was sent: you were signed out while you were typing." in text_of(page)
    assert "mend" not in text_of(page)
    assert not Incident.objects.exists()
    assert "Nothing was sent" not in text_of(client.get(NEW)), "said once"


@pytest.mark.parametrize(
    ("address", "fields", "name"),
    [
        ("update/", {"public_text": "We are on it.", "stage": "identified"}, "public_text"),
        ("audience/", {"audience": "confirmed", "targeted_text": "You are hit."}, "targeted_text"),
        ("override/", {"public": "yes", "reason": "The press has it."}, "reason"),
        ("retract/", {"reason": "A sensor was broken."}, "reason"),
        ("times/", {"reason": "The log says so.", "started_at": "08:00"}, "reason"),
        ("review/", {"heading_1": "What happened", "text_1": "A long text."}, "text_1"),
        ("recover/", {"region": "west-europe", "at": "08:15"}, "at"),
    ],
)
def test_every_form_about_an_incident_comes_back_as_typed(
    client: Client, operator: User, targeted: Incident, address: str, fields: Form, name: str
) -> None:
    here = f"/admin/desk/{targeted.tracking_id}/"
    said = Communication.objects.count()
    Incident.objects.update(mitigated_at=targeted.started_at)  # or there is nothing to review

    refused = client.post(here + address, fields | {"seen": "1-1"})
    page = client.get(sign_in_again(client, refused).headers["Location"])

    assert page.status_code == 200, "never a bare 405"
    assert "Nothing was sent" in text_of(page)
    assert fields[name] in page.content.decode()
    assert Communication.objects.count() == said


def test_a_page_from_before_signing_in_again_keeps_what_was_typed(
    operator: User, form: Form
) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(operator)
    form |= {"csrfmiddlewaretoken": "x" * 64}

    refused = client.post(NEW, form, headers={"origin": "http://testserver"})
    assert refused.status_code == 403
    assert "you signed in again after this page was made" in text_of(refused)
    back = sent_by(refused, NEW)
    assert back["targeted_text"] == [form["targeted_text"]]
    assert client.post(NEW, back | {"step": "preview"}).status_code == 200, "its mark is new"


def test_what_another_site_sends_is_not_kept(operator: User, form: Form) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(operator)
    for headers in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}):
        refused = client.post(NEW, form, headers=headers)
        assert refused.status_code == 403
        assert "This form could not be checked." in text_of(refused)
        assert form["public_text"] not in refused.content.decode()
    assert "Nothing was sent" not in text_of(client.get(NEW))


def test_a_login_in_two_tabs_ends_at_the_desk(operator: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(operator)
    done = client.post(LOGIN, {"next": NEW, "csrfmiddlewaretoken": "x" * 64})
    assert done.headers["Location"] == NEW
    elsewhere = client.post(LOGIN, {"next": "//evil.example/", "csrfmiddlewaretoken": "x" * 64})
    assert elsewhere.headers["Location"] == "/admin/desk/"


def test_the_verdict_beside_the_form_says_that_one_is_signed_out(client: Client) -> None:
    part = client.post(f"{NEW}verdict/", {}, headers={"HX-Request": "true"})
    assert part.status_code == 200
    assert "You are signed out." in text_of(part)


@pytest.mark.parametrize(
    "packed", ["", "{", "[]", '{"path": 1, "fields": 2}', '{"path": "/etc/x"}']
)
def test_a_login_with_something_else_in_it_is_a_login(
    client: Client, operator: User, packed: str
) -> None:
    done = client.post(
        LOGIN, {"username": "olga", "password": PASSWORD, "next": NEW, "typed": packed}
    )
    assert done.headers["Location"] == NEW
    assert client.get(NEW).status_code == 200


def test_unknown_and_wrongly_used_addresses_have_pages_of_their_own(desk: Client) -> None:
    for path in ("/admin/desk/NONE-000/", "/admin/desk/x/y/z/", "/nothing/here"):
        page = desk.get(path)
        assert (page.status_code, "There is nothing at this address." in text_of(page)) == (
            404,
            True,
        )
    used = desk.get("/admin/desk/NONE-000/recover/")
    assert used.status_code == 405
    assert "This address cannot be used that way." in text_of(used)
    assert used.headers["Allow"] == "POST"


def test_a_tracking_id_as_people_type_it_is_found(desk: Client, targeted: Incident) -> None:
    for typed in (
        targeted.tracking_id.lower(),
        targeted.tracking_id.replace("-", "\N{NON-BREAKING HYPHEN}"),
        targeted.tracking_id.replace("-", ""),
    ):
        assert desk.get(f"/admin/desk/{typed}/").status_code == 200


def test_what_is_seldom_done_is_folded_until_somebody_has_begun_it(
    desk: Client, waiting: Incident
) -> None:
    page = f"/admin/desk/{waiting.tracking_id}/"
    desk.post(f"{page}confirm/", {"seen": sent_by(desk.get(page), f"{page}confirm/")["seen"]})
    folded = r"<details>\s*<summary>Withdraw the public entry"
    assert re.search(folded, desk.get(page).content.decode())
