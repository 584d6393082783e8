"""Planned maintenance as a month."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from incidents.models import Incident
from notifications.audience.tenants.tenant_events import EventBasis, TenantEvent
from notifications.models import Tenant
from statuspage.portal.month import month_of
from tests.portal.people import signed_in
from tests.portal.test_events import HOME, declared, text

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
MOMENTS = st.integers(0, 100 * 24 * 60).map(lambda each: NOW + timedelta(minutes=each - 72_000))


def event(begin: datetime, end: datetime | None) -> TenantEvent:
    incident = Incident(
        kind="planned-maintenance", stage="planned", scheduled_for=begin, scheduled_until=end
    )
    return TenantEvent(incident, EventBasis.FOOTPRINT, public=False)


@hypothesis_settings(max_examples=50)
@given(MOMENTS, st.integers(0, 20 * 24 * 60), st.integers(1, 12))
def test_an_event_stands_on_every_day_that_its_window_touches(
    begin: datetime, minutes: int, month: int
) -> None:
    end = begin + timedelta(minutes=minutes)
    found = month_of([event(begin, end)], f"2026-{month:02}", now=NOW)
    days = [day for week in found.weeks for day in week]
    assert {len(week) for week in found.weeks} == {7}
    assert next(day.date for day in days if not day.other) == date(2026, month, 1)
    for day in days:
        midnight = datetime(day.date.year, day.date.month, day.date.day, tzinfo=UTC)
        touches = begin < midnight + timedelta(days=1) and (end > midnight or begin >= midnight)
        assert bool(day.events) == touches, day.date


@pytest.mark.parametrize("asked", ["", "x", "2026-13", "9999-99", "2026-11" * 40, "1066-10"])
def test_what_is_no_month_is_this_one_or_the_nearest(asked: str) -> None:
    found = month_of([], asked, now=NOW)
    assert found.empty
    assert found.first in (date(2026, 11, 1), date(2000, 1, 1))


@pytest.mark.django_db
def test_the_month_of_a_maintenance_names_it_and_leads_there(
    nordwind: Tenant, operator: User
) -> None:
    incident = declared(
        operator,
        kind="planned-maintenance",
        stage="planned",
        scheduled_for=NOW + timedelta(days=900),
        scheduled_until=NOW + timedelta(days=900, hours=2),
    )
    anna = signed_in("anna@nordwind.example.com")
    month = f"{NOW + timedelta(days=900):%Y-%m}"
    page = anna.get(f"{HOME}planned/?month={month}").content.decode()
    assert page.count(f"events/{incident.tracking_id}/") >= 2  # in the grid and in the list
    assert 'rel="next"' in page
    assert "No maintenance is planned where you run in" in text(
        anna, f"{HOME}planned/?month=2001-01"
    )
