"""The rule tester says exactly what planning did: over generated customers, rules and histories."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from incidents.models import Impact, Incident, Region, Service, ServiceCategory
from incidents.services import incident as incident_service
from incidents.services.decisions.operator_decisions import set_audience
from incidents.services.errors import EntryError
from incidents.services.inputs import Changes, Statement
from incidents.services.statements import write_communication
from notifications.customers import impacted_lists
from notifications.customers.rules import alert_rules, rule_tester
from notifications.customers.rules.alert_rules import Conditions
from notifications.customers.rules.rule_warnings import (
    NOT_OFFERED,
    TOO_GRAVE,
    UNCOVERED,
    warnings_of,
)
from notifications.delivery import plan
from notifications.models import ActionGroup, AlertRule, CustomerSubscription, Delivery, Tenant
from tests.conftest import NOW, declaration, hit
from tests.notifications.cast import endpoint, last, rule, subscription, tenant

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]

PLACES = [
    ("key-vault", "west-europe"), ("key-vault", "north-europe"), ("storage", "west-europe"),
    ("azure-resource-manager", "west-europe"), ("azure-portal", "global"),
]  # fmt: skip
Row = tuple[
    int, str, str, str, datetime | None
]  # statement, address, reason, relevance, held until


@dataclass(frozen=True)
class Wanted:
    """A rule, as chance has it."""

    addresses: list[str]
    kinds: tuple[str, ...]
    services: tuple[str, ...]
    categories: tuple[str, ...]
    geographies: tuple[str, ...]
    least_level: str
    certainty: str
    ends_only: bool
    dependents: bool
    narrowed: bool
    quiet: tuple[str, str] | None
    quiet_level: str
    quiet_kinds: tuple[str, ...]
    active: bool


@dataclass(frozen=True)
class Happened:
    places: list[tuple[str, str]]
    level: str
    kind: str
    steps: list[str]


CELLS = st.lists(st.sampled_from(PLACES), min_size=1, max_size=3, unique=True)
RULES = st.builds(
    Wanted,
    st.lists(st.sampled_from(["a@x.example", "b@x.example"]), max_size=2, unique=True),
    st.sampled_from([(), (), ("service-issue",), ("planned-maintenance",)]),
    st.sampled_from([(), (), ("key-vault",), ("storage",)]),
    st.sampled_from([(), (), ("storage",), ("management",)]),
    st.sampled_from([(), (), ("europe",), ("americas",)]),
    st.sampled_from(["", "", "error", "warning"]),
    st.sampled_from(["", "", "estimated", "confirmed"]),
    st.booleans(),
    st.booleans(),
    st.sampled_from([False, False, True]),
    st.sampled_from(
        [
            None,
            None,
            ("22:00", "07:00"),
            (f"{NOW:%H:%M}", "23:59"),
            ("23:58", f"{NOW + timedelta(minutes=9):%H:%M}"),
        ]
    ),
    st.sampled_from(["", "error", "warning"]),
    st.sampled_from([(), ("health-advisory",)]),
    st.sampled_from([True, True, True, False]),
)
STEPS = st.sampled_from(
    ["update", "warning", "error", "wider", "list", "recover", "resolved", "retraction"]
)
HISTORIES = st.lists(
    st.builds(
        Happened,
        CELLS,
        st.sampled_from(["error", "warning", "informational"]),
        st.sampled_from(["service-issue", "service-issue", "health-advisory"]),
        st.lists(STEPS, max_size=5),
    ),
    min_size=1,
    max_size=2,
)


@contextmanager
def taken_back() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def cast(cells: list[tuple[str, str]], rules: list[Wanted], contact: bool) -> Tenant:
    owner = tenant("mine", *cells, contact=contact)
    subscription(owner, "mine-2", PLACES[0])
    for each in rules:
        rule(
            owner,
            *each.addresses,
            kinds=each.kinds,
            services=each.services,
            categories=each.categories,
            geographies=each.geographies,
            subscriptions=("mine-2",) if each.narrowed else (),
            active=each.active,
            least_level=each.least_level,
            certainty=each.certainty,
            ends_only=each.ends_only,
            dependents=each.dependents,
            **quiet(each),
        )
    return owner


def quiet(each: Wanted) -> dict[str, Any]:
    if each.quiet is None:
        return {}
    begin, end = map(time.fromisoformat, each.quiet)
    return {
        "quiet_from": begin,
        "quiet_until": end,
        "quiet_level": each.quiet_level,
        "quiet_kinds": list(each.quiet_kinds),
    }


def lived(happened: Happened, listed: list[str], now: datetime, operator: User) -> datetime:
    """The incident is declared and goes through its steps, each planned; the moment after."""
    incident = incident_service.declare(
        declaration=declaration(
            *[hit(*each) for each in happened.places],
            level=happened.level,
            kind=happened.kind,
            stage="investigating" if happened.kind == "service-issue" else "identified",
            statement=Statement(targeted_text="For you."),
        ),
        now=now,
        actor=operator,
    )
    told(incident, now)
    for step in happened.steps:
        now += timedelta(minutes=5)
        go_on(incident, step, listed, now, operator)
        told(incident, now)
    return now + timedelta(minutes=5)


def go_on(incident: Incident, step: str, listed: list[str], now: datetime, operator: User) -> None:
    incident.refresh_from_db()
    if step == "list":
        impacted_lists.replace_list(incident_id=incident.pk, lines=listed, now=now, actor=operator)
        if incident.audience != "confirmed":
            set_audience(incident_id=incident.pk, audience="confirmed", now=now, actor=operator)
    elif step == "recover":
        hurt = Impact.objects.filter(occurrence__incident=incident).open().order_by("pk").first()
        if hurt:
            incident_service.recover(
                incident_id=incident.pk,
                cells=[(hurt.service_id, hurt.region_id)],
                at=now,
                now=now,
                statement=Statement(targeted_text="Some are well again."),
                actor=operator,
            )
    elif step in ("resolved", "retraction"):
        write_communication(
            incident,
            stage="resolved",
            kind="update" if step == "resolved" else "retraction",
            public_text="",
            targeted_text="It is over.",
            at=now,
            now=now,
            actor=operator,
        )
    else:
        changes = {
            "warning": Changes(level="warning"),
            "error": Changes(level="error"),
            "wider": Changes(hits=[hit("key-vault", "north-europe")]),
        }
        incident_service.post_update(
            incident_id=incident.pk,
            statement=Statement(targeted_text="It goes on."),
            changes=changes.get(step, Changes()),
            now=now,
            actor=operator,
        )


def told(incident: Incident, now: datetime) -> None:
    plan.plan(communication_id=last(incident).pk, now=now)


def planned() -> set[Row]:
    rows = Delivery.objects.filter(audience="targeted")
    return set(
        rows.values_list("communication", "endpoint__address", "reason", "relevance", "quiet_until")
    )


def by_the_tester(owner: Tenant) -> set[Row]:
    found = rule_tester.replay(owner, since=NOW - timedelta(days=365))
    alerts = found.alerts()
    # In short, and of one incident alone, it says the same.
    told = {each.incident for each in alerts}
    assert found.told() == told
    assert all(
        each in alerts and found.history.line(one).count(each.incident)
        for one in told
        for each in found.alerts([one])
    )
    addresses = dict(Delivery.objects.values_list("endpoint", "endpoint__address"))
    return {
        (
            each.communication,
            addresses.get(each.endpoint, "?"),
            each.reason,
            each.relevance,
            each.held_until,
        )
        for each in alerts
    }


@settings(
    max_examples=25,
    deadline=None,
    phases=[Phase.generate],  # shrinking takes minutes, and a history is short already
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(CELLS, st.lists(RULES, max_size=3), st.booleans(), st.booleans(), HISTORIES)
def test_the_tester_says_what_planning_did(
    operator: User,
    cells: list[tuple[str, str]],
    rules: list[Wanted],
    contact: bool,
    on_list: bool,
    history: list[Happened],
) -> None:
    with taken_back():
        owner = cast(cells, rules, contact)
        tenant("other", PLACES[0], contact=False)
        now = NOW
        for happened in history:
            now = lived(happened, ["mine-2"] if on_list else ["other-1"], now, operator)
        assert by_the_tester(owner) == planned()


def conditions(owner: Tenant, **more: object) -> Conditions:
    group = ActionGroup.objects.create(tenant=owner, name=f"ops {owner.action_groups.count()}")
    group.endpoints.set([endpoint("ops@x.example")])
    return Conditions(name="Ops", action_groups=(group.pk,), **more)  # type: ignore[arg-type]  # passed through


def test_a_rule_is_tried_before_it_is_saved_and_nothing_of_it_stays(operator: User) -> None:
    owner = tenant("mine", PLACES[0])
    lived(
        Happened([PLACES[0]], "error", "service-issue", ["update", "resolved"]), [], NOW, operator
    )
    wanted = conditions(owner, ends_only=True)
    rule(owner, "others@x.example")
    found = rule_tester.trial(owner, wanted, since=NOW - timedelta(days=1)).alerts()
    assert [each.reason for each in found] == ["first-and-last", "first-and-last"]
    assert [each.at for each in found] == [NOW, NOW + timedelta(minutes=10)]
    assert list(AlertRule.objects.values_list("name", "active")) == [("rule 1", True)]
    none = Conditions(name="Nowhere")
    assert rule_tester.trial(owner, none, since=NOW - timedelta(days=1)).alerts() == []


def test_what_is_wrong_with_a_rule_is_said(operator: User) -> None:
    owner = tenant("mine", PLACES[0], ("azure-portal", "global"))
    service = {each.slug: each.pk for each in Service.objects.all()}
    assert warnings_of(owner, conditions(owner)) == [[]]
    europe = rule(owner, "a@x.example", geographies=("europe",))
    ((warning,),) = warnings_of(owner, Conditions.of(europe))
    assert warning.startswith("Global is not in it")
    with_global = rule(owner, "a@x.example", geographies=("europe",), regions=("global",))
    assert warnings_of(owner, Conditions.of(with_global)) == [[]]
    ((nowhere, uncovered),) = warnings_of(
        owner, Conditions(name="x", services=(service["storage"],))
    )
    assert nowhere.startswith("It leads nowhere")
    assert uncovered.startswith("It covers nothing of your footprint")
    Service.objects.filter(slug="key-vault").update(retired_at=NOW)
    (gone,) = warnings_of(owner, conditions(owner, services=(service["key-vault"],)))
    assert "No longer offered: Key Vault." in gone


def test_a_rule_that_can_never_fire_is_told_from_one_that_covers_nothing(operator: User) -> None:
    owner = tenant("mine", PLACES[0])
    service = {each.slug: each.pk for each in Service.objects.all()}
    region = {each.slug: each.pk for each in Region.objects.all()}
    contradictory = conditions(
        owner, services=(service["azure-portal"],), regions=(region["west-europe"],)
    )
    empty = ServiceCategory.objects.create(slug="empty", name="Empty", position=99)
    elsewhere = conditions(owner, services=(service["storage"],), regions=(region["north-europe"],))
    maintenance = conditions(owner, kinds=("planned-maintenance",), least_level="error")
    assert warnings_of(
        owner,
        contradictory,
        conditions(owner, categories=(empty.pk,)),
        elsewhere,
        maintenance,
        replace(maintenance, kinds=("planned-maintenance", "service-issue")),
    ) == [[NOT_OFFERED], [NOT_OFFERED], [UNCOVERED], [TOO_GRAVE], []]


def test_rows_of_others_are_refused(operator: User) -> None:
    owner, other = tenant("mine", PLACES[0]), tenant("other", PLACES[0])
    theirs = conditions(other)
    with pytest.raises(EntryError, match="action_groups"):
        alert_rules.save(tenant=owner, conditions=theirs)
    foreign = CustomerSubscription.objects.get(ref="other-1").pk
    with pytest.raises(EntryError, match="subscriptions"):
        alert_rules.save(tenant=owner, conditions=Conditions(name="x", subscriptions=(foreign,)))
    with pytest.raises(AlertRule.DoesNotExist):
        alert_rules.save(
            tenant=owner, conditions=Conditions(name="x"), rule_id=rule(other, "x@x.example").pk
        )
