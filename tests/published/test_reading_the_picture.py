from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from incidents.models import Incident
from incidents.services.entries import Override, Statement
from incidents.services.incident import declare, post_update, recover
from incidents.services.publicity import withdraw
from statuspage.published.picture import Picture
from statuspage.published.reader import read_picture
from tests.conftest import declaration, hit

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("catalogue")]

EVERYBODY = Override(public=True, reason="for the test")


def test_the_catalogue_becomes_tabs_categories_and_cells(now: datetime) -> None:
    picture = read_picture(now=now)

    assert [g.name for g in picture.geographies] == ["Americas", "Europe"]
    assert picture.non_regional is not None
    assert picture.non_regional.slug == "global"
    assert [c.name for c in picture.categories] == ["Management", "Storage", "Analytics"]
    assert ("databricks", "west-europe") in picture.offered
    assert ("databricks", "east-us") not in picture.offered
    assert picture.cells == {}


def test_an_open_public_impact_colours_its_cell_and_a_recovery_clears_it(
    now: datetime, operator: User
) -> None:
    incident = declare(declaration=declaration(), now=now, actor=operator, override=EVERYBODY)
    cell = read_picture(now=now).cells["key-vault", "west-europe"]
    assert (cell.state, cell.incidents) == ("critical", (incident.tracking_id,))

    region = hit("key-vault", "west-europe").region
    later = now + timedelta(minutes=5)
    recover(incident_id=incident.pk, regions=[region], at=later, now=later, actor=operator)
    assert read_picture(now=later).cells == {}


def test_the_graver_of_two_incidents_in_a_cell_is_shown_with_both_linked(
    now: datetime, operator: User
) -> None:
    for level in ("warning", "error"):
        declare(declaration=declaration(level=level), now=now, actor=operator, override=EVERYBODY)
    cell = read_picture(now=now).cells["key-vault", "west-europe"]
    assert cell.state == "critical"
    assert len(cell.incidents) == 2


def test_a_targeted_incident_is_nowhere_in_the_picture(now: datetime, operator: User) -> None:
    before = read_picture(now=now)
    declare(
        declaration=declaration(
            public_title="Canary title",
            internal_title="Canary internal",
            statement=Statement(public_text="canary public", targeted_text="canary targeted"),
        ),
        now=now,
        actor=operator,
    )
    assert read_picture(now=now) == before


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
    (view,) = read_picture(now=now).incidents
    assert [c.text for c in view.communications] == ["words for all"]


def test_a_withdrawn_entry_leaves_only_its_sentence(now: datetime, operator: User) -> None:
    incident = declare(declaration=declaration(), now=now, actor=operator, override=EVERYBODY)
    withdraw(incident_id=incident.pk, reason="The review was delivered.", now=now)

    picture = read_picture(now=now)

    assert picture.incidents == ()
    assert picture.cells == {}
    assert [(g.tracking_id, g.sentence) for g in picture.gone] == [
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

    picture = read_picture(now=now)

    assert [i.tracking_id for i in picture.incidents] == [survivor.tracking_id]
    assert picture.redirects == {public.tracking_id: survivor.tracking_id}


def test_the_number_of_queries_does_not_grow_with_the_history(
    now: datetime, operator: User
) -> None:
    def queries() -> tuple[int, Picture]:
        with CaptureQueriesContext(connection) as captured:
            picture = read_picture(now=now)
        return len(captured), picture

    declare(declaration=declaration(), now=now, actor=operator, override=EVERYBODY)
    few, _ = queries()
    for _ in range(4):
        declare(declaration=declaration(), now=now, actor=operator, override=EVERYBODY)
    many, picture = queries()

    assert len(picture.incidents) == 5
    assert many == few
