"""The screens of deliveries: one incident, all of them, and whether an address was told."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from incidents.models import Incident
from incidents.services.incident import post_update
from incidents.services.inputs import Statement
from notifications.delivery import plan
from notifications.evidence import delivery_lookup as service
from notifications.evidence import delivery_statistics
from notifications.models import Attempt, Delivery, Endpoint, Tenant
from tests.desk.conftest import Answer, text_of
from tests.notifications.cast import last, rule, tenant

pytestmark = pytest.mark.django_db

TOLD, ALL = "/admin/desk/told/", "/admin/desk/deliveries/"
WEST = ("key-vault", "west-europe")


@pytest.fixture
def told(targeted: Incident) -> Incident:
    """Three tenants: one has it, one refused it, one waits."""
    for ref in ("blue", "green", "red"):
        tenant(ref, WEST)
    now = datetime.now(UTC)
    plan.plan(communication_id=last(targeted).pk, now=now)
    became("blue@example.com", "sent", "250 taken as 1234", sent_at=now + timedelta(seconds=30))
    became("green@example.com", "failed", "550 no, thank you")
    return targeted


def became(address: str, state: str, answer: str, **more: Any) -> None:
    delivery = Delivery.objects.get(endpoint__address=address)
    Delivery.objects.filter(pk=delivery.pk).update(state=state, attempts=1, **more)
    result = "sent" if state == "sent" else "permanent"
    Attempt.objects.create(
        delivery=delivery, number=1, result=result, detail=answer, at=delivery.created_at
    )


def own(incident: Incident, rest: str = "") -> str:
    return f"/admin/desk/{incident.tracking_id}/deliveries/{rest}"


def rows_of(answer: Answer) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))


def test_the_page_says_what_became_of_each_update(desk: Client, told: Incident) -> None:
    words = text_of(desk.get(own(told)))
    assert "Planned 3" in words
    assert "Sent 1 1 endpoint told" in words
    assert "Failed 1" in words
    assert "Waiting 1" in words
    assert "Sending goes on: 50 % is done." in words
    assert "550 no, thank you" in words
    assert "start of impact" in words
    assert "1 h" in words


def test_it_asks_as_often_for_many_updates_as_for_few(
    desk: Client, told: Incident, django_assert_num_queries: Any
) -> None:
    delivery_statistics.refresh(incident_id=told.pk, now=datetime.now(UTC))
    with django_assert_num_queries(18):
        desk.get(own(told))
    Delivery.objects.filter(state="pending").update(state="skipped", skip_reason="left")
    delivery_statistics.refresh(incident_id=told.pk, now=datetime.now(UTC))
    with django_assert_num_queries(12):  # all is settled: nothing is counted
        settled = desk.get(own(told))
    assert "every delivery is settled" in text_of(settled)
    assert "hx-get" not in settled.content.decode()


def test_while_messages_leave_the_page_asks_again_and_then_stops(
    desk: Client, told: Incident
) -> None:
    assert 'hx-trigger="every 4s"' in desk.get(own(told)).content.decode()
    assert 'hx-trigger="every 4s"' in desk.get(own(told, "progress/")).content.decode()
    Delivery.objects.filter(state="pending").update(state="skipped", skip_reason="left")
    assert "hx-trigger" not in desk.get(own(told, "progress/")).content.decode()


def test_failed_ones_are_tried_again_after_a_look_and_once(desk: Client, told: Incident) -> None:
    look = desk.get(own(told, "retry/"))
    assert "1 failed delivery is tried once more" in text_of(look)
    assert Delivery.objects.filter(state="failed").count() == 1

    done = desk.post(own(told, "retry/"), follow=True)
    assert "1 delivery is tried again." in text_of(done)
    assert "Failed deliveries tried again: 1" in text_of(done)
    again = desk.post(own(told, "retry/"), follow=True)
    assert "Nothing is left to try again." in text_of(again)
    assert Delivery.objects.get(endpoint__address="green@example.com").state == "pending"


@pytest.mark.parametrize("page", [1, 2, 3, 2000])
def test_every_delivery_leaves_as_a_file_that_runs_nothing(
    desk: Client, told: Incident, page: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "A_PAGE", page)
    Attempt.objects.filter(result="permanent").update(detail="=HYPERLINK(1)")
    rows = rows_of(desk.get(own(told) + "?format=csv"))
    assert len(rows) == 3
    assert {row["address"]: row["state"] for row in rows} == {
        "blue@example.com": "sent",
        "green@example.com": "failed",
        "red@example.com": "pending",
    }
    assert "'=HYPERLINK(1)" in {row["last_answer"] for row in rows}


def test_all_incidents_are_compared_from_the_origin_that_is_asked_for(
    desk: Client, told: Incident, django_assert_num_queries: Any
) -> None:
    assert "Nobody was told of any incident yet" in text_of(desk.get(ALL))
    delivery_statistics.refresh(incident_id=told.pk, now=datetime.now(UTC))
    with django_assert_num_queries(7):
        page = desk.get(ALL)
    assert "from start of impact" in text_of(page)
    assert "1 h" in text_of(page)
    assert "<svg" in page.content.decode()
    assert "style=" not in page.content.decode()

    from_post = text_of(desk.get(ALL + "?origin=publication"))
    assert "from publication" in from_post
    assert "30 s" in from_post

    one, all_of_it = rows_of(desk.get(ALL + "?format=csv"))
    assert (one["update"], all_of_it["update"]) == ("1", "all")
    assert (one["planned"], one["sent"], one["failed"], one["pending"]) == ("3", "1", "1", "1")
    assert 29 <= int(all_of_it["p50_seconds_from_publication"]) <= 31


def test_what_is_held_back_says_why(desk: Client, told: Incident) -> None:
    for ref in ("gold", "pink"):
        tenant(ref, WEST)
    later = post_update(
        incident_id=told.pk,
        now=datetime.now(UTC),
        stage="identified",
        statement=Statement("We know why."),
    )
    plan.plan(communication_id=later.pk, now=datetime.now(UTC))
    for address, hold in (("blue", "limit"), ("gold", "interval"), ("pink", "interval")):
        Delivery.objects.filter(
            communication=later, endpoint__address=f"{address}@example.com"
        ).update(deferred=hold)
    words = text_of(desk.get(own(told)))
    assert "Waiting 5 2 held by the interval 1 held for a digest" in words
    screen = text_of(desk.get(f"/admin/desk/{told.tracking_id}/"))
    assert "2 pending, 1 held for a digest, 2 held by the interval" in screen
    assert "pending : held by the interval" in text_of(desk.get(TOLD, {"q": "pink"}))

    rows = rows_of(desk.get(own(told) + "?format=csv"))
    assert {(row["address"], row["state"]) for row in rows if row["deferred"] == "interval"} == {
        ("gold@example.com", "pending"),
        ("pink@example.com", "pending"),
    }
    delivery_statistics.refresh(incident_id=told.pk, now=datetime.now(UTC))
    whole = rows_of(desk.get(ALL + "?format=csv"))[-1]
    assert (whole["pending"], whole["pending_limit"], whole["pending_interval"]) == ("2", "1", "2")
    assert "Sending goes on" in text_of(desk.get(own(told)))


def test_drills_are_compared_with_nothing_and_keep_their_own_page(
    desk: Client, told: Incident
) -> None:
    delivery_statistics.refresh(incident_id=told.pk, now=datetime.now(UTC))
    assert told.tracking_id in text_of(desk.get(ALL))
    Incident.objects.update(drill=True)
    page = desk.get(ALL)
    assert told.tracking_id not in text_of(page)
    assert "<svg" not in page.content.decode()
    assert "Drills are left out" in text_of(page)
    assert rows_of(desk.get(ALL + "?format=csv")) == []
    assert "1 h" in text_of(desk.get(own(told)))


@pytest.mark.parametrize("question", ["Blue@Example.com", "blue", "BLUE"])
def test_support_finds_what_an_address_or_a_tenant_was_told(
    desk: Client, told: Incident, question: str
) -> None:
    words = text_of(desk.get(TOLD, {"q": question}))
    assert "blue@example.com" in words
    assert "250 taken as 1234" in words
    assert told.tracking_id in words


def test_a_tenant_is_found_with_all_its_rules_lead_to(desk: Client, told: Incident) -> None:
    rule(Tenant.objects.get(ref="red"), "duty@red.example")
    words = text_of(desk.get(TOLD, {"q": "red"}))
    assert "duty@red.example" in words
    assert "red@example.com" in words


def test_what_is_not_known_is_said_so(desk: Client, told: Incident) -> None:
    assert "nothing was ever sent to it" in text_of(desk.get(TOLD, {"q": "no@example.com"}))
    assert "No tenant has" in text_of(desk.get(TOLD, {"q": "nobody"}))
    assert "This is no address" in text_of(desk.get(TOLD, {"q": "a@b@c"}))
    assert "Which tenant?" in text_of(desk.get(TOLD, {"q": "re"}))
    Endpoint.objects.create(address="new@example.com", created_at=datetime.now(UTC))
    assert "Not told." in text_of(desk.get(TOLD, {"q": "new@example.com"}))


def test_support_reads_deliveries_and_nothing_else(client: Client, told: Incident) -> None:
    support = User.objects.create(username="sam", is_staff=True)
    client.force_login(support)
    assert client.get(TOLD).status_code == 403
    support.user_permissions.add(Permission.objects.get(codename="view_delivery"))
    client.force_login(support)
    for path in (TOLD, ALL, own(told), own(told, "progress/")):
        assert client.get(path).status_code == 200, path
    assert client.post(own(told, "retry/")).status_code == 403
    assert client.get(f"/admin/desk/{told.tracking_id}/").status_code == 403
    assert Delivery.objects.filter(state="failed").count() == 1


def test_what_a_monitor_opened_was_detected_then(desk: Client, told: Incident) -> None:
    page = f"/admin/desk/{told.tracking_id}/deliveries/"
    assert "not recorded" in text_of(desk.get(page))
    Incident.objects.filter(pk=told.pk).update(automated=True)
    delivery_statistics.refresh(incident_id=told.pk, now=datetime.now(UTC))
    shown = text_of(desk.get(page))
    detected = shown.partition("detection")[2][:60]
    assert told.created_at.strftime("%H:%M:%S") in detected
