"""Every cell of the state table, lived through by real incidents."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import User

from incidents.models import Incident, Review
from incidents.services.incident import declare, post_update, recover
from incidents.services.inputs import Changes, Declaration, Override, Statement
from incidents.services.retraction import retract
from incidents.services.reviews.review import Draft, Section, publish_review
from incidents.services.visibility import decided_of, standing_of, withdraw
from incidents.state_table import (
    TABLE,
    Decided,
    ReviewFor,
    Standing,
    ToldDirectly,
    WorldSees,
    as_markdown,
)
from notifications.delivery import plan
from tests.conftest import declaration, hit
from tests.notifications.cast import tenant, told

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]

S, D = Standing, Decided
WEST = ("key-vault", "west-europe")


def broad(**more: object) -> Declaration:
    cells = [hit("storage", "west-europe", extent="zone"), hit("key-vault", "west-europe")]
    return declaration(*cells, **more)


def unknown() -> Declaration:
    """Scenario 3."""
    cells = [hit("key-vault", "west-europe"), hit("key-vault", "north-europe")]
    return declaration(*cells, level="warning", audience="unknown")


def advisory() -> Declaration:
    """Public because it is wide; ceases to be wide when one service recovers."""
    return broad(kind="health-advisory")


# How an incident comes to stand there, by the column that is to follow: not every road leads on.
START: dict[tuple[Standing, Decided], Callable[[], Declaration]] = {
    (S.WAITING, D.KEPT): unknown,
    (S.WAITING, D.FOR_NOW): unknown,
    (S.WAITING, D.POSTED): advisory,
    (S.PUBLIC, D.KEPT): advisory,
    (S.PUBLIC, D.FOR_NOW): unknown,
    (S.PUBLIC, D.POSTED): advisory,
    (S.PUBLIC, D.BROAD): broad,
    (S.WITHDRAWN, D.POSTED): advisory,
}
# The same cells from another beginning: what was public because nobody knew whom it hits, and was withdrawn.
UNKNOWN_WITHDRAWN = [
    pytest.param(S.WITHDRAWN, column, unknown, id=f"withdrawn-{column}-from an unknown audience")
    for column in (D.KEPT, D.BROAD, D.FOR_NOW, D.RETRACTED)
]


def start_of(where: Standing, column: Decided) -> Callable[[], Declaration]:
    return START.get((where, column), declaration if where is S.TARGETED else broad)


def standing(
    where: Standing, start: Callable[[], Declaration], now: datetime, operator: User
) -> Incident:
    machine = where is S.WAITING
    incident = declare(declaration=start(), now=now, actor=None if machine else operator)
    if where is S.WITHDRAWN:
        # As the report of `notifications` does it: no person, so no override remains.
        withdraw(incident_id=incident.pk, reason="It leaves.", now=now)
    incident.refresh_from_db()
    return incident


def decide_it(incident: Incident, column: Decided, now: datetime, operator: User) -> None:
    """The step of a life after which the decision is of this column."""
    wide = [hit("storage", "west-europe", extent="zone"), hit("key-vault", "west-europe")]
    said = Statement(targeted_text="News.")
    match column:
        case D.RETRACTED:
            retract(incident_id=incident.pk, reason="No impact.", now=now, actor=operator)
        case D.KEPT if incident.audience == "unknown":
            changes = Changes(audience="estimated")
            post_update(
                incident_id=incident.pk, changes=changes, statement=said, now=now, actor=operator
            )
        case D.KEPT if incident.occurrences.get().impacts.count() > 1:
            storage = wide[0]
            recover(
                incident_id=incident.pk,
                regions=[storage.region],
                services=[storage.service],
                at=now,
                now=now,
                actor=operator,
            )
        case D.KEPT:
            post_update(incident_id=incident.pk, statement=said, now=now, actor=operator)
        case D.BROAD:
            changes = Changes(hits=wide, level="error")
            post_update(incident_id=incident.pk, changes=changes, now=now, actor=operator)
        case D.FOR_NOW:
            # With an unknown audience scenario 3 holds already.
            changes = Changes(
                targeted_channel_available=None if incident.audience == "unknown" else False
            )
            if incident.audience != "unknown":
                recover_all_but_one(incident, now, operator)
            post_update(
                incident_id=incident.pk,
                changes=changes,
                statement=said,
                now=now,
                actor=operator,
            )
        case D.POSTED:
            override = (
                Override(public=True, reason="So.") if incident.published_at is None else None
            )
            post_update(
                incident_id=incident.pk,
                statement=said,
                now=now,
                actor=operator,
                override=override,
            )


def recover_all_but_one(incident: Incident, now: datetime, operator: User) -> None:
    """What is broad by its facts must shrink before another scenario can speak."""
    if incident.occurrences.get().impacts.count() > 1:
        storage = hit("storage", "west-europe")
        recover(
            incident_id=incident.pk,
            regions=[storage.region],
            services=[storage.service],
            at=now,
            now=now,
            actor=operator,
        )


@pytest.mark.parametrize(
    ("where", "column", "start"),
    [
        *(pytest.param(*cell, start_of(*cell), id=f"{cell[0]}-{cell[1]}") for cell in TABLE),
        *UNKNOWN_WITHDRAWN,
    ],
)
def test_a_cell_says_what_happens(
    where: Standing,
    column: Decided,
    start: Callable[[], Declaration],
    now: datetime,
    operator: User,
) -> None:
    cell = TABLE[where, column]
    tenant("here", WEST)
    incident = standing(where, start, now, operator)
    assert standing_of(incident) is where
    first = incident.communications.get()
    plan.plan(communication_id=first.pk, now=now)
    heard_first = bool(told(first))

    later = now + timedelta(minutes=5)
    decide_it(incident, column, later, operator)

    incident.refresh_from_db()
    assert decided_of(incident.decisions.latest("id")) is column
    assert_shown(incident, cell.shown)
    last = incident.communications.latest("number")
    plan.plan(communication_id=last.pk, now=later)
    once_known = cell.told is ToldDirectly.ONCE_KNOWN
    awaited = once_known and incident.scenario == 3 and incident.audience == "unknown"
    heard = heard_first if cell.told is ToldDirectly.THOSE_TOLD else not awaited
    assert bool(told(last)) is heard
    assert_review(incident, cell.review, later, operator)


def assert_shown(incident: Incident, shown: WorldSees) -> None:
    is_public = Incident.objects.public().filter(pk=incident.pk).exists()
    is_gone = Incident.objects.gone().filter(pk=incident.pk).exists()
    retracted = incident.communications.public().filter(kind="retraction").exists()
    expected = {
        WorldSees.NOTHING: (False, False),
        WorldSees.GONE: (False, True),
        WorldSees.GONE_ALARM: (False, True),
    }
    assert (is_public, is_gone) == expected.get(shown, (True, False))
    assert bool(incident.alarm) is (shown is WorldSees.GONE_ALARM)
    assert incident.public_due_at is None
    assert retracted is (shown is WorldSees.RETRACTION)
    if shown is WorldSees.UNTIL_REVIEW:
        assert incident.withdraw_after_review
        assert incident.note


def assert_review(incident: Incident, review: ReviewFor, now: datetime, operator: User) -> None:
    promised = incident.decisions.latest("id").review
    if review is ReviewFor.NOBODY:
        assert promised == "none"
        return
    post_update(incident_id=incident.pk, stage="resolved", now=now, actor=operator)
    draft = Draft(kind="final", sections=[Section("what", "What happened?", "A quorum was lost.")])
    publish_review(incident_id=incident.pk, draft=draft, now=now, actor=operator)
    for_public = Review.objects.get().for_public
    assert for_public is (review is ReviewFor.EVERYBODY)
    if review is ReviewFor.AFFECTED and incident.withdrawn_at is None:
        assert promised == "targeted"


def test_the_printed_table_is_the_one_that_is_followed() -> None:
    printed = Path("ARCHITECTURE.md").read_text()
    start, end = printed.index("<!-- state table -->"), printed.index("<!-- end of state table -->")
    assert printed[start:end].split("\n", 1)[1].strip() == as_markdown()


def test_no_cell_is_missing() -> None:
    assert set(TABLE) == {(where, column) for where in Standing for column in Decided}
