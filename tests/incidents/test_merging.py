"""Two tracking IDs that were one incident."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import User

from incidents.models import Incident
from incidents.services.errors import EntryError
from incidents.services.incident import declare, post_update
from incidents.services.inputs import Statement
from incidents.services.merge import merge, unmerge
from incidents.services.visibility import withdraw
from notifications.delivery import plan
from tests.conftest import declaration, hit
from tests.notifications.cast import tenant, told

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]


@pytest.fixture
def west(now: datetime, operator: User) -> Incident:
    return declare(declaration=declaration(), now=now, actor=operator)


@pytest.fixture
def north(now: datetime, operator: User) -> Incident:
    return declare(declaration=declaration(hit("storage", "north-europe")), now=now, actor=operator)


@pytest.fixture
def broad(now: datetime, operator: User) -> Incident:
    return declare(
        declaration=declaration(
            hit("storage", "west-europe", extent="region"),
            hit("key-vault", "west-europe", extent="region"),
        ),
        now=now,
        actor=operator,
    )


def open_cells(incident: Incident) -> set[tuple[str, str]]:
    impacts = incident.occurrences.filter(impacts__ended_at__isnull=True)
    return set(impacts.values_list("impacts__service__slug", "impacts__region__slug"))


def test_the_survivor_takes_over_what_is_still_open(
    west: Incident, north: Incident, now: datetime, operator: User
) -> None:
    merge(absorbed_id=north.pk, into_id=west.pk, reason="One cause.", now=now, actor=operator)
    north.refresh_from_db()
    assert open_cells(west) == {("key-vault", "west-europe"), ("storage", "north-europe")}
    assert (open_cells(north), north.merged_into, north.closed_at) == (set(), west, now)


def test_who_merged_and_why_is_on_record(
    west: Incident, north: Incident, now: datetime, operator: User
) -> None:
    merge(absorbed_id=north.pk, into_id=west.pk, reason="One cause.", now=now, actor=operator)
    decision = north.decisions.latest("id")
    assert decision.actor == operator
    assert decision.reason == f"Merged into {west.tracking_id}: One cause."


def test_whoever_heard_of_the_absorbed_one_hears_how_it_goes_on(
    west: Incident, north: Incident, now: datetime, operator: User
) -> None:
    tenant("northern", ("storage", "north-europe"))
    plan.plan(communication_id=north.communications.get().pk, now=now)
    said = merge(
        absorbed_id=north.pk, into_id=west.pk, reason="One cause.", now=now, actor=operator
    )
    plan.plan(communication_id=said.pk, now=now)
    assert "northern@example.com" in told(said)
    later = post_update(
        incident_id=west.pk,
        stage="resolved",
        now=now + timedelta(minutes=5),
        actor=operator,
        statement=Statement(targeted_text="Over."),
    )
    plan.plan(communication_id=later.pk, now=now)
    assert "northern@example.com" in told(later)


def test_a_public_entry_that_absorbed_another_is_named_in_it(
    broad: Incident, now: datetime, operator: User
) -> None:
    other = declare(
        declaration=declaration(
            hit("storage", "north-europe", extent="region"),
            hit("key-vault", "north-europe", extent="region"),
        ),
        now=now,
        actor=operator,
    )
    said = merge(
        absorbed_id=other.pk, into_id=broad.pk, reason="One cause.", now=now, actor=operator
    )
    assert other.tracking_id in said.public_text
    assert list(Incident.objects.redirecting()) == [other]
    assert list(Incident.objects.public()) == [broad]


def test_a_tracking_id_that_was_never_public_is_not_named_publicly(
    broad: Incident, north: Incident, now: datetime, operator: User
) -> None:
    said = merge(
        absorbed_id=north.pk, into_id=broad.pk, reason="One cause.", now=now, actor=operator
    )
    assert north.tracking_id not in said.public_text
    assert north.tracking_id in said.targeted_text
    assert not Incident.objects.redirecting().exists()


def test_a_chain_of_merges_leads_straight_to_the_end(
    west: Incident, north: Incident, broad: Incident, now: datetime, operator: User
) -> None:
    merge(absorbed_id=north.pk, into_id=west.pk, reason="One.", now=now, actor=operator)
    merge(absorbed_id=west.pk, into_id=broad.pk, reason="All one.", now=now, actor=operator)
    north.refresh_from_db()
    assert north.merged_into == broad


def test_a_public_entry_is_not_lost_in_a_targeted_one(
    west: Incident, broad: Incident, now: datetime, operator: User
) -> None:
    with pytest.raises(EntryError, match="merge the other way round"):
        merge(absorbed_id=broad.pk, into_id=west.pk, reason="One.", now=now, actor=operator)
    assert list(Incident.objects.public()) == [broad]


def test_what_cannot_be_one_is_refused(
    west: Incident, north: Incident, broad: Incident, now: datetime, operator: User
) -> None:
    def refused(absorbed: Incident, survivor: Incident, reason: str = "One.") -> str:
        with pytest.raises(EntryError) as error:
            merge(
                absorbed_id=absorbed.pk,
                into_id=survivor.pk,
                reason=reason,
                now=now,
                actor=operator,
            )
        return str(error.value)

    assert "name another one" in refused(west, west)
    assert "write why" in refused(north, west, reason=" ")
    advisory = declare(declaration=declaration(kind="health-advisory"), now=now, actor=operator)
    assert "merge equal kinds" in refused(advisory, west)
    withdraw(incident_id=broad.pk, reason="It leaves.", now=now, actor=operator)
    assert "withdrawn" in refused(west, broad)
    merge(absorbed_id=north.pk, into_id=west.pk, reason="One.", now=now, actor=operator)
    assert f"was merged into {west.tracking_id}" in refused(north, west)
    post_update(incident_id=west.pk, stage="resolved", now=now, actor=operator)
    late = declare(declaration=declaration(), now=now, actor=operator)
    assert "is closed" in refused(late, west)


def test_a_merge_can_be_taken_back(
    west: Incident, north: Incident, now: datetime, operator: User
) -> None:
    merge(absorbed_id=north.pk, into_id=west.pk, reason="One.", now=now, actor=operator)
    unmerge(incident_id=north.pk, now=now, actor=operator)
    north.refresh_from_db()
    assert north.merged_into is None
    decision = north.decisions.latest("id")
    assert (decision.actor, decision.reason) == (operator, f"Taken apart from {west.tracking_id}.")
    with pytest.raises(EntryError, match="not merged"):
        unmerge(incident_id=north.pk, now=now, actor=operator)


def test_what_was_merged_leads_elsewhere_also_once_it_is_withdrawn(
    broad: Incident, now: datetime, operator: User
) -> None:
    regions = (hit("storage", "north-europe"), hit("key-vault", "north-europe", extent="region"))
    other = declare(declaration=declaration(*regions), now=now, actor=operator)
    merge(absorbed_id=other.pk, into_id=broad.pk, reason="One.", now=now, actor=operator)
    withdraw(incident_id=other.pk, reason="A mistake.", now=now, actor=operator)
    assert not Incident.objects.gone().exists()
    assert list(Incident.objects.redirecting()) == [other]


def test_what_was_merged_is_no_longer_public_by_itself(
    broad: Incident, now: datetime, operator: User
) -> None:
    other = declare(
        declaration=declaration(
            hit("storage", "east-us", extent="region"), hit("key-vault", "east-us", extent="region")
        ),
        now=now,
        actor=operator,
    )
    assert set(Incident.objects.public()) == {broad, other}
    merge(absorbed_id=other.pk, into_id=broad.pk, reason="One.", now=now, actor=operator)
    assert set(Incident.objects.public()) == {broad}
    assert not other.communications.public().exists()


def test_what_was_never_public_leads_nowhere_and_nothing_leads_to_what_is_gone(
    broad: Incident, west: Incident, now: datetime, operator: User
) -> None:
    merge(absorbed_id=west.pk, into_id=broad.pk, reason="One cause.", now=now, actor=operator)
    assert list(Incident.objects.redirecting()) == []
    Incident.objects.filter(pk=west.pk).update(published_at=now)
    assert list(Incident.objects.redirecting()) == [west]
    withdraw(incident_id=broad.pk, reason="It names a customer.", now=now, actor=operator)
    assert list(Incident.objects.redirecting()) == []
    assert list(Incident.objects.gone()) == [broad]
