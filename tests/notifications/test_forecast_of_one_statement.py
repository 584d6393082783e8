"""What a forecast says of one statement: by list, held back, in quiet hours, or waiting for its audience."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from pytest_django.fixtures import Settings

from incidents.models import Communication, Incident
from incidents.services.incident import declare, post_update
from incidents.services.inputs import Statement
from incidents.services.retraction import retract
from incidents.services.reviews.review import Draft, Section, publish_review
from notifications.audience import daily_summary, selection
from notifications.audience.forecast import Forecast, forecast, hearers, ways
from notifications.audience.selection import WIDE
from notifications.delivery import plan
from notifications.models import Delivery, Endpoint, Tenant
from tests.conftest import declaration, hit
from tests.notifications.cast import (
    confirm_audience,
    endpoint,
    last,
    reader,
    rule,
    subscription,
    tenant,
)

pytestmark = pytest.mark.usefixtures("catalogue")

WEST, EAST = ("key-vault", "west-europe"), ("key-vault", "east-us")
REVIEW = Draft(kind="final", sections=[Section("impact", "What happened?", "A fault.")])


def declared(operator: User, now: datetime, **more: object) -> Incident:
    return declare(declaration=declaration(**more), now=now, actor=operator)


def updated(
    incident: Incident, operator: User, now: datetime, text: str = "News."
) -> Communication:
    post_update(
        incident_id=incident.pk, statement=Statement(targeted_text=text), now=now, actor=operator
    )
    return last(incident)


def told(incident: Incident, now: datetime) -> None:
    """Everything said so far was planned, and has just been sent."""
    for each in incident.communications.order_by("number"):
        plan.plan(communication_id=each.pk, now=now)
    Delivery.objects.filter(state="pending").update(state="sent", sent_at=datetime.now(UTC))


def receivers(statement: Communication) -> dict[str, int]:
    """By way, which is asked apart from the counts."""
    return {f"{way.audience} {way.channel}": way.receivers for way in ways(statement)}


def test_with_a_list_it_counts_the_list_and_not_the_footprint(
    operator: User, now: datetime
) -> None:
    here = tenant("here", WEST)
    subscription(here, "here-2", WEST)
    tenant("left-out", WEST)
    tenant("added", EAST)
    incident = declared(operator, now)
    confirm_audience(incident, "here-1", "here-2", "added-1")
    statement = last(incident)
    said = forecast(statement)
    assert (said.tenants, said.subscriptions, said.targeted) == (2, 3, {"mail": 2})
    assert receivers(statement) == {"targeted mail": 2}
    assert hearers(statement) == 2


def test_a_listed_tenant_without_a_living_address_is_silent(operator: User, now: datetime) -> None:
    tenant("mute", EAST, contact=False)
    tenant("left-out", WEST, contact=False)
    incident = declared(operator, now)
    confirm_audience(incident, "mute-1")
    said = forecast(last(incident))
    assert [each.tenant.ref for each in said.silent] == ["mute"]


def test_the_same_hear_of_very_many_cells_as_of_few(operator: User, now: datetime) -> None:
    tenant("here", WEST)
    tenant("mute", WEST, contact=False)
    few = last(declared(operator, now))
    many = [*few.cell_ids, *((10**6 + number, 1) for number in range(WIDE))]
    few.__dict__["cell_ids"] = many[: WIDE - 1]
    narrow = forecast(few)
    few.__dict__["cell_ids"] = many
    assert forecast(few) == narrow
    assert narrow.targeted == {"mail": 1}


def test_the_first_notice_an_end_and_a_retraction_are_not_held_and_an_update_is(
    operator: User, now: datetime, settings: Settings
) -> None:
    settings.HOURLY_LIMIT, settings.UPDATE_INTERVAL = 1, 0
    tenant("here", WEST)
    told(declared(operator, now), now)
    other = declared(operator, now)
    assert forecast(last(other)).later == 0, "a first notice"
    update = updated(other, operator, now)
    assert forecast(update).later == 1
    settings.HOURLY_LIMIT = 0
    assert forecast(update).later == 0
    settings.UPDATE_INTERVAL = 60
    told(other, now)
    assert forecast(updated(other, operator, now)).later == 1, "too soon after the last"
    settings.HOURLY_LIMIT = 1
    retract(incident_id=other.pk, reason="A probe.", now=now, actor=operator)
    assert forecast(last(other)).later == 0


def test_a_review_waits_where_the_end_did_not(
    operator: User, now: datetime, settings: Settings
) -> None:
    settings.HOURLY_LIMIT, settings.UPDATE_INTERVAL = 1, 0
    tenant("here", WEST)
    incident = declared(operator, now)
    told(incident, now)
    post_update(incident_id=incident.pk, stage="mitigated", now=now, actor=operator)
    assert forecast(last(incident)).later == 0
    publish_review(incident_id=incident.pk, draft=REVIEW, now=now, actor=operator)
    assert (last(incident).kind, last(incident).stage) == ("review", "mitigated")
    assert forecast(last(incident)).later == 1


def test_what_comes_in_quiet_hours_is_later(operator: User, now: datetime) -> None:
    at = datetime.now(UTC)
    begin, end = (
        (at + timedelta(hours=hours)).time().replace(minute=0, second=0, microsecond=0)
        for hours in (-2, 2)
    )
    owner = tenant("here", WEST)
    endpoint("ops@example.com", tenant=owner, time_zone="UTC")
    rule(owner, "ops@example.com", quiet_from=begin, quiet_until=end)
    said = forecast(last(declared(operator, now, level="warning")))
    assert (said.targeted, said.later) == ({"mail": 1}, 1)


def test_whom_an_estimate_had_told_wrongly_hears_of_nothing_but_the_retraction(
    operator: User, now: datetime
) -> None:
    tenant("here", WEST)
    tenant("left-out", WEST)
    incident = declared(operator, now)
    told(incident, now)
    confirm_audience(incident, "here-1")
    updated(incident, operator, now)
    told(incident, now)
    wrong = Delivery.objects.get(endpoint__address="left-out@example.com", communication__number=2)
    assert wrong.relevance == "not-impacted"
    incident.refresh_from_db()
    assert forecast(updated(incident, operator, now, "More.")).targeted == {"mail": 1}
    retract(incident_id=incident.pk, reason="A probe.", now=now, actor=operator)
    assert forecast(last(incident)).targeted == {"mail": 2}


def test_of_a_public_statement_that_is_planned_already_nobody_more_hears(
    operator: User, now: datetime
) -> None:
    reader("reader@example.com")
    incident = declared(
        operator, now, hits=[hit(*WEST, extent="zone"), hit("storage", "west-europe")]
    )
    assert (forecast(last(incident)).is_public, forecast(last(incident)).public) == (
        True,
        {"mail": 1},
    )
    told(incident, now)
    assert forecast(last(incident)).public == {}


def test_until_it_is_known_who_is_affected_targeted_words_wait(
    operator: User, now: datetime
) -> None:
    tenant("here", WEST)
    regions = [hit(*WEST), hit("key-vault", "north-europe")]
    incident = declared(operator, now, hits=regions, level="warning", audience="unknown")
    said = forecast(last(incident))
    assert (said.waits, said.targeted) == (True, {})
    post_update(
        incident_id=incident.pk, statement=Statement(public_text="News."), now=now, actor=operator
    )
    posted = last(incident)
    posted.targeted_text = ""
    assert forecast(posted).waits is False, "nothing of it is for anybody in particular"
    assert forecast(last(declared(operator, now))).waits is False

    post_update(
        incident_id=incident.pk,
        stage="mitigated",
        statement=Statement(public_text="Over."),
        now=now,
        actor=operator,
    )
    publish_review(incident_id=incident.pk, draft=REVIEW, now=now, actor=operator)
    review = last(incident)
    assert review.kind == "review"
    assert replace(forecast(review), is_public=False) == Forecast(waits=True)
    assert (ways(review), hearers(review)) == ([], 0)


def test_readers_are_added_so_many_at_a_time(operator: User, now: datetime) -> None:
    for name in "abc":
        reader(f"{name}@example.com")
    incident = declared(
        operator, now, hits=[hit(*WEST, extent="zone"), hit("storage", "west-europe")]
    )
    said = last(incident)
    step = selection.add_readers(said, said.cell_ids, after=0, most=2)
    assert (step.seen, step.added, step.more) == (2, 2, True)
    assert step.last is not None
    step = selection.add_readers(said, said.cell_ids, after=step.last, most=2)
    assert (step.seen, step.added, step.more) == (1, 1, False)


def test_the_first_of_all_tenants_and_addresses_hears_like_any_other(
    operator: User, now: datetime
) -> None:
    first = Endpoint.objects.filter(pk=1).first() or endpoint("first@example.com", id=1)
    if not Tenant.objects.filter(pk=1).exists():
        Tenant.objects.create(pk=1, ref="first", name="First")
    owner = Tenant.objects.get(pk=1)
    Tenant.objects.filter(pk=1).update(contact=first)
    subscription(owner, "first-1", WEST)
    assert forecast(last(declared(operator, now))).targeted == {"mail": 1}


def test_a_daily_summary_is_due_on_the_full_hour(now: datetime) -> None:
    reader("reader@example.com")
    Endpoint.objects.update(post_cadence="daily", time_zone="UTC")
    at = now.replace(hour=6, minute=7, second=8, microsecond=9)
    due = at.replace(hour=daily_summary.SUMMARY_HOUR, minute=0, second=0, microsecond=0)
    assert daily_summary.due_by_zone(now=at) == {"UTC": due}
    assert daily_summary.due_by_zone(now=due) == {"UTC": due + timedelta(days=1)}
