"""Who was told that all of theirs is well again hears no more of the others, unless they want to."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import User

from incidents.models import Incident
from incidents.services import incident as incident_service
from incidents.services import retraction
from incidents.services.inputs import Changes, Statement
from notifications.delivery import plan, send
from notifications.models import Endpoint
from tests.conftest import declaration, hit
from tests.notifications.cast import last, tenant, told
from tests.notifications.conftest import Sink, text_of

pytestmark = pytest.mark.usefixtures("catalogue")

WEST, NORTH = ("key-vault", "west-europe"), ("storage", "north-europe")
W, N, B, F = (f"{ref}@example.com" for ref in ("west", "north", "both", "follower"))


@pytest.fixture
def incident(operator: User, now: datetime) -> Incident:
    """Two cells hit; west recovers after ten minutes, and who runs there alone is told so."""
    tenant("west", WEST)
    tenant("north", NORTH)
    tenant("both", WEST, NORTH)
    tenant("follower", WEST)
    Endpoint.objects.filter(address=F).update(follows_on=True)
    made = incident_service.declare(
        declaration=declaration(
            hit(*WEST), hit(*NORTH), statement=Statement("", "Begins."), started_at=now
        ),
        now=now,
        actor=operator,
    )
    assert set(planned(made, now)) == {W, N, B, F}
    later = now + timedelta(minutes=10)
    incident_service.recover(
        incident_id=made.pk, cells=[cell_of(made, WEST)], at=later, now=later, actor=operator
    )
    assert set(planned(made, later)) == {W, N, B, F}, "the recovery itself is told"
    return made


def cell_of(made: Incident, pair: tuple[str, str]) -> tuple[int, int]:
    scope = last(made).scope.get(service__slug=pair[0], region__slug=pair[1])
    return scope.service_id, scope.region_id


def planned(made: Incident, now: datetime) -> dict[str, str]:
    plan.plan(communication_id=last(made).pk, now=now)
    return told(last(made))


def update(
    made: Incident, operator: User, now: datetime, stage: str, **more: object
) -> dict[str, str]:
    incident_service.post_update(
        incident_id=made.pk,
        stage=stage,
        statement=Statement("", f"It is {stage}."),
        now=now,
        actor=operator,
        **more,  # type: ignore[arg-type]  # keywords are passed through
    )
    return planned(made, now)


def test_who_is_well_again_hears_of_the_others_no_more_and_whoever_wants_to_does(
    incident: Incident, operator: User, now: datetime
) -> None:
    later = now + timedelta(minutes=20)
    assert set(update(incident, operator, later, "identified")) == {N, B, F}
    assert set(update(incident, operator, later + timedelta(minutes=5), "mitigated")) == {N, B, F}
    assert set(update(incident, operator, later + timedelta(minutes=9), "resolved")) == {N, B, F}


def test_who_is_hit_again_hears_again(incident: Incident, operator: User, now: datetime) -> None:
    later = now + timedelta(minutes=20)
    update(incident, operator, later, "identified")
    again = Changes(hits=(hit(*WEST),))
    heard = update(incident, operator, later + timedelta(minutes=5), "identified", changes=again)
    assert W in heard


def test_a_false_alarm_is_told_to_whoever_was_told(
    incident: Incident, operator: User, now: datetime
) -> None:
    later = now + timedelta(minutes=20)
    retraction.retract(incident_id=incident.pk, reason="A test.", now=later, actor=operator)
    assert set(planned(incident, later)) == {W, N, B, F}


def test_what_ends_for_all_at_once_is_told_to_its_end(operator: User, now: datetime) -> None:
    tenant("west", WEST)
    made = incident_service.declare(
        declaration=declaration(hit(*WEST), statement=Statement("", "Begins."), started_at=now),
        now=now,
        actor=operator,
    )
    planned(made, now)
    for minutes, stage in ((5, "mitigated"), (9, "resolved")):
        assert set(update(made, operator, now + timedelta(minutes=minutes), stage)) == {W}


def test_the_message_says_that_it_is_the_last_one(incident: Incident, sink: Sink) -> None:
    while send.work().sent:
        pass
    words = "you hear no more of this incident"
    said = {
        address: [words in " ".join(text_of(mail).split()) for mail in sink.to(address)][-1]
        for address in (W, N, B, F)
    }
    assert said == {W: True, N: False, B: False, F: False}
