"""Whose way of alerts is dead, left or refuses is told elsewhere, once; leaving is confirmed and can be undone."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django.fixtures import Settings

from incidents.models import Incident
from incidents.services import incident as incident_service
from incidents.services.inputs import Statement
from notifications.channels import endpoints, signed_links
from notifications.delivery import contact_notices, plan, retry, send
from notifications.delivery.send import FAILING_AFTER
from notifications.inbound import suppression
from notifications.models import (
    ContactNotice,
    Delivery,
    Endpoint,
    Membership,
    OperatorAct,
    Person,
    Tenant,
)
from notifications.vocabulary.delivery_states import State
from tests.conftest import declaration
from tests.notifications.cast import last, reader, rule, tenant
from tests.notifications.conftest import Sink, text_of
from tests.notifications.rooms import Hook

pytestmark = pytest.mark.usefixtures("catalogue")

WEST = ("key-vault", "west-europe")


@pytest.fixture
def nordwind() -> Tenant:
    """Its contact, and a rule that leads to ops@."""
    made = tenant("nordwind", WEST)
    rule(made, "ops@example.net")
    return made


def ops() -> Endpoint:
    return Endpoint.objects.get(address="ops@example.net")


def told(sink: Sink, now: datetime) -> list[str]:
    contact_notices.find(now=now)
    contact_notices.send_due(now=now)
    return sink.receivers


def path_in(text: str, name: str) -> str:
    found = re.search(rf"https://status\.example\.com(/subscribe/{name}/[^/\s]+/)", text)
    assert found, text
    return found[1]


def press(client: Client, path: str) -> str:
    page = client.get(path).content.decode()
    token = re.search(r'name="form_token" value="([^"]+)"', page)
    assert token, page
    answer = client.post(path, {"form_token": token[1]}, headers={"origin": "http://testserver"})
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_tenants_contact_is_told_once_which_of_its_ways_is_dead_and_why(
    nordwind: Tenant, now: datetime, sink: Sink
) -> None:
    dead = ops()
    dead.suppressed_at, dead.suppressed_because = now, "550 5.1.1 no such user"
    dead.save()
    assert told(sink, now) == ["nordwind@example.com"]
    assert told(sink, now + timedelta(minutes=1)) == ["nordwind@example.com"], "once"
    (mail,) = sink.mails
    assert mail["Subject"] == "[Cloud Status] Alerts of Nordwind do not reach ops@example.net"
    text = text_of(mail)
    assert "We send nothing there any more: 550 5.1.1 no such user." in text
    assert "alert rule “rule 1” of Nordwind" in text
    assert "name another address" in text
    assert "/service-health/of/nordwind/where/" in text
    assert "This address is the default contact of Nordwind." in text
    assert mail["Auto-Submitted"] == "auto-generated"
    dead.suppressed_at = now + timedelta(days=1)  # lifted, and dead again
    dead.save()
    assert len(told(sink, now + timedelta(days=1))) == 2


def test_the_owners_of_a_tenant_are_told_too(nordwind: Tenant, now: datetime, sink: Sink) -> None:
    for role in ("owner", "reader"):
        person = Person.objects.create(email=f"{role}@example.org", created_at=now)
        Membership.objects.create(tenant=nordwind, person=person, role=role)
    Endpoint.objects.filter(pk=ops().pk).update(suppressed_at=now, suppressed_because="gone")
    assert told(sink, now) == ["nordwind@example.com", "owner@example.org"]
    assert "You are an owner of Nordwind." in text_of(sink.mails[1])


def test_where_the_contact_is_dead_all_other_addresses_are_told_but_who_has_left(
    nordwind: Tenant, now: datetime, sink: Sink
) -> None:
    endpoints.create(channel="mail", address="own@example.net", tenant=nordwind, now=now)
    rule(nordwind, "left@example.net")
    Endpoint.objects.filter(address="left@example.net").update(
        left_alerts_at=now - timedelta(days=30)
    )
    pia = Person.objects.create(email="pia@example.org", created_at=now)
    Membership.objects.create(tenant=nordwind, person=pia)
    Membership.objects.create(tenant=tenant("another", WEST), person=pia, role="owner")
    Endpoint.objects.filter(address="nordwind@example.com").update(
        suppressed_at=now, suppressed_because="gone"
    )
    assert set(told(sink, now)) == {"ops@example.net", "own@example.net"}


def test_notices_leave_in_the_order_in_which_they_are_due_as_many_at_once_as_are_asked_for(
    now: datetime, sink: Sink
) -> None:
    for name, minutes in (("last", 0), ("first", 2), ("second", 1)):
        rule(tenant(name, WEST), f"ops@{name}.example.net")
        ContactNotice.objects.create(
            tenant=Tenant.objects.get(ref=name),
            endpoint=Endpoint.objects.get(address=f"ops@{name}.example.net"),
            what="suppressed",
            since=now,
            next_attempt_at=now - timedelta(minutes=minutes),
        )
    assert contact_notices.send_due(now=now, most=2) == 2
    assert sink.receivers == ["first@example.com", "second@example.com"]
    assert contact_notices.send_due(now=now, most=2) == 1
    assert contact_notices.send_due(now=now, most=2) == 0
    assert len(sink.receivers) == 3


def test_who_is_contact_and_owner_at_once_is_told_once(
    nordwind: Tenant, now: datetime, sink: Sink
) -> None:
    person = Person.objects.create(email="Nordwind@Example.com", created_at=now)
    Membership.objects.create(tenant=nordwind, person=person, role="owner")
    Endpoint.objects.filter(pk=ops().pk).update(suppressed_at=now, suppressed_because="gone")
    assert told(sink, now) == ["nordwind@example.com"]


def test_where_only_a_webhook_is_left_the_tenants_people_are_mailed(
    now: datetime, hook: Hook, sink: Sink
) -> None:
    made = tenant("nordwind", WEST)
    endpoints.create(channel="webhook", address=hook.url, tenant=made, now=now)
    person = Person.objects.create(email="pia@example.org", created_at=now)
    Membership.objects.create(tenant=made, person=person)
    Endpoint.objects.filter(channel="mail").update(suppressed_at=now, suppressed_because="gone")
    assert told(sink, now) == ["pia@example.org"]


def test_a_notice_that_is_refused_for_now_waits_twice_as_long_each_time(
    nordwind: Tenant, now: datetime, sink: Sink
) -> None:
    Endpoint.objects.filter(pk=ops().pk).update(suppressed_at=now, suppressed_because="gone")
    sink.answers["nordwind@example.com"] = "451 4.2.1 try later"
    for number, shortest in ((1, timedelta(minutes=1)), (2, timedelta(minutes=2))):
        assert told(sink, now) == []
        notice = ContactNotice.objects.get()
        assert notice.attempts == number
        assert notice.next_attempt_at is not None
        assert shortest <= notice.next_attempt_at - now <= shortest * 1.5
        now = notice.next_attempt_at
    sink.answers.clear()
    assert told(sink, now) == ["nordwind@example.com"]


def test_who_has_only_that_one_address_is_told_at_its_people_or_stands_on_the_desks_list(
    now: datetime, sink: Sink
) -> None:
    from notifications.audience import unreached
    from notifications.models import Membership, Person

    alone, peopled = tenant("alone", WEST), tenant("peopled", WEST)
    Membership.objects.create(
        tenant=peopled, person=Person.objects.create(email="pia@example.org", created_at=now)
    )
    Endpoint.objects.update(suppressed_at=now, suppressed_because="gone")
    assert told(sink, now) == ["pia@example.org"]
    unsent = ContactNotice.objects.get(tenant=alone)
    assert (unsent.sent_at, unsent.next_attempt_at) == (None, None)
    assert {each.tenant.ref for each in unreached.silenced()[0]} == {"alone", "peopled"}


def test_a_forwarded_link_ends_no_alerts_until_the_address_itself_confirms(
    nordwind: Tenant, client: Client, now: datetime, sink: Sink
) -> None:
    leaving = (
        "/subscribe/" + signed_links.leave_url(ops().key, "targeted").partition("/subscribe/")[2]
    )
    page = client.get(leaving).content.decode()
    assert "What would end:" in page
    assert "alert rule “rule 1” of Nordwind" in page
    assert "Alerts go on until somebody presses" in press(client, leaving)
    one_click = client.post(leaving, {"List-Unsubscribe": "One-Click"})
    assert (
        one_click.content
        == b"We have mailed this address: alerts end once that mail is confirmed.\n"
    )
    assert ops().left_alerts_at is None
    later = datetime.now(UTC)
    assert told(sink, later) == ["ops@example.net"], "asked once, however often it is clicked"
    ending = path_in(text_of(sink.mails[0]), "end-alerts")
    assert client.get(ending).status_code == 200
    assert ops().left_alerts_at is None, "looking changes nothing"
    left = press(client, ending)
    assert ops().left_alerts_at is not None
    assert told(sink, datetime.now(UTC))[1:] == ["nordwind@example.com"], "the team hears of it"
    assert "Whoever reads ops@example.net has ended the alerts to it." in text_of(sink.mails[1])

    back = re.search(r'href="(/subscribe/come-back/[^"]+)"', left)
    assert back
    assert "Alerts come again" in press(client, back[1])
    assert ops().left_alerts_at is None


def test_what_leads_to_an_address_is_named_by_tenant_and_only_what_is_in_force(
    nordwind: Tenant,
) -> None:
    rule(nordwind, "others@example.net")
    rule(nordwind, "ops@example.net", active=False)
    last_made = rule(nordwind, "ops@example.net", "nordwind@example.com")
    last_made.name = "first by name"
    last_made.save()
    assert contact_notices.led_to(ops()) == {
        nordwind: [f"alert rule “{name}” of {nordwind}" for name in ("first by name", "rule 1")]
    }
    contact = Endpoint.objects.get(address="nordwind@example.com")
    assert contact_notices.led_to(contact) == {
        nordwind: [f"default contact of {nordwind}", f"alert rule “first by name” of {nordwind}"]
    }


def test_a_way_that_is_refused_and_left_at_once_is_noted_for_both_and_not_again(
    nordwind: Tenant, now: datetime
) -> None:
    Endpoint.objects.filter(pk=ops().pk).update(
        suppressed_at=now, suppressed_because="gone", left_alerts_at=now
    )
    assert contact_notices.find(now=now) == 2
    assert contact_notices.find(now=now) == 0
    assert set(ContactNotice.objects.values_list("what", flat=True)) == {"suppressed", "left"}


def test_a_tenant_is_told_in_its_language_even_where_no_rule_leads_there_any_more(
    nordwind: Tenant, now: datetime, sink: Sink
) -> None:
    Tenant.objects.update(language="de")
    Endpoint.objects.filter(pk=ops().pk).update(suppressed_at=now, suppressed_because="gone")
    contact_notices.find(now=now)
    nordwind.alert_rules.all().delete()
    assert told(sink, now) == ["nordwind@example.com"]
    text = " ".join(text_of(sink.mails[0]).split())
    assert f"Diese Adresse ist der Standardkontakt von {nordwind.name}." in text


def test_each_address_is_asked_for_itself_and_once_more_after_an_hour(
    nordwind: Tenant, now: datetime
) -> None:
    contact = Endpoint.objects.get(address="nordwind@example.com")
    hour = contact_notices.ASK_AGAIN_AFTER
    for endpoint, at in (
        (contact, now),
        (ops(), now),
        (ops(), now + hour - timedelta(seconds=1)),
        (ops(), now + hour),
    ):
        contact_notices.ask_to_confirm(endpoint, now=at)
    asked = ContactNotice.objects.order_by("id").values_list("endpoint", "since", "next_attempt_at")
    assert list(asked) == [
        (contact.pk, now, now),
        (ops().pk, now, now),
        (ops().pk, now + hour, now + hour),
    ]


@pytest.mark.parametrize("what", ["end-alerts", "come-back"])
def test_a_link_that_ends_or_brings_back_alerts_is_good_for_two_days_and_for_nothing_else(
    what: str, nordwind: Tenant, client: Client, monkeypatch: pytest.MonkeyPatch, now: datetime
) -> None:
    left = None if what == "end-alerts" else now
    Endpoint.objects.update(left_alerts_at=left)
    made = {"end-alerts": signed_links.end_alerts_url, "come-back": signed_links.come_back_url}
    url = made[what](ops().key).partition("/subscribe/")[2]
    for other in ("end-alerts", "come-back", "leave", "manage", "confirm", "code"):
        path = url.replace(what, other) if other != what else f"{what}/x/"
        assert client.post(f"/subscribe/{path}").status_code == 400
    assert client.get(f"/subscribe/{url}").status_code == 200
    old = time.time() + signed_links.CONFIRM_WITHIN.total_seconds() + 1
    monkeypatch.setattr("django.core.signing.time.time", lambda: old)
    for answer in (client.get(f"/subscribe/{url}"), client.post(f"/subscribe/{url}")):
        assert answer.status_code == 400
    assert ops().left_alerts_at == left


def test_leaving_is_taken_back_at_the_desk_and_on_record(
    nordwind: Tenant, now: datetime, operator: User
) -> None:
    Endpoint.objects.update(left_alerts_at=now)
    suppression.take_back(endpoint_id=ops().pk, now=now, actor=operator)
    assert ops().left_alerts_at is None
    assert OperatorAct.objects.get().what == "undo"
    with pytest.raises(suppression.LiftError, match="has not left"):
        suppression.take_back(endpoint_id=ops().pk, now=now, actor=operator)


def test_leaving_posts_can_be_taken_back_with_all_that_was_chosen(client: Client) -> None:
    bob = reader("bob@example.com", ("key-vault", "west-europe"), ("storage", None))
    before = set(bob.topics.values_list("service", "region"))
    leaving = "/subscribe/" + signed_links.leave_url(bob.key, "public").partition("/subscribe/")[2]
    left = press(client, leaving)
    assert not bob.topics.exists()
    back = re.search(r'href="(/subscribe/confirm/[^"]+)"', left)
    assert back
    press(client, back[1])
    assert set(bob.topics.values_list("service", "region")) == before


def test_a_hook_that_fails_for_an_hour_is_told_before_it_is_given_up(
    operator: User, now: datetime, hook: Hook, sink: Sink, settings: Settings
) -> None:
    owner = tenant("nordwind", WEST)
    made, _ = endpoints.create(
        channel="webhook", address=hook.url, tenant=owner, now=now, name="CI of the shop"
    )
    group = rule(owner, "ops@example.net").action_groups.get()
    group.endpoints.set([made])
    hook.status = 404
    incident = incident_service.declare(
        declaration=declaration(statement=Statement("", "For you.")), now=now, actor=operator
    )
    plan.plan(communication_id=last(incident).pk, now=now)
    for number in range(1, FAILING_AFTER + 2):
        Delivery.objects.update(next_attempt_at=now)
        assert send.work().waiting == 1
        assert ContactNotice.objects.exists() is (number >= FAILING_AFTER)
    assert told(sink, datetime.now(UTC)) == ["nordwind@example.com"]
    assert "CI of the shop" in sink.mails[0]["Subject"]
    assert "We go on trying for days" in text_of(sink.mails[0]).replace("\r\n", " ")
    hook.status = 204
    Delivery.objects.update(next_attempt_at=now)
    assert send.work().sent == 1


def test_that_messages_fail_is_noted_once_a_day(now: datetime) -> None:
    owner = tenant("nordwind", WEST)
    (contact,) = Endpoint.objects.all()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    last_of_day = midnight + timedelta(hours=23, minutes=59, seconds=59, microseconds=7)
    for at in (midnight, last_of_day, midnight + timedelta(days=1, microseconds=1)):
        contact_notices.note_failing([contact], now=at)
    noted = ContactNotice.objects.filter(tenant=owner).order_by("since")
    assert [each.since for each in noted] == [midnight, midnight + timedelta(days=1)]


def test_what_was_missed_while_suppressed_leaves_once_it_is_lifted(
    operator: User, now: datetime, hook: Hook
) -> None:
    owner = tenant("nordwind", WEST, contact=False)
    owner.contact, _ = endpoints.create(channel="webhook", address=hook.url, tenant=owner, now=now)
    owner.save()
    Endpoint.objects.update(
        suppressed_at=now - timedelta(hours=1), suppressed_because="answered 410"
    )
    incident = incident_service.declare(
        declaration=declaration(statement=Statement("", "For you.")), now=now, actor=operator
    )
    plan.plan(communication_id=last(incident).pk, now=now)
    assert send.work().skipped == 1
    made = Endpoint.objects.get()
    suppression.lift(endpoint_id=made.pk, reason="Mended.", now=now, actor=operator)
    since = now - timedelta(hours=1)
    Incident.objects.update(false_positive=True)
    assert not retry.missed(endpoint_id=made.pk, since=since, now=now).exists(), "nothing was wrong"
    Incident.objects.update(false_positive=False, drill=True)
    assert not retry.missed(endpoint_id=made.pk, since=since, now=now).exists(), "it was a drill"
    Incident.objects.update(drill=False)
    Endpoint.objects.update(left_alerts_at=now)
    assert not retry.missed(endpoint_id=made.pk, since=since, now=now).exists(), "it has left"
    Endpoint.objects.update(left_alerts_at=None)
    assert retry.replay_missed(endpoint_id=made.pk, since=since, now=now, actor=operator) == 1
    assert send.work().sent == 1
    assert len(hook.requests) == 1
    assert retry.replay_missed(endpoint_id=made.pk, since=since, now=now, actor=operator) == 0
    assert Delivery.objects.get().state == State.SENT
    assert {act.what for act in OperatorAct.objects.all()} == {"lift", "late"}
