"""An audience is told in slices: each says how far it came, whom it saw, and whether there is more."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.contrib.auth.models import User

from incidents.models import Communication, Incident
from incidents.services.incident import declare, post_update
from incidents.services.inputs import Statement
from notifications.audience import selection
from notifications.audience.quiet import quiet_now
from notifications.audience.selection import Slice
from notifications.delivery import plan
from notifications.models import Tenant
from tests.conftest import declaration
from tests.notifications.cast import confirm_audience, last, tenant, told

pytestmark = pytest.mark.usefixtures("catalogue")

WEST, EAST = ("key-vault", "west-europe"), ("key-vault", "east-us")


@pytest.fixture
def incident(operator: User, now: datetime) -> Incident:
    return declare(declaration=declaration(), now=now, actor=operator)


def matching(said: Communication, now: datetime, *, after: int, window: int) -> Slice:
    return selection.add_matching(
        said,
        said.cell_ids,
        by_list=selection.has_list(said),
        quiet=quiet_now(said, now=now),
        after=after,
        window=window,
    )


def told_before(said: Communication, now: datetime, *, after: int, most: int) -> Slice:
    return selection.add_told_before(
        said, by_list=False, quiet=quiet_now(said, now=now), after=after, most=most
    )


def test_a_window_of_tenants_is_as_wide_as_was_asked(incident: Incident, now: datetime) -> None:
    ids = [tenant(f"t{number}", WEST).pk for number in range(5)]
    assert ids == list(range(ids[0], ids[0] + 5))
    said = last(incident)
    first = matching(said, now, after=0, window=2)
    assert first == Slice(ids[1], 2, 2, more=True)
    assert set(told(said)) == {"t0@example.com", "t1@example.com"}
    assert matching(said, now, after=ids[1], window=2) == Slice(ids[3], 2, 2, more=True)
    assert matching(said, now, after=ids[3], window=2) == Slice(ids[4], 1, 1, more=False)
    assert matching(said, now, after=ids[4], window=2) == Slice(None, 0, 0, more=False)


def test_a_window_that_ends_with_the_last_tenant_is_the_last(
    incident: Incident, now: datetime
) -> None:
    ids = [tenant(f"t{number}", WEST).pk for number in range(2)]
    assert matching(last(incident), now, after=0, window=2) == Slice(ids[1], 2, 2, more=False)


def test_who_was_told_before_comes_so_many_at_a_time(
    incident: Incident, operator: User, now: datetime
) -> None:
    owners = [tenant(f"t{number}", WEST) for number in range(3)]
    matching(last(incident), now, after=0, window=100)
    contacts = [each.contact_id for each in owners]
    Tenant.objects.filter(pk=owners[0].pk).update(contact=None)  # it matches no longer
    post_update(
        incident_id=incident.pk,
        statement=Statement(targeted_text="News."),
        now=now,
        actor=operator,
    )
    said = last(incident)
    assert told_before(said, now, after=0, most=2) == Slice(contacts[1], 2, 2, more=True)
    assert told_before(said, now, after=contacts[1] or 0, most=2) == Slice(
        contacts[2], 1, 1, more=False
    )


@pytest.mark.parametrize(
    ("window", "seen", "following"), [(8, 4, 32), (8, 5, 8), (8, 20, 8), (8, 21, 4), (1, 21, 1)]
)
def test_where_few_live_the_window_grows_and_where_many_live_it_shrinks(
    window: int, seen: int, following: int
) -> None:
    assert plan._next_window(window, seen, 10) == following


def test_a_confirmed_audience_without_a_list_is_that_of_the_footprint(
    incident: Incident, now: datetime
) -> None:
    tenant("here", WEST)
    tenant("there", EAST)
    incident.audience = "confirmed"
    incident.save()
    said = last(incident)
    assert not selection.has_list(said)
    assert matching(said, now, after=0, window=100).added == 1
    assert set(told(said)) == {"here@example.com"}


def test_a_list_counts_once_the_audience_is_confirmed(incident: Incident) -> None:
    tenant("there", EAST)
    confirm_audience(incident, "there-1")
    assert selection.has_list(last(incident))
    incident.audience = "estimated"
    incident.save()
    assert not selection.has_list(last(incident))
