"""Whoever knows a web address may post to it: it is shown by host and tail, to whom may change it alone in full."""

from __future__ import annotations

import logging
from datetime import datetime

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.core.management import call_command
from django.test import Client
from pytest_django.fixtures import Settings

from incidents.models import Incident
from incidents.services import incident as incident_service
from notifications.channels import endpoints
from notifications.delivery import plan, send
from notifications.models import Attempt, Endpoint
from notifications.vocabulary.addresses import label
from tests.conftest import declaration
from tests.desk.conftest import text_of
from tests.notifications.cast import tenant

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]

# Nobody hears at port 1.
ADDRESS = "http://127.0.0.1:1/services/T0001/B0002/s3cr3tT0k3nQ9xZ"
SHOWN = "127.0.0.1:1/…Q9xZ"


@pytest.fixture(params=["chat", "webhook"])
def endpoint(request: pytest.FixtureRequest, settings: Settings, now: datetime) -> Endpoint:
    settings.OUTBOUND_ALLOW = ["127.0.0.0/8"]
    owner = tenant("here", ("key-vault", "west-europe"), contact=False)
    made = (
        endpoints.create(channel="chat", address=ADDRESS, tenant=owner, now=now)[0]
        if request.param == "chat"
        else endpoints.create(channel="webhook", address=ADDRESS, tenant=owner, now=now)[0]
    )
    owner.contact = made
    owner.save()
    return made


@pytest.fixture
def failed(endpoint: Endpoint, operator: User, now: datetime) -> Incident:
    """An incident that the endpoint could not be told of."""
    made = incident_service.declare(declaration=declaration(), now=now, actor=operator)
    plan.plan_due(now=now)
    send.work()
    endpoint.deliveries.update(state="failed")
    return made


def look(desk: Client, page: str) -> None:
    answer = desk.get(page)
    assert answer.status_code == 200, page
    body = b"".join(answer) if answer.streaming else answer.content
    assert "s3cr3t" not in body.decode(), page
    assert SHOWN in body.decode(), page


def test_no_page_and_no_file_shows_the_address(
    desk: Client, failed: Incident, endpoint: Endpoint, now: datetime
) -> None:
    deliveries = f"/admin/desk/{failed.tracking_id}/deliveries/"
    for page in (deliveries, f"{deliveries}?format=csv", f"{deliveries}retry/"):
        look(desk, page)
    Endpoint.objects.update(suppressed_at=now, suppressed_because="answered 410: gone for good")
    for page in (
        f"told/?endpoint={endpoint.pk}",
        "told/?q=here",
        "suppressed/",
        f"suppressed/{endpoint.pk}/",
        f"erase/{endpoint.pk}/",
        "erase/tenant/here/",
    ):
        look(desk, f"/admin/desk/{page}")
    for page in ("endpoint/", f"endpoint/{endpoint.pk}/delete/", "delivery/", "tenant/"):
        look(desk, f"/admin/notifications/{page}")


def test_a_search_for_the_address_leads_to_a_page_without_it(
    desk: Client, failed: Incident, endpoint: Endpoint
) -> None:
    answer = desk.get("/admin/desk/told/", {"q": ADDRESS})
    assert answer.headers["Location"] == f"/admin/desk/told/?endpoint={endpoint.pk}"
    page = text_of(desk.get(answer.headers["Location"]))
    assert SHOWN in page
    assert failed.public_title in page


@pytest.mark.parametrize("number", ["0", "99999999999999999999999", "x"])
def test_a_number_of_no_address_finds_none(desk: Client, number: str) -> None:
    assert desk.get("/admin/desk/told/", {"endpoint": number}).status_code == 200


def test_neither_preview_nor_command_nor_log_nor_answer_names_it(
    failed: Incident,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    call_command("audience", failed.tracking_id, "--json")
    call_command("audience", failed.tracking_id)
    printed = capsys.readouterr().out
    assert "Q9xZ" in printed
    send.work()
    for words in (printed, caplog.text, *Attempt.objects.values_list("detail", flat=True)):
        assert "s3cr3t" not in words


def test_only_who_may_change_it_sees_the_whole_of_it(
    client: Client, operator: User, endpoint: Endpoint
) -> None:
    page = f"/admin/notifications/endpoint/{endpoint.pk}/change/"
    client.force_login(operator)
    assert ADDRESS in client.get(page).content.decode()
    saved = {"address": ADDRESS, "language": "de", "time_zone": "UTC", "post_cadence": "every"}
    rest = {"topics-TOTAL_FORMS": "0", "topics-INITIAL_FORMS": "0"}
    assert client.post(page, saved | rest).status_code == 302
    assert "s3cr3t" not in str(LogEntry.objects.values_list("object_repr", "change_message"))

    looking = User.objects.create(username="petra", is_staff=True)
    looking.user_permissions.add(Permission.objects.get(codename="view_endpoint"))
    client.force_login(looking)
    shown = client.get(page).content.decode()
    assert SHOWN in shown
    assert "s3cr3t" not in shown


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("ops@example.com", "ops@example.com"),
        ("erased-0011", "erased-0011"),
        ("https://hooks.example.com/services/T1/B2/abcdefgh", "hooks.example.com/…efgh"),
        ("https://chat.example.com?key=abcdefghijklmnop", "chat.example.com/…mnop"),
        ("https://example.com:8443/hook", "example.com:8443/…"),
    ],
)  # fmt: skip
def test_a_web_address_is_shown_by_host_and_tail(address: str, shown: str) -> None:
    assert label(address) == shown
