"""Publishers learn which incident a number of the public snapshot was about."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.contrib.auth.models import User

from incidents.models import Revision, SnapshotChange
from incidents.services import revision
from incidents.services.incident import declare, post_update
from incidents.services.inputs import Override, Statement
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


def test_a_change_without_a_subject_means_everything(now: datetime) -> None:
    before = revision.bump(now=now)
    assert revision.changed_since(before, revision.bump(now=now)) is None


def test_who_was_away_for_too_long_is_told_that_nobody_knows(now: datetime) -> None:
    before = revision.bump(now=now)
    after = revision.bump(now=now)
    SnapshotChange.objects.filter(revision=after).delete()
    assert revision.changed_since(before, after) is None
