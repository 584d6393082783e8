from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import User

from incidents.models import Communication, Decision, Incident
from incidents.services.decisions.operator_decisions import (
    confirm,
    list_in_force,
    override,
    set_audience,
)
from incidents.services.errors import EntryError
from incidents.services.incident import declare, recover
from incidents.services.visibility import publish_due, withdraw
from tests.conftest import declaration, hit

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]


@pytest.fixture
def waiting(catalogue: None, now: datetime) -> Incident:
    broad = (hit("storage", "west-europe", extent="region"), hit("key-vault", "west-europe"))
    return declare(declaration=declaration(*broad), now=now, actor=None)


@pytest.fixture
def targeted(catalogue: None, now: datetime, operator: User) -> Incident:
    return declare(declaration=declaration(), now=now, actor=operator)


def test_there_is_nothing_to_confirm_where_nothing_waits(
    targeted: Incident, now: datetime, operator: User
) -> None:
    with pytest.raises(EntryError, match="has no public post that waits"):
        confirm(incident_id=targeted.pk, now=now, actor=operator)
    assert Decision.objects.count() == 1


def test_a_post_is_confirmed_once(waiting: Incident, now: datetime, operator: User) -> None:
    confirm(incident_id=waiting.pk, now=now, actor=operator)

    with pytest.raises(EntryError, match="has no public post that waits"):
        confirm(incident_id=waiting.pk, now=now, actor=operator)
    assert publish_due(now=now + timedelta(hours=1)) == []
    assert Communication.objects.public().count() == 1


def test_what_is_kept_back_does_not_go_out_at_the_deadline(
    waiting: Incident, now: datetime, operator: User
) -> None:
    override(incident_id=waiting.pk, public=False, reason="A drill.", now=now, actor=operator)

    assert publish_due(now=now + timedelta(hours=1)) == []
    assert not Incident.objects.public().exists()


@pytest.mark.parametrize("public", [True, False])
def test_an_override_needs_a_reason(
    waiting: Incident, now: datetime, operator: User, public: bool
) -> None:
    with pytest.raises(EntryError, match="needs a reason"):
        override(incident_id=waiting.pk, public=public, reason=" \n", now=now, actor=operator)
    assert Decision.objects.count() == 1


def test_what_is_public_is_taken_back_by_withdrawing_it_only(
    waiting: Incident, now: datetime, operator: User
) -> None:
    confirm(incident_id=waiting.pk, now=now, actor=operator)

    with pytest.raises(EntryError, match="withdraw it to take it back"):
        override(incident_id=waiting.pk, public=False, reason="Oh.", now=now, actor=operator)
    withdraw(incident_id=waiting.pk, reason="Wrong region.", now=now, actor=operator)
    with pytest.raises(EntryError, match="it stays withdrawn"):
        override(incident_id=waiting.pk, public=True, reason="Oh.", now=now, actor=operator)


def test_a_person_withdraws_with_a_reason_only(
    waiting: Incident, now: datetime, operator: User
) -> None:
    confirm(incident_id=waiting.pk, now=now, actor=operator)

    with pytest.raises(EntryError, match="why the entry leaves"):
        withdraw(incident_id=waiting.pk, reason=" ", now=now, actor=operator)
    assert Incident.objects.public().exists()


@pytest.mark.parametrize("audience", ["estimated", "everybody"])
def test_an_audience_must_become_another_known_one(
    targeted: Incident, now: datetime, audience: str
) -> None:
    with pytest.raises(EntryError, match=r"audience: .*(already|none of)"):
        set_audience(incident_id=targeted.pk, audience=audience, now=now)


def test_an_audience_that_turns_out_unknown_tells_nobody_anything(
    targeted: Incident, now: datetime, operator: User
) -> None:
    assert set_audience(incident_id=targeted.pk, audience="unknown", now=now) is None
    assert Communication.objects.count() == 1
    assert Decision.objects.count() == 2


def test_a_confirmed_audience_is_told_the_facts(
    targeted: Incident, now: datetime, operator: User
) -> None:
    with pytest.raises(EntryError, match="audience: cannot be confirmed while no impacted list is"):
        set_audience(incident_id=targeted.pk, audience="confirmed", now=now, actor=operator)
    list_in_force(incident=targeted, version=1)
    said = set_audience(incident_id=targeted.pk, audience="confirmed", now=now, actor=operator)

    assert said is not None
    assert "Key Vault in West Europe" in said.targeted_text
    assert said.public_text == ""


def test_a_large_incident_whose_audience_turns_out_unknown_is_posted_with_its_facts(
    now: datetime, operator: User
) -> None:
    two = (hit("storage", "west-europe"), hit("key-vault", "west-europe"))
    incident = declare(declaration=declaration(*two), now=now, actor=operator)
    assert incident.published_at is None

    set_audience(incident_id=incident.pk, audience="unknown", now=now, actor=operator)

    posted = Communication.objects.public().get()
    assert "Storage and Key Vault in West Europe" in posted.public_text
    assert posted.targeted_text == ""


def test_recovery_cannot_lie_in_the_future(
    targeted: Incident, now: datetime, operator: User
) -> None:
    region = hit("storage", "west-europe").region
    later = now + timedelta(minutes=1)
    with pytest.raises(EntryError, match="lies in the future"):
        recover(incident_id=targeted.pk, regions=[region], at=later, now=now, actor=operator)
