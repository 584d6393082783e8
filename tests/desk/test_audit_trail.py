"""Who did what, when, from where, before and after: of every kind of change, and final."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import IntegrityError, connection, transaction
from django.test import Client

from incidents.models import AuditEvent, Incident, Service
from incidents.services.access import tokens
from notifications.channels import endpoints, outbound
from notifications.evidence import erasure
from notifications.models import Channel, Endpoint, Tenant
from statuspage.desk.form.optimistic_lock import seen_now
from tests.notifications.cast import tenant

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]
TRAIL = "/admin/desk/audit/trail/"


def last(what: str, **more: Any) -> AuditEvent:
    return AuditEvent.objects.filter(what=what, **more).latest("id")


def test_a_change_at_a_screen_says_who_by_what_from_where_and_what_it_was(
    desk: Client, operator: User
) -> None:
    service = Service.objects.get(slug="storage")
    form = {"name": "Blob Storage", "category": service.category_id, "position": service.position}
    desk.post(f"/admin/incidents/service/{service.pk}/change/", form, REMOTE_ADDR="198.51.100.7")

    event = last("incidents_service")

    assert (event.actor, event.verb, event.row) == ("olga", "update", str(service.pk))
    assert event.via == "admin:incidents_service_change"
    assert (event.address, bool(event.session)) == ("198.51.100.7", True)
    assert event.before is not None
    assert event.after is not None
    assert (event.before["name"], event.after["name"]) == ("Storage", "Blob Storage")
    assert "slug" not in event.after


def test_an_act_reads_as_what_it_was(desk: Client, targeted: Incident) -> None:
    form = {"reason": "relay is down", "step": "stop"}
    desk.post("/admin/desk/sending/", form)
    stopped = last("notifications_killswitch")
    assert (stopped.via, stopped.actor) == ("desk:sending", "olga")

    desk.post(f"/admin/desk/{targeted.tracking_id}/unmerge/")
    desk.post(
        f"/admin/desk/{targeted.tracking_id}/update/",
        {
            "seen": seen_now(targeted),
            "stage": "identified",
            "public_text": "We know.",
            "targeted_text": "We know.",
            "step": "post",
        },
    )
    said = last("incidents_communication")
    assert (said.via, said.incident) == ("desk:update", targeted.pk)


def test_what_is_done_with_a_token_names_the_token(operator: User) -> None:
    tokens.issue(user=operator, name="monitor", now=datetime.now(UTC))
    issued = last("incidents_apitoken")
    assert issued.after is not None
    assert issued.after["digest"] == "…"


def test_a_role_given_and_taken_is_on_record(desk: Client, operator: User) -> None:
    user = User.objects.create(username="paul", is_staff=True)
    user.groups.add(Group.objects.get(name="approver"))
    given = last("auth_user_groups")
    user.groups.clear()
    taken = last("auth_user_groups")
    assert (given.verb, taken.verb) == ("insert", "delete")
    assert given.after == taken.before


def test_signing_in_failing_and_leaving_are_on_record(db: None) -> None:
    User.objects.create_user("petra", password="correct horse battery", is_staff=True)
    client = Client(REMOTE_ADDR="203.0.113.5")
    for name, password in (
        ("petra", "wrong"),
        ("my password by mistake", "x"),
        ("petra", "correct horse battery"),
    ):
        client.post("/admin/login/", {"username": name, "password": password})
    client.post("/admin/logout/")
    seen = (
        AuditEvent.objects.filter(what="sign-in")
        .order_by("id")
        .values_list("verb", "actor", "address")
    )
    assert list(seen) == [
        ("refused", "petra", "203.0.113.5"),
        ("refused", "(unknown)", "203.0.113.5"),
        ("in", "petra", "203.0.113.5"),
        ("out", "petra", "203.0.113.5"),
    ]


def test_nothing_in_it_opens_anything_or_outlives_an_erasure(
    operator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbound, "_resolve", lambda *_: ["93.184.216.34"])
    customer = tenant("contoso")
    hook, secret = endpoints.create(
        channel=Channel.WEBHOOK,
        address="https://hooks.example.com/abcdefghijklmnop",
        tenant=customer,
        now=datetime.now(UTC),
    )
    endpoints.rotate(endpoint_id=hook.pk, now=datetime.now(UTC))
    mail = Endpoint.objects.create(
        channel=Channel.MAIL, address="ada@contoso.example", created_at=datetime.now(UTC)
    )
    User.objects.create_user("petra", password="correct horse battery")
    name = Tenant.objects.get(pk=customer.pk).name
    erasure.erase(
        erasure.plan_endpoints([mail]), reason="ticket 1", now=datetime.now(UTC), actor=operator
    )

    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(string_agg(e::text, ' '), '') FROM incidents_auditevent e")
        (everything,) = cursor.fetchone()
    for word in (
        secret,
        "abcdefghijklmnop",
        "ada@contoso.example",
        "pbkdf2_sha256$",
        "sealed:",
        name,
    ):
        assert word not in everything, word


@pytest.mark.parametrize(
    "sql", ["UPDATE incidents_auditevent SET actor = 'nobody'", "DELETE FROM incidents_auditevent"]
)
def test_what_is_on_record_stays(operator: User, sql: str) -> None:
    assert AuditEvent.objects.exists()
    with (
        pytest.raises(IntegrityError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)


def test_a_load_of_very_many_is_one_event_with_their_number(db: None) -> None:
    Endpoint.objects.bulk_create(
        Endpoint(channel=Channel.MAIL, address=f"a{n}@example.com", created_at=datetime.now(UTC))
        for n in range(150)
    )
    event = last("notifications_endpoint")
    assert (event.rows, event.after) == (150, None)


def test_a_dry_run_leaves_nothing_behind(desk: Client, targeted: Incident) -> None:
    before = AuditEvent.objects.filter(what="incidents_communication").count()
    form = {
        "seen": seen_now(targeted),
        "stage": "identified",
        "public_text": "We know.",
        "targeted_text": "We know.",
        "step": "preview",
    }
    assert desk.post(f"/admin/desk/{targeted.tracking_id}/update/", form).status_code == 200
    assert AuditEvent.objects.filter(what="incidents_communication").count() == before


def test_an_auditor_filters_the_trail_and_takes_it_away(targeted: Incident, operator: User) -> None:
    auditor = User.objects.create(username="ulla", is_staff=True)
    auditor.groups.add(Group.objects.get(name="auditor"))
    client = Client()
    client.force_login(auditor)
    assert client.get(TRAIL).status_code == 200

    own: Any = client.get(TRAIL, {"incident": targeted.tracking_id, "format": "json"})
    rows = json.loads(b"".join(own.streaming_content))
    assert {row["incident"] for row in rows} == {targeted.pk}
    assert {"incidents_incident", "incidents_communication", "incidents_decision"} <= {
        row["what"] for row in rows
    }

    sheet: Any = client.get(TRAIL, {"what": "user", "format": "csv"})
    lines = list(csv.DictReader(io.StringIO(b"".join(sheet.streaming_content).decode())))
    assert {line["what"] for line in lines} <= {"auth_user", "auth_user_groups"}
    assert client.get(TRAIL, {"since": "yesterday"}).status_code == 422
