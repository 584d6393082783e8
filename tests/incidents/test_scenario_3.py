"""Public for now: the audience is unknown, becomes known, gets its review, and the entry goes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User

from incidents import wording
from incidents.models import Communication, Incident, Review, Revision
from incidents.policy.presets import PRESETS
from incidents.services.decisions.policies import adopt_policy
from incidents.services.errors import EntryError
from incidents.services.incident import declare, post_update
from incidents.services.inputs import Changes, Declaration
from incidents.services.reviews.review import Draft, Repair, Section, publish_review
from incidents.services.visibility import review_delivered
from tests.conftest import declaration, hit

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]

DRAFT = Draft(
    kind="final",
    sections=[Section("impact", "What happened?", "secret words of the review")],
    timeline=[(datetime(2026, 3, 1, 9, 0, tzinfo=UTC), "It began.")],
    repairs=[Repair("Test the failover.", owner="Storage team", due="2026-04")],
)


def nobody_knows_whom() -> Declaration:
    hits = (hit("key-vault", region) for region in ("west-europe", "north-europe"))
    return declaration(*hits, level="warning", audience="unknown")


@pytest.fixture
def incident(now: datetime, operator: User) -> Incident:
    return declare(declaration=nobody_knows_whom(), now=now, actor=operator)


def mitigated(incident: Incident, now: datetime, operator: User) -> Incident:
    post_update(incident_id=incident.pk, stage="mitigated", now=now, actor=operator)
    incident.refresh_from_db()
    return incident


def test_it_is_public_with_a_note_that_says_why(incident: Incident) -> None:
    assert incident.scenario == 3
    assert incident.published_at is not None
    assert "exactly which customers were affected (scenario 3" in incident.note


def test_once_the_audience_is_known_the_affected_are_told_and_the_post_stays(
    incident: Incident, now: datetime, operator: User
) -> None:
    post_update(
        incident_id=incident.pk,
        changes=Changes(audience="estimated"),
        now=now + timedelta(minutes=20),
        actor=operator,
    )
    handover = Communication.objects.latest("id")
    assert "is an estimate until our analysis is complete" in handover.targeted_text
    assert "you" not in handover.targeted_text, "which receivers are hit is not known"
    assert handover.public_at is None, "the world learns nothing new by it"

    incident.refresh_from_db()
    assert incident.scenario == 3
    assert incident.withdraw_after_review
    assert Incident.objects.public().get() == incident


def test_growing_broad_takes_the_note_away_for_good(
    incident: Incident, now: datetime, operator: User
) -> None:
    post_update(
        incident_id=incident.pk,
        changes=Changes(
            level="error", hits=[hit("storage", "west-europe"), hit("storage", "east-us")]
        ),
        now=now + timedelta(minutes=5),
        actor=operator,
    )
    incident.refresh_from_db()
    assert incident.ever_broad
    assert incident.note == ""
    assert not incident.withdraw_after_review


@pytest.mark.parametrize(
    ("withdrawn", "note"),
    [((2, 3), wording.NOTES[3]), ((), ""), ((2,), "")],
)
def test_the_note_says_that_the_entry_goes_where_the_policy_lets_it_go(
    now: datetime, operator: User, withdrawn: tuple[int, ...], note: str
) -> None:
    if withdrawn != PRESETS["azure"].withdraw_after_review:
        ours = {**PRESETS["azure"].as_dict(), "name": "ours", "withdraw_after_review": withdrawn}
        adopt_policy(document=ours, reason="Ours.", now=now, actor=operator)
    made = declare(declaration=nobody_knows_whom(), now=now, actor=operator)
    assert (made.scenario, made.note) == (3, note)


def test_a_targeted_review_is_in_no_public_query(
    incident: Incident, now: datetime, operator: User
) -> None:
    mitigated(incident, now, operator)
    publish_review(incident_id=incident.pk, draft=DRAFT, now=now, actor=operator)

    assert not Review.objects.public().exists()
    assert not Communication.objects.public().filter(kind="review").exists()
    sent = Communication.objects.get(kind="review")
    assert "secret words of the review" in sent.targeted_text
    assert sent.public_text == ""


def test_the_entry_goes_once_the_review_is_settled(
    incident: Incident, now: datetime, operator: User
) -> None:
    mitigated(incident, now, operator)
    before = Revision.objects.get(id=1).number

    review_delivered(incident_id=incident.pk, told=2, planned=3, now=now)
    review_delivered(incident_id=incident.pk, told=2, planned=3, now=now)

    incident.refresh_from_db()
    assert incident.withdrawn_at == now
    assert Incident.objects.gone().get() == incident
    assert Revision.objects.get(id=1).number == before + 1


def test_reaching_nobody_is_an_alarm_and_no_delivery(
    incident: Incident, now: datetime, operator: User
) -> None:
    mitigated(incident, now, operator)

    review_delivered(incident_id=incident.pk, told=0, planned=3, now=now)

    incident.refresh_from_db()
    assert incident.withdrawn_at is None
    assert "none of its 3 receivers" in incident.alarm


def test_a_broad_incidents_review_is_public_and_nothing_is_withdrawn(
    now: datetime, operator: User
) -> None:
    broad = declare(
        declaration=declaration(
            hit("storage", "west-europe", extent="region"), hit("key-vault", "west-europe")
        ),
        now=now,
        actor=operator,
    )
    mitigated(broad, now, operator)
    publish_review(incident_id=broad.pk, draft=DRAFT, now=now, actor=operator)
    review_delivered(incident_id=broad.pk, told=1, planned=1, now=now)

    assert Review.objects.public().get().version == 1
    assert Incident.objects.public().get() == broad


def test_a_review_before_mitigation_is_refused(
    incident: Incident, now: datetime, operator: User
) -> None:
    with pytest.raises(EntryError, match="impact has not ended"):
        publish_review(incident_id=incident.pk, draft=DRAFT, now=now, actor=operator)


def test_a_second_version_counts_on_and_replaces_the_first_in_public(
    now: datetime, operator: User
) -> None:
    broad = declare(
        declaration=declaration(
            hit("storage", "west-europe", extent="region"), hit("key-vault", "west-europe")
        ),
        now=now,
        actor=operator,
    )
    mitigated(broad, now, operator)
    for kind in ("preliminary", "final"):
        draft = Draft(kind=kind, sections=DRAFT.sections)
        publish_review(incident_id=broad.pk, draft=draft, now=now, actor=operator)
    assert list(Review.objects.order_by("version").values_list("version", "kind")) == [
        (1, "preliminary"),
        (2, "final"),
    ]
