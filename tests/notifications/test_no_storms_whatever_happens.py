"""Rules of the hour's limit and the interval, over random lives of several incidents and random failures.

What each endpoint must have is computed from what was said, not from the rows.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pytest_django.fixtures import Settings

from incidents.models import Communication, Incident, Region, ScopeCell, Service
from notifications.channels.base import Message, TransportError
from notifications.delivery import claims, plan, send, settlement
from notifications.models import Delivery
from notifications.vocabulary.delivery_states import URGENT, USUAL, Failure, priority
from tests.notifications.cast import tenant

pytestmark = pytest.mark.usefixtures("catalogue")

LIMIT, INTERVAL = 2, 5  # an hour; minutes
WEST, NORTH = "west-europe", "north-europe"
HOMES = {"west": {WEST}, "both": {WEST, NORTH}}
SCOPES = st.sampled_from([(WEST,), (NORTH,), (WEST, NORTH)])
KINDS = st.sampled_from(
    [
        *[("update", "identified")] * 5,
        ("update", "mitigated"),
        ("review", "resolved"),
        ("correction", "identified"),
    ]
)
SAY = st.tuples(st.just("say"), st.integers(0, 3), SCOPES, KINDS)
ACTIONS = st.one_of(
    SAY,
    SAY,
    SAY,
    st.tuples(st.just("pass"), st.sampled_from([1, 3, 7, 31, 61])),
    st.just(("send",)),
    st.just(("send",)),
    st.sampled_from([("kill",), ("fail",)]),
    st.tuples(st.just("declare"), SCOPES),
)


@dataclass
class Said:
    incident: int
    number: int
    kind: str
    stage: str
    scope: frozenset[str]

    @property
    def priority(self) -> int:
        return priority(kind=self.kind, stage=self.stage, number=self.number)


@dataclass
class Heard:
    at: float  # minutes
    to: str
    told: list[tuple[int, int]]  # (incident, number), its own statement first, as in the letter


@dataclass
class Life:
    """Plays actions on the real sending; its relay is the only part that is not real."""

    minutes: float = 0
    failing: bool = False
    incidents: list[Incident] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)

    def send(
        self, message: Message, following: Message | None = None, meanwhile: object = None
    ) -> str:
        if self.failing:
            raise TransportError(Failure.TEMPORARY, "450 later")
        told = [
            (int(one), int(other)) for one, other in re.findall(r"<<(\d+)-(\d+)>>", message.text)
        ]
        self.heard.append(Heard(self.minutes, message.to, told))
        return "250 taken"

    def close(self) -> None:
        """Nothing is open."""

    def act(self, action: tuple[Any, ...]) -> None:
        match action:
            case ("declare", scope):
                self.declare(scope)
            case ("say", which, scope, (kind, stage)):
                if self.incidents:
                    number = int(which) % len(self.incidents)
                    self.say(number, frozenset(scope), kind, stage)
            case ("pass", minutes):
                self.pass_time(float(minutes))
            case ("kill",):
                claims.claim(most=3, channel="mail")
                late = timezone.now() - timedelta(seconds=1)
                Delivery.objects.filter(state="sending").update(lease_until=late)
                settlement.expire_leases()
            case ("fail",):
                self.failing = True
                send.work(transports={"mail": self})
                self.failing = False
            case _:
                send.work(transports={"mail": self})
                self.check_nothing_urgent_waits()

    def declare(self, scope: tuple[str, ...]) -> None:
        now = timezone.now()
        made = Incident.objects.create(
            tracking_id=f"TEST-{len(self.incidents):03}",
            level="error",
            public_title="Trouble",
            stage="investigating",
            started_at=now,
            created_at=now,
            updated_at=now,
        )
        self.incidents.append(made)
        self.say(len(self.incidents) - 1, frozenset(scope), "update", "investigating")

    def say(self, which: int, scope: frozenset[str], kind: str, stage: str) -> None:
        incident = self.incidents[which]
        number = incident.communications.count() + 1
        now = timezone.now()
        made = Communication.objects.create(
            incident=incident,
            number=number,
            kind=kind,
            stage=stage,
            targeted_text=f"<<{which}-{number}>>",
            at=now,
        )
        vault = Service.objects.get(slug="key-vault")
        for region in Region.objects.filter(slug__in=scope):
            ScopeCell.objects.create(communication=made, service=vault, region=region)
        plan.plan(communication_id=made.pk, now=now)
        self.said.append(Said(which, number, kind, stage, scope))

    def pass_time(self, minutes: float) -> None:
        """The database's clock cannot be set, so what it has written is moved into the past."""
        self.minutes += minutes
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE notifications_delivery SET sent_at = sent_at - %(t)s * interval '1 minute',"
                " next_attempt_at = next_attempt_at - %(t)s * interval '1 minute'",
                {"t": minutes},
            )

    def drain(self) -> None:
        for _ in range(60):
            if not Delivery.objects.filter(state__in=["pending", "sending"]).exists():
                return
            self.pass_time(61)
            self.act(("send",))

    def check_nothing_urgent_waits(self) -> None:
        """But behind an older one that the relay refused for now, or because it was refused itself."""
        for late in Delivery.objects.filter(state="pending", priority=URGENT, attempts=0):
            older = Delivery.objects.filter(
                incident=late.incident,
                endpoint=late.endpoint,
                communication__lt=late.communication_id,
                state="pending",
                deferred="",
            )
            assert older.exists(), f"{late.communication.targeted_text} is held up"


