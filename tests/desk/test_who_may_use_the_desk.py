from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from incidents.models import Communication, Incident
from tests.desk.conftest import NEW, Form, sent_by, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]

WRITES = ("update", "recover", "audience", "confirm", "override", "withdraw")


def person(*permissions: str, staff: bool = True) -> Client:
    user = User.objects.create(username="petra", is_staff=staff)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


def pages(incident: Incident) -> list[str]:
    own = f"/admin/desk/{incident.tracking_id}/"
    return ["/admin/desk/", NEW, own, *(f"{own}{name}/" for name in WRITES)]


def test_the_anonymous_are_sent_to_the_login_and_back(client: Client, targeted: Incident) -> None:
    for url in pages(targeted):
        for answer in (client.get(url), client.post(url)):
            assert answer.status_code == 302
            assert answer.headers["Location"] == f"/admin/login/?next={url}"


@pytest.mark.parametrize(
    ("permissions", "staff"),
    [
        ((), True),
        (("view_service", "add_tenant"), True),
        (("change_incident", "add_incident"), False),
    ],
)
def test_without_the_permission_or_without_being_staff_there_is_nothing_to_see(
    targeted: Incident, permissions: tuple[str, ...], staff: bool
) -> None:
    client = person(*permissions, staff=staff)

    for url in pages(targeted):
        for answer in (client.get(url), client.post(url)):
            assert answer.status_code == 403
            assert targeted.public_title not in answer.content.decode()
    assert Communication.objects.count() == 1


def test_who_may_change_incidents_works_on_them_but_declares_none(
    targeted: Incident, form: Form
) -> None:
    client = person("change_incident")

    page = client.get("/admin/desk/")
    assert page.status_code == 200
    assert NEW not in page.content.decode()
    assert client.get(f"/admin/desk/{targeted.tracking_id}/").status_code == 200
    assert client.post(NEW, form).status_code == 403


def test_who_may_add_incidents_as_well_declares(form: Form) -> None:
    client = person("change_incident", "add_incident")

    preview = client.post(NEW, form)
    done = client.post(NEW, sent_by(preview, NEW) | {"step": "publish"})

    assert done.status_code == 302
    assert str(Incident.objects.get().decisions.get().actor) == "petra"


def test_a_form_without_its_token_is_refused(operator: User, targeted: Incident) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(operator)

    for url in pages(targeted)[1:]:
        if url != f"/admin/desk/{targeted.tracking_id}/":
            assert client.post(url, {"stage": "resolved"}).status_code == 403
    assert Communication.objects.count() == 1


def test_writes_need_a_post(desk: Client, targeted: Incident) -> None:
    for name in WRITES[1:]:
        assert desk.get(f"/admin/desk/{targeted.tracking_id}/{name}/").status_code == 405


def test_an_unknown_incident_is_not_found(desk: Client) -> None:
    for name in ("", *(f"{name}/" for name in WRITES)):
        assert desk.post(f"/admin/desk/ABCD-123/{name}").status_code in (404, 405)
    assert desk.get("/admin/desk/ABCD-123/").status_code == 404


def test_imported_history_can_be_looked_at_only(desk: Client, targeted: Incident) -> None:
    Incident.objects.update(backfilled=True)
    own = f"/admin/desk/{targeted.tracking_id}/"

    page = desk.get(own)

    assert "to look at, not to write to" in text_of(page)
    assert page.content.count(b'method="post"') == 1  # the one that logs out
    for name in WRITES:
        assert desk.post(f"{own}{name}/", {"stage": "resolved"}).status_code == 404


def test_the_desk_forbids_inline_code_and_is_not_kept_by_caches(desk: Client) -> None:
    page = desk.get(NEW)

    assert "unsafe" not in page.headers["Content-Security-Policy"]
    assert "no-store" in page.headers["Cache-Control"]
    assert page.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    body = page.content.decode()
    assert " style=" not in body
    assert " onclick" not in body
    assert "<script>" not in body
    assert "hx-on" not in body
