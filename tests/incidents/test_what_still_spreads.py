"""A disruption that goes from region to region is broad by the recommended policy, once it has gone on."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import User

from incidents.models import Decision
from incidents.services.incident import declare, post_update
from incidents.services.inputs import Changes
from tests.conftest import declaration, hit

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]


def test_a_third_region_counts_from_half_an_hour_after_the_first(
    now: datetime, operator: User
) -> None:
    incident = declare(
        declaration=declaration(hit("storage", "west-europe"), level="warning", started_at=now),
        now=now,
        actor=operator,
    )
    steps = ((20, "east-us"), (40, "west-us"))
    for minutes, region in steps:
        later = now + timedelta(minutes=minutes)
        changes = Changes(hits=[hit("storage", region)])
        post_update(incident_id=incident.pk, changes=changes, now=later, actor=operator)
    made = list(Decision.objects.filter(incident=incident).order_by("id"))
    assert [each.facts["spreading_minutes"] for each in made] == [0, 20, 40]
    assert [each.public for each in made] == [False, False, True]
    assert "a region hit 30 minutes or more after the first" in str(made[-1].verdict["because"])
    assert "the latest region was hit 20 minutes after the first" in str(made[1].verdict["because"])


def test_when_impact_began_counts_and_not_when_it_was_entered(
    now: datetime, operator: User
) -> None:
    incident = declare(
        declaration=declaration(hit("storage", "west-europe"), level="warning", started_at=now),
        now=now,
        actor=operator,
    )
    changes = Changes(hits=[hit("storage", "east-us"), hit("storage", "west-us")], at=now)
    later = now + timedelta(minutes=50)
    post_update(incident_id=incident.pk, changes=changes, now=later, actor=operator)
    last = Decision.objects.filter(incident=incident).latest("id")
    assert (last.facts["spreading_minutes"], last.public) == (0, False)
