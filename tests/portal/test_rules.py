"""Alert rules on the customers' own page: read back in a sentence, tried before saved, warned about."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from incidents.models import Geography, Region, Service, ServiceCategory
from notifications.customers.rules import rule_sentence
from notifications.customers.rules.alert_rules import Conditions
from notifications.customers.rules.rule_sentence import Choices
from notifications.models import ActionGroup, AlertRule, CustomerSubscription, Tenant
from statuspage import rule_results
from tests.notifications.cast import endpoint, rule, subscription, tenant
from tests.portal.people import form_token, person, signed_in
from tests.portal.test_events import HOME, NORTH, declared, text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]
ED = "ed@nordwind.example.com"
RULES, NEW = f"{HOME}rules/", f"{HOME}rules/new/"


@pytest.fixture
def group(nordwind: Tenant) -> ActionGroup:
    person(ED, nordwind, role="editor")
    made = ActionGroup.objects.create(tenant=nordwind, name="Ops")
    made.endpoints.set([endpoint("ops@nordwind.example.com", tenant=nordwind)])
    return made


@pytest.fixture
def within_a_year(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests' clock stands still while the pages look back from today."""
    monkeypatch.setattr(rule_results, "LOOKS_BACK", timedelta(days=3650))


def post(client: Client, path: str, act: str, **values: Any) -> Any:
    token = form_token(client, NEW)
    return client.post(path, {"form_token": token, "act": act, "active": "on", **values})


def said(conditions: Conditions, owner: Tenant) -> str:
    return "".join(part.text for part in rule_sentence.sentence(conditions, Choices.of(owner)))


def test_the_sentence_says_what_the_rule_says(nordwind: Tenant, group: ActionGroup) -> None:
    group.endpoints.add(
        endpoint("https://hooks.example/1", channel="webhook", host="hooks.example", secret="s")
    )
    place = {each.slug: each.pk for each in Region.objects.all()}
    service = {each.slug: each.pk for each in Service.objects.all()}
    assert said(
        Conditions(
            name="Ops, at once",
            kinds=("service-issue",),
            least_level="warning",
            regions=(place["west-europe"],),
            services=(service["storage"], service["key-vault"]),
            subscriptions=(CustomerSubscription.objects.get(ref="nordwind-1").pk,),
            action_groups=(group.pk,),
        ),
        nordwind,
    ) == (
        "Tell Ops by mail and webhook about service issues of level Warning or worse in West Europe for"
        " Storage and Key Vault, in 1 of your 2 subscriptions: every update."
    )
    assert said(Conditions(name="All"), nordwind) == (
        "Tell nobody yet about everything in every region and Global for every service, in all 2"
        " subscriptions: every update."
    )
    assert said(
        Conditions(
            name="Some",
            kinds=("health-advisory", "security-advisory"),
            least_level="error",
            geographies=(Geography.objects.get(slug="europe").pk,),
            regions=(place["global"],),
            categories=(ServiceCategory.objects.get(slug="storage").pk,),
            dependents=True,
            certainty="confirmed",
            ends_only=True,
        ),
        nordwind,
    ) == (
        "Tell nobody yet about health advisories and security advisories of level Error in all of Europe and"
        " Global for all of Storage and what they depend on, in all 2 subscriptions, once it is confirmed that"
        " they are hit: the first and the last statement only."
    )


@pytest.mark.usefixtures("within_a_year")
def test_a_rule_is_read_back_tried_saved_changed_and_deleted(
    nordwind: Tenant, group: ActionGroup, operator: User
) -> None:
    incident = declared(operator)
    client = signed_in(ED)
    assert "everything goes to your contact, nordwind@example.com" in text(client, RULES)
    values = {"name": "At once", "action_groups": group.pk, "kinds": "service-issue"}
    read = post(client, NEW, "read", **values).content.decode()
    assert "<u>Ops</u>" in read
    assert "<html" not in read
    tried = post(client, NEW, "test", **values).content.decode()
    assert "It would have alerted you of 1 event in twelve months" in tried
    assert f"{HOME}events/{incident.tracking_id}/" in tried
    assert 'value="At once"' in tried
    part = client.post(
        NEW,
        {"form_token": form_token(client, NEW), "act": "test", "active": "on", **values},
        headers={"HX-Request": "true"},
    ).content.decode()
    assert "It would have alerted you of 1 event in twelve months" in part
    assert "<form" not in part
    assert not AlertRule.objects.exists()
    assert post(client, NEW, "save", **values)["Location"] == RULES
    made = AlertRule.objects.get()
    assert (made.name, made.kinds, made.tenant) == ("At once", ["service-issue"], nordwind)
    page = f"{RULES}{made.pk}/"
    north = Region.objects.get(slug="north-europe").pk
    changed = post(client, page, "test", **values, regions=north).content.decode()
    assert "It would have alerted you of nothing" in changed
    assert "<strong>1 fewer</strong>" in changed
    assert "Where: every region and Global → North Europe" in changed
    assert "1 other where you run, left out by this rule" in changed
    assert not AlertRule.objects.get().regions.exists()
    post(client, page, "delete")
    assert not AlertRule.objects.exists()


