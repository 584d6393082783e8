from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import User

from incidents.models import Communication, Decision, Impact, Incident, Revision
from incidents.services.errors import EntryError
from incidents.services.incident import declare, post_update, recover
from incidents.services.inputs import Changes, Override, Statement
from incidents.services.visibility import publish_due, withdraw
from tests.conftest import declaration, hit

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]


def broad() -> dict[str, object]:
    return {
        "hits": (hit("storage", "west-europe", extent="region"), hit("key-vault", "west-europe")),
    }


def revision() -> int:
    return Revision.objects.get(id=1).number


def test_one_service_in_one_region_stays_targeted(now: datetime, operator: User) -> None:
    before = revision()

    incident = declare(declaration=declaration(), now=now, actor=operator)

    assert incident.published_at is None
    assert not Incident.objects.public().exists()
    assert not Communication.objects.public().exists()
    assert revision() == before
    assert Decision.objects.get(incident=incident).verdict["public"] is False


def test_a_broad_incident_that_a_person_declares_is_public_at_once(
    now: datetime, operator: User
) -> None:
    incident = declare(declaration=declaration(**broad()), now=now, actor=operator)

    assert incident.published_at == now
    assert incident.scenario == 1
    assert incident.ever_broad
    posted = Communication.objects.public().get()
    assert "Storage and Key Vault in West Europe are failing" in posted.public_text
    assert revision() > 0


def test_a_broad_incident_that_a_machine_opens_waits_for_a_person_and_then_goes_out_by_itself(
    now: datetime,
) -> None:
    incident = declare(
        declaration=declaration(
            **broad(), statement=Statement(targeted_text="internal words"), automated=True
        ),
        now=now,
    )
    assert incident.public_due_at == now + timedelta(minutes=5)
    assert publish_due(now=now + timedelta(minutes=4)) == []

    late = now + timedelta(minutes=40)
    assert publish_due(now=late) == [incident.tracking_id]
    assert publish_due(now=late) == []

    public = Communication.objects.public().get()
    assert public.public_at == late
    assert "Storage" in public.public_text
    assert "internal words" not in public.public_text


def test_a_targeted_text_is_never_used_as_a_public_one(now: datetime, operator: User) -> None:
    declare(
        declaration=declaration(**broad(), statement=Statement(targeted_text="only for you")),
        now=now,
        actor=operator,
    )
    assert "only for you" not in Communication.objects.public().get().public_text


def test_spreading_to_more_regions_promotes_a_targeted_incident(
    now: datetime, operator: User
) -> None:
    incident = declare(declaration=declaration(), now=now, actor=operator)
    later = now + timedelta(minutes=5)

    post_update(
        incident_id=incident.pk,
        changes=Changes(hits=[hit("storage", "east-us"), hit("storage", "west-us")]),
        now=later,
        actor=operator,
    )

    incident.refresh_from_db()
    assert incident.published_at == later
    assert incident.scenario == 1
    assert Communication.objects.public().count() == 1


def test_the_last_recovered_region_mitigates_the_incident(now: datetime, operator: User) -> None:
    incident = declare(
        declaration=declaration(hit("storage", "east-us"), hit("storage", "west-us")),
        now=now,
        actor=operator,
    )
    east, west = (impact.region for impact in Impact.objects.order_by("id"))
    first, second = now + timedelta(minutes=10), now + timedelta(minutes=20)

    recover(incident_id=incident.pk, regions=[east], at=first, now=first, actor=operator)
    incident.refresh_from_db()
    assert incident.mitigated_at is None

    recover(incident_id=incident.pk, regions=[west], at=second, now=second, actor=operator)
    incident.refresh_from_db()
    assert incident.mitigated_at == second
    assert incident.stage == "mitigated"
    assert incident.occurrences.get().ended_at == second


def test_new_impact_after_mitigation_opens_a_second_occurrence(
    now: datetime, operator: User
) -> None:
    incident = declare(declaration=declaration(), now=now, actor=operator)
    post_update(
        incident_id=incident.pk, stage="mitigated", now=now + timedelta(hours=1), actor=operator
    )

    again = now + timedelta(days=1)
    post_update(
        incident_id=incident.pk,
        changes=Changes(hits=[hit("key-vault", "west-europe")]),
        now=again,
        actor=operator,
    )

    incident.refresh_from_db()
    assert incident.mitigated_at is None
    assert incident.stage == "investigating"
    assert [o.label for o in incident.occurrences.order_by("id")] == ["", "occurrence 2"]


def test_withdrawing_takes_an_entry_off_every_public_query(now: datetime, operator: User) -> None:
    incident = declare(declaration=declaration(**broad()), now=now, actor=operator)
    before = revision()

    withdraw(incident_id=incident.pk, reason="Its customers have the review.", now=now)

    assert not Incident.objects.public().exists()
    assert not Communication.objects.public().exists()
    assert not Impact.objects.public().exists()
    assert Incident.objects.gone().get() == incident
    assert revision() == before + 1


def test_an_override_is_kept_with_its_reason(now: datetime, operator: User) -> None:
    incident = declare(
        declaration=declaration(),
        now=now,
        actor=operator,
        override=Override(public=True, reason="The press asks."),
    )
    decision = Decision.objects.get(incident=incident)
    assert (decision.public, decision.override_public) == (False, True)
    assert decision.reason == "The press asks."
    assert decision.actor == operator
    assert incident.published_at == now


def test_an_override_without_a_reason_is_refused_and_nothing_is_stored(
    now: datetime, operator: User
) -> None:
    with pytest.raises(EntryError, match="needs a reason"):
        declare(declaration=declaration(), now=now, actor=operator, override=Override(True, "  "))
    assert not Incident.objects.exists()


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"public_title": " "}, "public_title", "is empty"),
        ({"public_title": "a\x07b"}, "public_title", "U\\+0007"),
        ({"public_title": "one\nBcc: two"}, "public_title", "U\\+000A"),
        ({"public_title": "x" * 201}, "public_title", "201 characters"),
        ({"hits": ()}, "impacts", "at least one"),
        ({"started_at": datetime.fromisoformat("2026-03-01T09:31:00Z")}, "started_at", "future"),
        ({"level": "warning"}, "impacts", "above the incident's level"),
        ({"stage": "planned"}, "stage", "not possible as a first stage"),
    ],
)
def test_a_declaration_that_cannot_be_taken_names_the_field_and_the_remedy(
    now: datetime, operator: User, change: dict[str, object], field: str, words: str
) -> None:
    entry = declaration(**({"hits": [hit("key-vault", "west-europe", level="error")]} | change))
    with pytest.raises(EntryError, match=words) as refused:
        declare(declaration=entry, now=now, actor=operator)
    assert refused.value.field == field
    assert not Incident.objects.exists()


def test_a_service_is_not_hit_where_it_is_not_offered(now: datetime, operator: User) -> None:
    with pytest.raises(EntryError, match="Databricks is not offered in East US"):
        declare(declaration=declaration(hit("databricks", "east-us")), now=now, actor=operator)


def test_an_unknown_zone_is_refused_with_the_zones_there_are(now: datetime, operator: User) -> None:
    entry = declaration(hit("storage", "east-us", extent="zone", zones=("4",)))
    with pytest.raises(EntryError, match="East US has no zone 4; it has 1, 2, 3"):
        declare(declaration=entry, now=now, actor=operator)


def test_an_update_that_says_nothing_is_refused(now: datetime, operator: User) -> None:
    incident = declare(declaration=declaration(), now=now, actor=operator)
    with pytest.raises(EntryError, match="says nothing"):
        post_update(incident_id=incident.pk, now=now, actor=operator)
