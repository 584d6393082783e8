"""What customers do at Service Health is on record: who, from where, by which session or token, before and after."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from incidents.models import AuditEvent
from notifications.evidence import erasure
from notifications.models import EventAnswer, Person, Tenant
from statuspage.acting import person_name
from tests.conftest import NOW
from tests.portal.people import ask, form_token, person, signed_in, type_code
from tests.portal.test_events import HOME, declared
from tests.portal.test_tenant_api import send, token

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]
ED = "ed@nordwind.example.com"


def last(what: str) -> AuditEvent:
    return AuditEvent.objects.filter(what=what).latest("id")


def after(event: AuditEvent, column: str) -> Any:
    return (event.after or {})[column]


@pytest.fixture
def ed(nordwind: Tenant) -> Client:
    person(ED, nordwind, role="owner")
    client = signed_in(ED)
    client.defaults["REMOTE_ADDR"] = "198.51.100.7"
    return client


def number() -> str:
    return person_name(Person.objects.get(email=ED).pk)


def test_a_persons_acts_name_the_person_by_number_the_session_and_where_from(ed: Client) -> None:
    page = f"{HOME}people/"
    form = {"act": "invite", "address": "new@nordwind.example.com", "role": "reader"}
    assert ed.post(page, form | {"form_token": form_token(ed, page)}).status_code == 302
    event = last("notifications_membership")
    assert (event.actor, event.via, event.address) == (number(), "portal:people", "198.51.100.7")
    assert event.session
    assert len(event.session) == 12
    invited = last("notifications_person")
    assert (invited.actor, after(invited, "email")) == (number(), "…")


def test_an_answer_is_on_record_without_its_words(
    ed: Client, nordwind: Tenant, operator: User
) -> None:
    incident = declared(operator)
    page = f"{HOME}events/{incident.tracking_id}/"
    form = {"act": "answer", "hit": "not-hit", "note": "Ada was paged."}
    assert ed.post(page, form | {"form_token": form_token(ed, page)}).status_code == 302
    assert EventAnswer.objects.get().note == "Ada was paged."
    event = last("notifications_eventanswer")
    assert (event.actor, event.incident, after(event, "note")) == (number(), incident.pk, "…")


def test_what_a_tenants_token_does_names_tenant_and_token(nordwind: Tenant) -> None:
    secret = token(nordwind)
    assert send(secret, "rules/mine", "PUT", {}, REMOTE_ADDR="198.51.100.9").status_code == 201
    event = last("notifications_alertrule")
    own = nordwind.tokens.get()
    assert (event.actor, event.token) == (f"tenant {nordwind.pk}", f"of a tenant: {own.pk}")
    assert event.address


def test_signing_in_failing_and_leaving_at_service_health_are_on_record(nordwind: Tenant) -> None:
    person(ED, nordwind)
    client = Client(REMOTE_ADDR="203.0.113.5")
    page = ask(client, ED)
    assert type_code(client, page, "0000 0000").status_code == 422
    client = signed_in(ED)
    client.post("/service-health/sign-out/", {}, headers={"Sec-Fetch-Site": "same-origin"})
    seen = AuditEvent.objects.filter(what="sign-in").order_by("id")
    assert list(seen.values_list("verb", "actor")) == [
        ("refused", "(unknown)"), ("in", number()), ("out", number()),
    ]  # fmt: skip
    assert seen[0].address == "203.0.113.5"
    assert len({each.session for each in seen[1:]}) == 1, "one session, from its begin to its end"


def test_what_erasing_a_customer_takes_away_was_never_in_it(
    ed: Client, nordwind: Tenant, operator: User
) -> None:
    incident = declared(operator)
    page = f"{HOME}events/{incident.tracking_id}/"
    form = {"act": "answer", "hit": "not-hit", "note": "Ada was paged."}
    assert ed.post(page, form | {"form_token": form_token(ed, page)}).status_code == 302
    erasure.erase(erasure.plan_tenant("nordwind"), reason="ticket", now=NOW, actor=operator)
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(e::text, ' ') FROM incidents_auditevent e")
        (everything,) = cursor.fetchone()
    for word in (ED, "anna@", "Ada was paged", "nordwind-dr"):
        assert word not in everything, word
