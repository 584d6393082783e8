"""Events: what concerns a tenant, how, and in which words; and nothing of anybody else."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from incidents.models import Incident
from incidents.services import incident as incident_service
from incidents.services.inputs import Changes, Statement
from incidents.vocabulary import Kind
from notifications.audience.tenants import tenant_events, tenant_hits
from notifications.audience.tenants.tenant_events import Asked, EventBasis
from notifications.audience.tenants.tenant_hits import Subscription, TenantHit
from notifications.channels.email.renderer import MailRenderer
from notifications.customers.sign_in import codes
from notifications.delivery import plan
from notifications.models import CustomerSubscription, Delivery, Membership, Tenant
from statuspage.portal import events
from tests.conftest import NOW, declaration, hit
from tests.notifications.cast import confirm_audience, last, rule, tenant, told
from tests.portal.people import ask, code, person, signed_in, type_code

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]
WEST, NORTH = ("key-vault", "west-europe"), ("key-vault", "north-europe")
ANNA = "anna@nordwind.example.com"
SECRET = "Rotate the keys of vault 17 only after we say so."
WORLD = "Some requests to Key Vault fail."
HOME = "/service-health/of/nordwind/"


def declared(operator: User, **more: object) -> Incident:
    values = {"statement": Statement(targeted_text=SECRET), **more}
    made = incident_service.declare(declaration=declaration(**values), now=NOW, actor=operator)
    tell(made)
    return made


def tell(incident: Incident) -> None:
    """Plans the last statement and lets every message of it be taken six minutes later."""
    plan.plan(communication_id=last(incident).pk, now=NOW)
    Delivery.objects.filter(communication=last(incident), state="pending").update(
        state="sent", sent_at=NOW + timedelta(minutes=6)
    )


def text(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return answer.content.decode()


def test_who_runs_there_sees_it_with_its_subscriptions_and_when_it_was_told(
    nordwind: Tenant, operator: User
) -> None:
    incident = declared(operator)
    client = signed_in(ANNA)
    now_page = text(client, HOME)
    assert "1 of your 2 subscriptions may be hit by one event" in now_page
    assert "nordwind-1" in now_page
    assert "nordwind-dr" not in now_page
    assert "09:36 UTC" in now_page
    assert "by mail" in now_page
    one = text(client, f"{HOME}events/{incident.tracking_id}/")
    assert SECRET in one
    assert "nordwind@example.com: accepted" in one
    assert "Key Vault, West Europe" in one


def test_an_event_names_the_subscriptions_that_it_hits(nordwind: Tenant, operator: User) -> None:
    incident = declared(operator)
    there = CustomerSubscription.objects.get(ref="nordwind-1")
    CustomerSubscription.objects.filter(pk=there.pk).update(name="Shop")
    hit = tenant_hits.hits(nordwind, tenant_events.events_of(nordwind))
    assert hit == {
        incident.pk: TenantHit(frozenset({there.pk}), (Subscription("nordwind-1", "Shop"),))
    }


def test_who_may_not_see_security_has_nothing_of_it_and_all_of_the_rest(
    nordwind: Tenant, operator: User
) -> None:
    open_to_all, about_security = declared(operator), declared(operator)
    Incident.objects.filter(pk=about_security.pk).update(kind=Kind.SECURITY_ADVISORY)

    def seen(*kinds: str, security: bool) -> set[int]:
        asked = Asked(kinds=kinds)
        found = tenant_events.events_for(nordwind, asked, security=security)
        return {each.incident.pk for each in found}

    assert seen(security=True) == {open_to_all.pk, about_security.pk}
    assert seen(security=False) == {open_to_all.pk}
    assert seen(Kind.SECURITY_ADVISORY, security=True) == {about_security.pk}
    assert seen(Kind.SECURITY_ADVISORY, security=False) == set()
    assert seen(Kind.SECURITY_ADVISORY, Kind.SERVICE_ISSUE, security=False) == {open_to_all.pk}


def test_a_list_replaces_the_estimate(nordwind: Tenant, operator: User) -> None:
    incident = declared(operator)
    tenant("other", WEST)
    confirm_audience(incident, "nordwind-dr")
    (event,) = tenant_events.events_of(nordwind)
    assert event.basis is EventBasis.LIST
    hit_ones = tenant_hits.subscriptions_hit(nordwind, [event])[incident.pk]
    assert [each.ref for each in hit_ones] == ["nordwind-dr"]
    assert "1 of your 2 subscriptions is hit by one event" in text(signed_in(ANNA), HOME)


def test_whom_the_list_left_out_reads_what_it_was_told_and_no_more(
    nordwind: Tenant, operator: User
) -> None:
    incident = declared(operator)
    tenant("other", NORTH)
    confirm_audience(incident, "other-1")
    later = "This is for the ones on the list."
    incident_service.post_update(
        incident_id=incident.pk,
        statement=Statement(targeted_text=later),
        changes=Changes(),
        now=NOW + timedelta(hours=1),
        actor=operator,
    )
    client = signed_in(ANNA)
    page = text(client, f"{HOME}events/{incident.tracking_id}/")
    assert "You were told by an estimate" in page
    assert SECRET in page
    assert later not in page


def test_nobody_else_sees_it_not_even_that_it_is_there(nordwind: Tenant, operator: User) -> None:
    person("eve@other.example.com", tenant("other", ("storage", "east-us")))
    incident = declared(operator)
    eve = signed_in("eve@other.example.com")
    mine = "/service-health/of/other/"
    unknown = eve.get(f"{mine}events/ZZZZ-ZZZ/")
    for path in (
        f"{mine}events/{incident.tracking_id}/",
        f"{mine}events/{incident.tracking_id}/evidence/",
        f"{mine}events/{incident.tracking_id}/evidence.json",
        f"{HOME}events/{incident.tracking_id}/",
        HOME,
        "/service-health/of/nobody/",
    ):
        answer = eve.get(path)
        assert answer.status_code == 404, path
        assert answer.content == unknown.content, path
        assert answer.headers.items() == unknown.headers.items(), path
    for tab in events.TABS:
        assert incident.tracking_id not in text(eve, f"{mine}{tab.slug}/"), tab.slug
    assert incident.tracking_id not in text(eve, f"{mine}events.json")
    assert incident.tracking_id not in text(eve, f"{mine}events.csv")
    assert nordwind.pk


def test_a_mail_leads_to_the_event_as_ones_own_tenant_sees_it(
    nordwind: Tenant, operator: User
) -> None:
    incident = declared(operator)
    other = tenant("other", NORTH)
    person("eve@other.example.com", other)
    person(ANNA, other)
    link = f"/service-health/events/{incident.tracking_id}/"
    mine = f"{HOME}events/{incident.tracking_id}/"
    anna = Client()
    page = ask(anna, ANNA, anna.get(link)["Location"])
    codes.send_codes(now=timezone.now())
    assert type_code(anna, page, code())["Location"] == link
    assert anna.get(link)["Location"] == mine
    assert signed_in("eve@other.example.com").get(link).status_code == 404
    delivery = Delivery.objects.select_related("endpoint", "communication__incident").get()
    message = MailRenderer().compose(delivery)
    assert f"{settings.BASE_URL}{link}" in message.text
    assert f"{settings.BASE_URL}{link}" in message.html
    assert nordwind.pk


def test_whom_a_rule_tells_by_dependency_reads_what_it_was_told(
    nordwind: Tenant, operator: User
) -> None:
    rule(nordwind, "ops@nordwind.example.com", dependents=True)
    incident = declared(operator, hits=(hit("azure-resource-manager", "west-europe"),))
    assert told(last(incident)) == {"ops@nordwind.example.com": "dependent"}
    (event,) = tenant_events.events_of(nordwind)
    assert event.basis is EventBasis.TOLD
    page = text(signed_in(ANNA), f"{HOME}events/{incident.tracking_id}/")
    assert SECRET in page
    assert "something of yours depends on it" in page


def test_a_drill_is_not_shown(nordwind: Tenant, operator: User) -> None:
    declared(operator, drill=True)
    assert tenant_events.events_of(nordwind) == []


def test_while_it_is_not_known_who_is_affected_only_what_is_public_is_read(
    nordwind: Tenant, operator: User
) -> None:
    incident = declared(
        operator,
        hits=(hit(*WEST), hit(*NORTH)),
        level="warning",
        audience="unknown",
        statement=Statement(public_text=WORLD, targeted_text=SECRET),
    )
    assert told(last(incident)) == {}
    (event,) = tenant_events.events_of(nordwind)
    assert event.public
    page = text(signed_in(ANNA), f"{HOME}events/{incident.tracking_id}/")
    assert WORLD in page
    assert SECRET not in page


def test_a_short_list_goes_on_past_what_is_not_to_be_seen_and_shows_nothing_twice(
    nordwind: Tenant, operator: User
) -> None:
    unknown = {"hits": (hit(*WEST), hit(*NORTH)), "level": "warning", "audience": "unknown"}
    shown = []
    for minutes in (1, 2, 3, 4, 5):
        # Every other one is not known to be theirs, and waits to be posted: nobody sees it yet.
        more = {} if minutes % 2 else unknown
        made = declared(operator, started_at=NOW - timedelta(minutes=minutes), **more)
        if minutes % 2:
            shown.append(made.pk)
        else:
            Incident.objects.filter(pk=made.pk).update(published_at=None, public_due_at=NOW)
    assert [each.incident.pk for each in tenant_events.events_of(nordwind)] == shown
    for most in (1, 2, 3):
        found = tenant_events.events_of(nordwind, most=most)
        assert [each.incident.pk for each in found] == shown[:most]


OWNERS = {"ops@a.example.com": "a", "b@example.com": "b", "c@example.com": "c"}


def test_a_tenant_is_shown_what_planning_would_tell_it(operator: User) -> None:
    """Whom a statement reaches by footprint or list sees the event, and nobody else does."""
    tenants = [tenant("a", WEST), tenant("b", NORTH), tenant("c", WEST, NORTH), tenant("d")]
    rule(tenants[0], "ops@a.example.com")
    for listed in ((), ("b-1", "c-1")):
        incident = incident_service.declare(
            declaration=declaration(statement=Statement(targeted_text=SECRET)),
            now=NOW,
            actor=operator,
        )
        if listed:
            confirm_audience(incident, *listed)
        tell(incident)
        reached = {OWNERS[address] for address in told(last(incident))}
        seen = {
            each.ref
            for each in tenants
            if any(
                event.targeted
                for event in tenant_events.events_of(each, Asked(tracking_id=incident.tracking_id))
            )
        }
        assert seen == reached


def test_filters_and_empty_lists_say_what_they_mean(nordwind: Tenant, operator: User) -> None:
    Membership.objects.update(security=True)
    client = signed_in(ANNA)
    for tab in events.TABS:
        assert tab.empty in text(client, f"{HOME}{tab.slug}/")
    declared(operator)
    assert "Key Vault requests fail" in text(client, f"{HOME}?q=VAULT&level=error&only=targeted")
    for narrowed in ("?q=nothing", "?level=warning", "?only=public"):
        assert "Nothing here is like that." in text(client, f"{HOME}{narrowed}")
    assert "Key Vault requests fail" in text(client, f"{HOME}?level=odd&only=odd&page=-7")
    assert client.get(f"{HOME}oddity/").status_code == 404
    assert nordwind.pk


def test_files_hold_the_same_events_and_no_formula(nordwind: Tenant, operator: User) -> None:
    incident = declared(operator, public_title="=HYPERLINK(1) fails")
    client = signed_in(ANNA)
    (event,) = client.get(f"{HOME}events.json").json()["value"]
    assert event["trackingId"] == incident.tracking_id
    assert event["impactedSubscriptions"] == ["nordwind-1"]
    assert event["firstToldTime"] == "2026-03-01T09:36:00Z"
    assert event["basis"] == "footprint"
    (row,) = csv.DictReader(io.StringIO(text(client, f"{HOME}events.csv")))
    assert row["title"] == "'=HYPERLINK(1) fails"
    assert set(row) == set(event)
    assert nordwind.pk


def test_a_list_costs_the_same_questions_however_long(nordwind: Tenant, operator: User) -> None:
    client = signed_in(ANNA)

    def asked(path: str) -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            text(client, path)
        return len(queries)

    first = declared(operator)
    few = {path: asked(path) for path in (HOME, f"{HOME}events.json")}
    one = asked(f"{HOME}events/{first.tracking_id}/")
    for _ in range(4):
        declared(operator, hits=(hit(*NORTH),))
    assert {path: asked(path) for path in few} == few
    assert few[HOME] <= 8
    assert one <= 17
    assert nordwind.pk
