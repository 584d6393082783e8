"""Publishers learn which incident a number of the public snapshot was about."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User
from django.db.models import Model

from incidents.models import (
    Communication,
    Impact,
    Incident,
    Occurrence,
    RepairItem,
    Review,
    Revision,
    Service,
    SnapshotChange,
)
from incidents.services import revision
from incidents.services.incident import declare, post_update
from incidents.services.inputs import Override, Statement
from incidents.services.merge import merge
from incidents.services.reviews.review import Draft, Repair, Section, publish_review
from statuspage.public.snapshot.reader import read_snapshot
from tests.conftest import declaration

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]


def test_a_public_update_names_its_incident_and_no_other(now: datetime, operator: User) -> None:
    everybody = Override(public=True, reason="for the test")
    one, two = (
        declare(declaration=declaration(), now=now, actor=operator, override=everybody)
        for _ in range(2)
    )
    before = Revision.objects.get(id=1).number
    post_update(incident_id=one.pk, statement=Statement("We know more."), now=now, actor=operator)
    after = Revision.objects.get(id=1).number
    assert after > before
    assert revision.changed_since(before, after) == {one.pk}
    assert revision.changed_since(after, after) == set()
    assert two.pk in (revision.changed_since(0, before) or {two.pk})


def number() -> int:
    return Revision.objects.get(id=1).number


def test_a_change_without_a_subject_means_everything() -> None:
    before = number()
    Service.objects.filter(slug="storage").update(name="Blob Storage")
    assert number() == before + 1
    assert revision.changed_since(before, number()) is None


def test_who_was_away_for_too_long_is_told_that_nobody_knows() -> None:
    before = number()
    for name in ("Blob Storage", "Storage"):
        Service.objects.filter(slug="storage").update(name=name)
    SnapshotChange.objects.filter(revision=number()).delete()
    assert revision.changed_since(before, number()) is None


def test_a_row_that_stays_as_it_is_changes_nothing() -> None:
    before = number()
    Service.objects.filter(slug="storage").update(name="Storage")
    assert number() == before


def test_what_is_hidden_moves_nothing(now: datetime, operator: User) -> None:
    """Two targeted incidents that are merged, a targeted update of a public one, a title of our own."""
    everybody = Override(public=True, reason="for the test")
    shown = declare(declaration=declaration(), now=now, actor=operator, override=everybody)
    one, two = (declare(declaration=declaration(), now=now, actor=operator) for _ in range(2))
    before = number()
    merge(absorbed_id=one.pk, into_id=two.pk, reason="One cause.", now=now, actor=operator)
    post_update(incident_id=two.pk, stage="resolved", now=now, actor=operator)
    said = Statement(targeted_text="For the affected alone.")
    post_update(incident_id=shown.pk, statement=said, now=now, actor=operator)
    Incident.objects.filter(pk=shown.pk).update(
        internal_title="of our own", alarm="seen at the desk"
    )
    assert number() == before


@pytest.mark.django_db(transaction=True)
def test_numbers_of_statements_do_not_count_what_only_the_affected_read(
    now: datetime, operator: User
) -> None:
    everybody = Override(public=True, reason="for the test")
    shown = declare(declaration=declaration(), now=now, actor=operator, override=everybody)
    for said in (Statement(targeted_text="For the affected alone."), Statement("We know more.")):
        post_update(incident_id=shown.pk, statement=said, now=now, actor=operator)
    assert shown.communications.count() == 3
    assert {one.number for one in read_snapshot(now=now).incidents[0].communications} == {1, 2}


@pytest.mark.parametrize(
    ("rows", "change"),
    [
        (Incident, {"internal_title": "of our own"}),
        (Incident, {"dependents": 17}),
        (Incident, {"dependents_stated": True}),
        (Incident, {"level_because": "many depend on it"}),
        (Incident, {"targeted_channel_available": False}),
        (Incident, {"platform_fault": False}),
        (Incident, {"alarm": "seen at the desk"}),
        (Incident, {"public_due_at": datetime(2026, 1, 1, tzinfo=UTC)}),
        (Incident, {"updated_at": datetime(2026, 1, 1, tzinfo=UTC)}),
        (Communication, {"decision": None}),
        (Review, {"actor": None}),
        (RepairItem, {"owner": "somebody of ours"}),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else None,
)
def test_no_column_of_our_own_moves_what_is_public(
    now: datetime, operator: User, rows: type[Model], change: dict[str, object]
) -> None:
    everybody = Override(public=True, reason="for the test")
    shown = declare(declaration=declaration(), now=now, actor=operator, override=everybody)
    post_update(incident_id=shown.pk, stage="resolved", now=now, actor=operator)
    draft = Draft(
        kind="final",
        sections=[Section("impact", "What?", "Storage failed.")],
        repairs=[Repair("Mend it.", owner="Olga")],
    )
    Incident.objects.filter(pk=shown.pk).update(ever_broad=True)
    review = publish_review(incident_id=shown.pk, draft=draft, now=now, actor=operator)
    assert review.for_public
    one = rows._default_manager.exclude(**change).filter(pk__gt=0)
    assert one.exists(), "there is something to change"
    before = number()
    one.update(**change)
    assert number() == before


def test_every_row_that_the_world_reads_counts(now: datetime, operator: User) -> None:
    """Whoever writes it: the triggers ask the rows, not the verb."""
    everybody = Override(public=True, reason="for the test")
    shown = declare(declaration=declaration(), now=now, actor=operator, override=everybody)
    occurrence = shown.occurrences.get()
    for rows, change in (
        (Incident.objects.filter(pk=shown.pk), {"public_title": "Another title"}),
        (Occurrence.objects.filter(pk=occurrence.pk), {"label": "first occurrence"}),
        (Impact.objects.filter(occurrence=occurrence), {"extent": "region"}),
        (Incident.objects.filter(pk=shown.pk), {"withdrawn_at": now}),
    ):
        before = number()
        rows.update(**change)
        assert revision.changed_since(before, number()) == {shown.pk}, change