def audience(life: Life, said: Said, before: set[str]) -> set[str]:
    """Who must hear: whoever runs there, and who was concerned by this incident before."""
    return {f"{ref}@example.com" for ref, homes in HOMES.items() if homes & said.scope} | before


IDENTIFIED = ("update", "identified")
# A digest is taken along by another one, while a correction of what it carries is claimed beside it.
TWO_HEIRS: list[tuple[Any, ...]] = [
    *[("say", 0, (WEST,), IDENTIFIED)] * 6,
    *[("send",)] * 2,
    ("say", 0, (NORTH,), IDENTIFIED),
    ("fail",),
    ("declare", (WEST, NORTH)),
    ("pass", 31),
    ("send",),
    ("say", 1, (WEST,), ("correction", "identified")),
    ("say", 2, (WEST,), IDENTIFIED),
    ("send",),
    ("say", 2, (NORTH,), IDENTIFIED),
    ("say", 0, (WEST,), ("correction", "identified")),
    ("send",),
]


@pytest.mark.django_db
@example(actions=TWO_HEIRS)
@hypothesis_settings(
    max_examples=15,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(actions=st.lists(ACTIONS, min_size=8, max_size=24))
def test_limits_hold_order_holds_and_every_update_arrives(
    actions: list[tuple[Any, ...]], settings: Settings, now: datetime
) -> None:
    settings.HOURLY_LIMIT, settings.UPDATE_INTERVAL = LIMIT, INTERVAL * 60
    with transaction.atomic():
        tenant("west", ("key-vault", WEST))
        tenant("both", ("key-vault", WEST), ("key-vault", NORTH))
        life = Life()
        for scope in ((WEST,), (WEST, NORTH), (NORTH,)):
            life.declare(scope)
        for action in actions:
            life.act(action)
        life.drain()
        assert not Delivery.objects.filter(state__in=["pending", "sending"]).exists()
        check_each_endpoint(life)
        transaction.set_rollback(True)


def check_each_endpoint(life: Life) -> None:
    by = {(each.incident, each.number): each for each in life.said}
    wanted = told_to(life)
    for address in ("west@example.com", "both@example.com"):
        heard = [each for each in life.heard if each.to == address]
        check_pace(heard, by)
        order: dict[int, list[int]] = defaultdict(list)
        for each in heard:
            for incident, number in sorted(each.told):
                order[incident].append(number)
        for numbers in order.values():
            # Told once, in order: no relay here takes a message and says nothing.
            assert numbers == sorted(set(numbers))
        for said in wanted[address]:
            numbers = order[said.incident]
            covered = any(
                other.incident == said.incident
                and other.number in numbers
                and other.number > said.number
                and other.kind == said.kind == "update"
                and said.scope <= other.scope
                for other in life.said
            )
            assert said.number in numbers or covered, f"{said} never reached {address}"


def told_to(life: Life) -> dict[str, list[Said]]:
    """What each must hear, directly, in a digest or in newer words."""
    concerned: dict[int, set[str]] = defaultdict(set)
    wanted: dict[str, list[Said]] = defaultdict(list)
    for said in life.said:
        concerned[said.incident] = audience(life, said, concerned[said.incident])
        for address in concerned[said.incident]:
            wanted[address].append(said)
    return wanted


def check_pace(heard: list[Heard], by: dict[tuple[int, int], Said]) -> None:
    """The limit and the interval, for what they apply to; `heard` in the order of time."""
    for place, each in enumerate(heard):
        own = by[each.told[0]]
        if own.priority == URGENT:
            continue
        lately = [other for other in heard[:place] if each.at - other.at < 60]
        assert len(lately) < LIMIT, f"{own} is one too many within the hour"
        if own.priority == USUAL:
            earlier = [o.at for o in heard[:place] if own.incident in {i for i, _ in o.told}]
            assert not earlier or each.at - max(earlier) >= INTERVAL, f"{own} comes too soon"
