"""Who would hear of it, counted before: the same endpoints that planning and the first claim then find."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pytest_django.fixtures import Settings

from incidents.models import Communication, Incident
from incidents.services.incident import declare
from incidents.services.statements import write_communication
from notifications.audience import selection, unreached
from notifications.audience.forecast import Forecast, forecast, hearers, ways
from notifications.delivery import claims, plan
from notifications.models import Channel, Delivery, Endpoint, ImpactedSubscription, Tenant
from tests.conftest import declaration, hit
from tests.notifications.cast import (
    confirm_audience,
    endpoint,
    last,
    reader,
    rule,
    subscription,
    tenant,
)

pytestmark = pytest.mark.usefixtures("catalogue")

THEN = datetime(2026, 1, 1, tzinfo=UTC)
WEST, NORTH, EAST = (("key-vault", region) for region in ("west-europe", "north-europe", "east-us"))
EXAMPLES = int(os.environ.get("FORECAST_EXAMPLES", "25"))

# ---- What can be generated: a cast of tenants and readers, and what happens to them between two statements.

ADDRESSES = [f"{name}@example.com" for name in "abcdef"]
WEB = {"e@example.com": "webhook", "f@example.com": "chat"}
STATES = st.sampled_from(["well", "well", "well", "suppressed", "left"])
CELLS = st.lists(st.sampled_from([WEST, NORTH, EAST]), max_size=3, unique=True)


@dataclass(frozen=True)
class Rule:
    addresses: list[str]
    kinds: tuple[str, ...]
    regions: tuple[str, ...]
    active: bool


RULES = st.builds(
    Rule,
    st.lists(st.sampled_from(ADDRESSES), max_size=3, unique=True),
    st.sampled_from([(), (), ("service-issue",), ("planned-maintenance",)]),
    st.sampled_from([(), (), ("west-europe",), ("east-us",)]),
    st.booleans(),
)


@dataclass(frozen=True)
class Owner:
    cells: list[tuple[str, str]]
    contact: bool
    rules: list[Rule]
    listed: bool


OWNERS = st.lists(
    st.builds(Owner, CELLS, st.booleans(), st.lists(RULES, max_size=2), st.booleans()), max_size=4
)


@dataclass(frozen=True)
class Case:
    owners: list[Owner]
    readers: list[str]
    at_first: dict[str, str]  # address to state
    later: dict[str, str]
    audience: str
    extent: str
    drill: bool
    second: str  # kind and stage of the statement that is asked about
    told_before: bool


CASES = st.builds(
    Case,
    OWNERS,
    st.lists(st.sampled_from(ADDRESSES[:4]), max_size=2, unique=True),
    st.dictionaries(st.sampled_from(ADDRESSES), STATES, max_size=4),
    st.dictionaries(st.sampled_from(ADDRESSES), STATES, max_size=4),
    st.sampled_from(["estimated", "unknown", "confirmed"]),
    st.sampled_from(["subset", "zone"]),
    st.booleans(),
    st.sampled_from(
        ["", "update identified", "update mitigated", "review resolved", "retraction resolved"]
    ),
    st.booleans(),
)


def cast(case: Case) -> None:
    for address in ADDRESSES:
        channel = WEB.get(address, Channel.MAIL)
        more = {"host": "hooks.example", "secret": "s"} if channel != Channel.MAIL else {}
        endpoint(address, channel=channel, **more)
    for number, each in enumerate(case.owners):
        owner = tenant(f"t{number}", *each.cells, contact=each.contact)
        for wanted in each.rules:
            rule(
                owner,
                *wanted.addresses,
                kinds=wanted.kinds,
                regions=wanted.regions,
                active=wanted.active,
            )
    for address in case.readers:
        reader(address)
    Endpoint.objects.filter(address__in=case.readers).update(confirmed_at=THEN)
    turn(case.at_first)


def turn(states: dict[str, str]) -> None:
    for address, state in states.items():
        Endpoint.objects.filter(address=address).update(
            suppressed_at=THEN if state == "suppressed" else None,
            suppressed_because="550" if state == "suppressed" else "",
            left_alerts_at=THEN if state == "left" else None,
            left_posts_at=THEN if state == "left" else None,
        )


def told(incident: Incident, communication: Communication, now: datetime) -> None:
    plan.plan(communication_id=communication.pk, now=now)
    Delivery.objects.filter(communication=communication).update(
        state="sent", sent_at=datetime.now(UTC)
    )


def second(case: Case, incident: Incident, now: datetime, operator: User) -> Communication:
    kind, _, stage = case.second.partition(" ")
    return write_communication(
        incident,
        stage=stage,
        kind=kind,
        public_text="Public.",
        targeted_text="Targeted.",
        at=now,
        now=now,
        actor=operator,
    )


def found(communication: Communication) -> Forecast:
    """The same counts from what planning has written and the first claim has taken, one by one."""
    rows = list(Delivery.objects.filter(communication=communication).select_related("endpoint"))
    for channel in Channel:
        claims.claim(most=1000, channel=channel)
    held = set(Delivery.objects.exclude(deferred="").values_list("pk", flat=True))
    heard: dict[str, Counter[str]] = {"targeted": Counter(), "public": Counter()}
    skipped: Counter[str] = Counter()
    later = 0
    for row in rows:
        reason = row.reason_to_skip() or ("drill" if row.stays_inside() else "")
        if reason:
            skipped[reason] += 1
        else:
            heard[row.audience][row.channel] += 1
            later += row.pk in held
    is_public = Communication.objects.public().filter(pk=communication.pk).exists()
    return Forecast(
        targeted=dict(heard["targeted"]),
        public=dict(heard["public"]),
        is_public=is_public,
        later=later,
        skipped=dict(skipped),
    )


def by_way(communication: Communication) -> Counter[tuple[str, str]]:
    heard: Counter[tuple[str, str]] = Counter()
    for way in ways(communication):
        heard[way.audience, way.channel] += way.receivers
    return heard


def heard_by(said: Forecast) -> Counter[tuple[str, str]]:
    heard = {"targeted": said.targeted, "public": said.public if said.is_public else {}}
    return Counter(
        {(audience, channel): n for audience, by in heard.items() for channel, n in by.items()}
    )


def silent_by_hand(communication: Communication) -> set[str]:
    """Tenants that the cells or the list concern and none of whose addresses hears of it."""
    if not selection.matches(communication):
        return set()
    scope = set(communication.scope.values_list("service_id", "region_id"))
    by_list = selection.has_list(communication)
    living = {
        row.endpoint_id
        for row in Delivery.objects.filter(communication=communication).select_related("endpoint")
        if not row.reason_to_skip() and not row.stays_inside()
    }
    silent = set()
    for each in Tenant.objects.all():
        own = {each.contact_id} | set(each.action_groups.values_list("endpoints", flat=True))
        concerned = any(
            ImpactedSubscription.objects.filter(subscription=one).exists()
            if by_list
            else scope & set(one.footprint.values_list("service_id", "region_id"))
            for one in each.subscriptions.all()
        )
        if concerned and scope and not own & living:
            silent.add(each.ref)
    return silent


@pytest.fixture
def limits(settings: Settings) -> None:
    settings.HOURLY_LIMIT, settings.UPDATE_INTERVAL = 1, 60
    settings.DRILL_RECEIVERS = ["a@example.com", "@fabrikam.example"]


@pytest.mark.usefixtures("limits")
@hypothesis_settings(
    max_examples=EXAMPLES,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(case=CASES)
def test_a_forecast_says_what_is_then_planned(case: Case, operator: User) -> None:
    now = datetime.now(UTC)
    with transaction.atomic():
        cast(case)
        incident = declare(
            declaration=declaration(
                hit(*WEST, extent=case.extent),
                hit(*NORTH, extent=case.extent),
                audience="unknown" if case.audience == "unknown" else "estimated",
                drill=case.drill,
                started_at=now - timedelta(minutes=5),
            ),
            now=now,
            actor=operator,
        )
        if case.second:
            if case.told_before:
                told(incident, last(incident), now)
            turn(case.later)
            if case.audience == "confirmed":
                confirm_audience(
                    incident, *[f"t{n}-1" for n, each in enumerate(case.owners) if each.listed]
                )
            asked = second(case, incident, now, operator)
        else:
            asked = last(incident)
        if not case.told_before:
            for earlier in incident.communications.exclude(pk=asked.pk):
                told(incident, earlier, now)

        said = forecast(asked)
        counted = hearers(asked)
        assert by_way(asked) == heard_by(said)
        plan.plan(communication_id=asked.pk, now=now)
        then = found(asked)

        assert said.targeted == then.targeted
        assert said.is_public == then.is_public
        assert not said.is_public or said.public == then.public
        assert said.skipped == then.skipped
        assert said.later == then.later
        assert said.receivers == then.receivers == counted
        assert {each.tenant.ref for each in said.silent} == silent_by_hand(asked)
        assert said.silent_count == len(said.silent)
        assert not selection.matches(asked) or said.tenants >= said.silent_count
        transaction.set_rollback(True)


# ---- The same, by name.


@pytest.fixture
def asked(operator: User, now: datetime) -> Communication:
    return last(declare(declaration=declaration(), now=now, actor=operator))


def test_it_counts_by_channel_and_names_who_hears_nothing_and_why(asked: Communication) -> None:
    rule(tenant("well", WEST), "duty@well.example")
    endpoint("https://hooks.example/x", channel="webhook", host="hooks.example", secret="s")
    rule(tenant("machine", WEST), "https://hooks.example/x")
    tenant("full", WEST)
    tenant("gone", WEST)
    tenant("mute", WEST, contact=False)
    rule(tenant("elsewhere", WEST), "ops@elsewhere.example", regions=("east-us",))
    tenant("unconcerned", EAST, contact=False)
    turn({"full@example.com": "suppressed", "gone@example.com": "left"})
    reader("reader@example.com")

    said = forecast(asked)

    assert said.targeted == {"mail": 1, "webhook": 1}
    assert (said.public, said.is_public) == ({"mail": 1}, False)
    assert said.skipped == {"suppressed": 1, "left": 1}
    assert (said.tenants, said.subscriptions, said.silent_count) == (6, 6, 4)
    assert {each.tenant.ref: each.why for each in said.silent} == {
        "full": "its address is suppressed",
        "gone": "its address has left",
        "mute": "it has no default contact, and no alert rule that leads to an address",
        "elsewhere": "none of its alert rules asks for this",
    }


@pytest.mark.parametrize(
    ("named", "reached"),
    [
        (["inside@example.com"], {"mail": 1}),
        (["https://hooks.example/in"], {"webhook": 1}),
        (["inside@example.com", "https://hooks.example/in"], {"mail": 1, "webhook": 1}),
    ],
)
def test_a_drill_counts_those_that_it_may_reach(
    operator: User,
    now: datetime,
    settings: Settings,
    named: list[str],
    reached: dict[str, int],
) -> None:
    settings.DRILL_RECEIVERS = named
    tenant("inside", WEST)
    tenant("outside", WEST)
    for path in ("in", "out"):
        url = f"https://hooks.example/{path}"
        endpoint(url, channel="webhook", host="hooks.example", secret="s")
        rule(tenant(f"machine-{path}", WEST), url)
    drill = last(declare(declaration=declaration(drill=True), now=now, actor=operator))
    assert forecast(drill).targeted == reached
    assert Counter({way.channel: way.receivers for way in ways(drill)}) == reached


def test_a_public_reader_who_is_alerted_directly_counts_once(operator: User, now: datetime) -> None:
    tenant("here", WEST)
    reader("here@example.com")
    reader("other@example.com")
    incident = declare(
        declaration=declaration(hit(*WEST, extent="zone"), hit("storage", "west-europe")),
        now=now,
        actor=operator,
    )
    said = forecast(last(incident))
    assert (said.targeted, said.public, said.receivers) == ({"mail": 1}, {"mail": 1}, 2)


def test_every_tenant_without_a_living_way_cannot_be_told_anything(
    catalogue: None, now: datetime
) -> None:
    alone, ruled, both = tenant("alone", WEST), tenant("ruled", WEST), tenant("both", WEST)
    rule(ruled, "duty@ruled.example")
    rule(both, "duty@both.example", "night@both.example")

    def silent() -> dict[str, str]:
        return {each.tenant.ref: each.why for each in unreached.silenced()[0]}

    turn({"night@both.example": "suppressed", "ruled@example.com": "suppressed"})
    assert silent() == {}  # its rule leads elsewhere than to the contact
    assert unreached.silenced()[1] == 0
    turn({"alone@example.com": "left"})
    assert unreached.silenced()[1] == 1
    turn({"duty@ruled.example": "suppressed"})
    assert silent() == {"alone": "its address has left", "ruled": "its address is suppressed"}
    turn({"duty@both.example": "left"})
    assert silent()["both"] == "its address has left, or its address is suppressed"
    Tenant.objects.filter(pk=ruled.pk).update(contact=endpoint("new@example.com"))
    assert "ruled" in silent()  # a contact is told only where no rule leads
    mute = tenant("mute", contact=False)
    rule(tenant("sleeping", contact=False), "ops@sleeping.example", active=False)
    assert unreached.silenced()[1] == 5
    assert silent()["mute"].startswith("it has no default contact")
    rule(mute, "new@mute.example")
    Tenant.objects.filter(pk=alone.pk).update(contact=endpoint("alone2@example.com"))
    assert set(silent()) == {"both", "ruled", "sleeping"}


def test_a_second_subscription_makes_no_second_tenant(asked: Communication) -> None:
    subscription(tenant("here", WEST), "here-2", WEST)
    said = forecast(asked)
    assert (said.tenants, said.subscriptions) == (1, 2)