def test_what_cannot_be_saved_is_said_and_nothing_typed_is_lost(
    nordwind: Tenant, group: ActionGroup
) -> None:
    client = signed_in(ED)
    rule(nordwind, "x@example.com")
    foreign = ActionGroup.objects.create(tenant=tenant("other", NORTH), name="Theirs")
    for values, problem in (
        ({"name": " "}, "name: is empty"),
        ({"name": "rule 1"}, "name: is another rule&#x27;s already"),
        ({"name": "x" * 300}, "name"),
        ({"name": "A", "action_groups": foreign.pk}, "action_groups: "),
        ({"name": "A", "action_groups": "1 OR 1"}, "action_groups: &#x27;1 OR 1&#x27;"),
        ({"name": "A", "services": "9" * 30}, "services: "),
        ({"name": "A", "kinds": "<script>"}, "kinds: &#x27;&lt;script&gt;&#x27; is not known"),
        ({"name": "A", "least_level": "odd"}, "least_level: "),
        ({"name": "A", "certainty": "odd"}, "certainty: "),
    ):
        answer = post(client, NEW, "save", dependents="on", **values)
        page = answer.content.decode()
        assert answer.status_code == 422, values
        assert problem in page, (values, page[page.find("summary") :][:300])
        assert "Theirs" not in page
    assert post(client, NEW, "save", name="A" * 1_000_000).status_code == 413
    assert AlertRule.objects.count() == 1


def test_a_category_stands_for_what_comes_later_unless_the_rule_says_otherwise(
    nordwind: Tenant, group: ActionGroup
) -> None:
    client = signed_in(ED)
    storage = ServiceCategory.objects.get(slug="storage")
    post(client, NEW, "save", name="Open", action_groups=group.pk, categories=storage.pk)
    post(
        client, NEW, "save", name="Fixed", action_groups=group.pk, categories=storage.pk, fixed="on"
    )
    opened, fixed = AlertRule.objects.get(name="Open"), AlertRule.objects.get(name="Fixed")
    assert list(opened.categories.all()) == [storage]
    assert not fixed.categories.exists()
    assert {each.slug for each in fixed.services.all()} == {"storage", "key-vault"}
    assert nordwind.pk


def test_very_many_subscriptions_are_named_by_their_identifiers(
    nordwind: Tenant, group: ActionGroup
) -> None:
    for number in range(rule_sentence.MOST_TICKED):
        subscription(nordwind, f"more-{number}")
    client = signed_in(ED)
    answer = post(client, NEW, "save", name="A", subscription_refs="more-1, gone-2")
    assert answer.status_code == 422
    assert "gone-2 is not among the subscriptions" in answer.content.decode()
    assert "more-1, gone-2</textarea>" in answer.content.decode()
    post(client, NEW, "save", name="A", subscription_refs="MORE-1\nmore-2", action_groups=group.pk)
    made = AlertRule.objects.get()
    assert {each.ref for each in made.subscriptions.all()} == {"more-1", "more-2"}
    assert "more-1\nmore-2</textarea>" in text(client, f"{RULES}{made.pk}/")


def test_a_reader_looks_and_changes_nothing(nordwind: Tenant, group: ActionGroup) -> None:
    made = rule(nordwind, "ops@nordwind.example.com")
    editor, reader = signed_in(ED), signed_in("anna@nordwind.example.com")
    page = f"{RULES}{made.pk}/"
    assert 'value="save"' in text(editor, page)
    assert 'value="save"' not in text(reader, page)
    token = form_token(reader, page)
    for act in ("save", "delete", "test"):
        answer = reader.post(page, {"form_token": token, "act": act, "name": "Mine"})
        assert answer.status_code == 403, act
    assert AlertRule.objects.get().name == "rule 1"


def test_coverage_says_whom_each_cell_would_reach(nordwind: Tenant, group: ActionGroup) -> None:
    client = signed_in(ED)
    assert "Every one of your 2 cells would reach somebody" in text(client, f"{RULES}coverage/")
    rule(nordwind, "west@nordwind.example.com", regions=("west-europe",))
    page = text(client, f"{RULES}coverage/")
    assert "1 of your 2 cells would reach nobody" in page
    assert "west@nordwind.example.com" in page


@pytest.mark.usefixtures("within_a_year")
def test_a_test_costs_the_same_questions_however_long_the_history(
    nordwind: Tenant, group: ActionGroup, operator: User
) -> None:
    client = signed_in(ED)
    values = {"name": "A", "action_groups": group.pk}

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert post(client, NEW, "test", **values).status_code == 200
        return len(queries)

    declared(operator)
    few = asked()
    for _ in range(4):
        declared(operator)
    assert asked() == few
    assert few <= 75


def test_hundreds_of_rules_come_in_pages_for_the_same_few_questions(
    nordwind: Tenant, group: ActionGroup
) -> None:
    client = signed_in(ED)

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert "Who is told of what" in text(client, RULES)
        return len(queries)

    named = [rule(nordwind, "ops@nordwind.example.com", subscriptions=("nordwind-1",)).name]
    few = asked()
    more = [AlertRule(tenant=nordwind, name=f"rule x{number}") for number in range(30)]
    named += [each.name for each in AlertRule.objects.bulk_create(more)]
    assert asked() == few <= 24
    pages = text(client, RULES) + text(client, f"{RULES}?page=2")
    assert [name for name in named if f">{name}</a>" not in pages] == []
