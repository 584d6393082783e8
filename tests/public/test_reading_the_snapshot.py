from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from incidents.models import Incident
from incidents.services.incident import declare, post_update, recover
from incidents.services.inputs import Override, Statement
from incidents.services.visibility import withdraw
from statuspage.public.snapshot.reader import read_snapshot
from statuspage.public.snapshot.values import Snapshot
from tests.conftest import declaration, hit

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("catalogue")]

EVERYBODY = Override(public=True, reason="for the test")


def test_the_catalogue_becomes_tabs_categories_and_cells(now: datetime) -> None:
    snapshot = read_snapshot(now=now)

    assert [g.name for g in snapshot.geographies] == ["Americas", "Europe"]
    assert snapshot.non_regional is not None
    assert snapshot.non_regional.slug == "global"
    assert [c.name for c in snapshot.categories] == ["Management", "Storage", "Analytics"]
    assert ("databricks", "west-europe") in snapshot.offered
    assert ("databricks", "east-us") not in snapshot.offered
    assert snapshot.cells == {}


def test_an_open_public_impact_colours_its_cell_and_a_recovery_clears_it(
    now: datetime, operator: User
) -> None:
    incident = declare(declaration=declaration(), now=now, actor=operator, override=EVERYBODY)
    cell = read_snapshot(now=now).cells["key-vault", "west-europe"]
    assert (cell.state, cell.incidents) == ("critical", (incident.tracking_id,))

    region = hit("key-vault", "west-europe").region
    later = now + timedelta(minutes=5)
    recover(incident_id=incident.pk, regions=[region], at=later, now=later, actor=operator)
    assert read_snapshot(now=later).cells == {}


def test_the_graver_of_two_incidents_in_a_cell_is_shown_with_both_linked(
    now: datetime, operator: User
) -> None:
    for level in ("warning", "error"):
        declare(declaration=declaration(level=level), now=now, actor=operator, override=EVERYBODY)
    cell = read_snapshot(now=now).cells["key-vault", "west-europe"]
    assert cell.state == "critical"
    assert len(cell.incidents) == 2


def test_a_targeted_incident_is_nowhere_in_the_snapshot(now: datetime, operator: User) -> None:
    before = read_snapshot(now=now)
    declare(
        declaration=declaration(
            public_title="Canary title",
            internal_title="Canary internal",
            statement=Statement(public_text="canary public", targeted_text="canary targeted"),
        ),
        now=now,
        actor=operator,
    )
    assert read_snapshot(now=now) == before


def test_a_statement_made_while_targeted_stays_unposted_when_the_incident_goes_public(
    now: datetime, operator: User
) -> None:
    incident = declare(
        declaration=declaration(statement=Statement(public_text="draft words")),
        now=now,
        actor=operator,
    )
    post_update(
        incident_id=incident.pk,
        stage="identified",
        statement=Statement(public_text="words for all"),
        now=now + timedelta(minutes=1),
        actor=operator,
        override=EVERYBODY,
    )
    (view,) = read_snapshot(now=now).incidents
    assert [c.text for c in view.communications] == ["words for all"]


def test_a_withdrawn_entry_leaves_only_its_sentence(now: datetime, operator: User) -> None:
    incident = declare(declaration=declaration(), now=now, actor=operator, override=EVERYBODY)
    withdraw(incident_id=incident.pk, reason="The review was delivered.", now=now)

    snapshot = read_snapshot(now=now)

    assert snapshot.incidents == ()
    assert snapshot.cells == {}
    assert [(g.tracking_id, g.sentence) for g in snapshot.gone] == [
        (incident.tracking_id, "The review was delivered.")
    ]


def test_a_merged_entry_leads_to_the_surviving_one_only_if_it_was_public_itself(
    now: datetime, operator: User
) -> None:
    survivor, public, targeted = (
        declare(declaration=declaration(), now=now, actor=operator, override=override)
        for override in (EVERYBODY, EVERYBODY, None)
    )
    Incident.objects.filter(pk__in=[public.pk, targeted.pk]).update(merged_into=survivor)

    snapshot = read_snapshot(now=now)

    assert [i.tracking_id for i in snapshot.incidents] == [survivor.tracking_id]
    assert snapshot.redirects == {public.tracking_id: survivor.tracking_id}


def test_the_number_of_queries_does_not_grow_with_the_history(
    now: datetime, operator: User
) -> None:
    def queries() -> tuple[int, Snapshot]:
        with CaptureQueriesContext(connection) as captured:
            snapshot = read_snapshot(now=now)
        return len(captured), snapshot

    declare(declaration=declaration(), now=now, actor=operator, override=EVERYBODY)
    few, _ = queries()
    for _ in range(4):
        declare(declaration=declaration(), now=now, actor=operator, override=EVERYBODY)
    many, snapshot = queries()

    assert len(snapshot.incidents) == 5
    assert many == few
