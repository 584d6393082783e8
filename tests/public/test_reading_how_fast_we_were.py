"""Lead times come from what is stored: moments alone, of public incidents alone, and reviews that are owed."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command

from incidents.models import Communication, Incident
from incidents.services.corrections import correct_times
from incidents.services.decisions.operator_decisions import set_audience
from incidents.services.incident import declare, post_update
from incidents.services.inputs import Declaration, Override, Statement
from incidents.services.reviews.review import Draft, Section, publish_review
from incidents.vocabulary import Scenario
from statuspage.public.snapshot.reader import Reader, read_snapshot
from statuspage.public.snapshot.values import IncidentView, ResponseView
from tests.conftest import NOW, declaration, hit

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("catalogue")]

SHIPPED = Path(__file__).parents[2] / "incidents" / "data"
BROAD = ("key-vault", "west-europe"), ("storage", "west-europe")


EVERYBODY = Override(public=True, reason="for the test")


def nobody_knows_whom() -> Declaration:
    regions = ("west-europe", "north-europe")
    two = (hit("key-vault", region) for region in regions)
    return declaration(*two, level="warning", audience="unknown")


def view(minutes: int = 120) -> IncidentView:
    (one,) = read_snapshot(now=NOW + timedelta(minutes=minutes)).incidents
    return one


def test_the_first_targeted_message_of_a_public_incident_is_a_moment_without_a_word(
    operator: User,
) -> None:
    incident = declare(
        declaration=declaration(statement=Statement(targeted_text="A canary sings.")),
        now=NOW, actor=operator,
    )  # fmt: skip
    assert read_snapshot(now=NOW).incidents == ()
    assert Communication.objects.first_targeted() == {}
    later = NOW + timedelta(minutes=20)
    post_update(
        incident_id=incident.pk, statement=Statement(public_text="It is public now."), now=later,
        actor=operator, override=EVERYBODY,
    )  # fmt: skip
    shown = view()
    assert shown.response == ResponseView(NOW, False, NOW, later)
    assert "canary" not in str(shown)


def test_a_first_message_after_the_public_post_is_there_at_once_and_not_before_it_was_sent(
    operator: User,
) -> None:
    incident = declare(declaration=nobody_knows_whom(), now=NOW, actor=operator)
    assert incident.scenario == Scenario.AUDIENCE_UNKNOWN
    reader = Reader()
    (waiting,) = reader.read(now=NOW).incidents
    assert waiting.response == ResponseView(NOW, False, None, NOW)
    later = NOW + timedelta(minutes=20)
    set_audience(incident_id=incident.pk, audience="estimated", now=later, actor=operator)
    (told,) = reader.read(now=later).incidents
    assert told.response == ResponseView(NOW, False, later, NOW)


def test_as_long_as_nobody_knows_whom_it_hits_nobody_was_told_directly(operator: User) -> None:
    incident = declare(declaration=nobody_knows_whom(), now=NOW, actor=operator, override=EVERYBODY)
    assert incident.scenario == Scenario.AUDIENCE_UNKNOWN
    correct_times(
        incident_id=incident.pk, reason="From the logs.", started_at=NOW - timedelta(hours=2),
        now=NOW + timedelta(minutes=5), actor=operator,
    )  # fmt: skip
    assert Communication.objects.first_targeted() == {}


def test_what_a_person_kept_targeted_was_told_directly(operator: User) -> None:
    kept = Override(public=False, reason="for the test")
    incident = declare(declaration=nobody_knows_whom(), now=NOW, actor=operator, override=kept)
    post_update(
        incident_id=incident.pk, statement=Statement(public_text="For everybody."),
        now=NOW + timedelta(minutes=20), actor=operator, override=EVERYBODY,
    )  # fmt: skip
    assert Communication.objects.first_targeted() == {incident.pk: NOW}


@pytest.mark.parametrize(
    ("scenario", "audience", "public", "override", "told"),
    [
        (3, "unknown", True, None, False),
        (3, "unknown", False, True, False),
        (3, "unknown", True, False, True),
        (3, "unknown", False, None, True),
        (3, "estimated", True, None, True),
        (1, "unknown", True, None, True),
    ],
)
def test_who_was_told_directly_follows_from_what_was_decided(
    operator: User, scenario: int, audience: str, public: bool, override: bool | None, told: bool
) -> None:
    hits = [hit(*cell, extent="zone") for cell in BROAD]
    incident = declare(declaration=declaration(*hits), now=NOW, actor=operator)
    decided = incident.decisions.get()
    decided.pk, decided._state.adding = None, True
    decided.scenario, decided.facts = scenario, {**decided.facts, "audience": audience}
    decided.public, decided.override_public, decided.reason = public, override, "for the test"
    decided.save()
    earlier = NOW - timedelta(minutes=5)
    statement(incident, 7, earlier, decision=decided)
    first = Communication.objects.first_targeted()[incident.pk]
    assert (first == earlier) is told


def test_words_for_the_world_alone_told_the_affected_nothing(operator: User) -> None:
    hits = [hit(*cell, extent="zone") for cell in BROAD]
    incident = declare(declaration=declaration(*hits), now=NOW, actor=operator)
    earlier = NOW - timedelta(minutes=5)
    statement(incident, 7, earlier, decision=incident.decisions.get(), targeted_text="")
    assert Communication.objects.first_targeted() == {incident.pk: NOW}


def statement(incident: Incident, number: int, at: datetime, **more: object) -> Communication:
    return Communication.objects.create(
        incident=incident, number=number, stage="investigating", at=at,
        **{"targeted_text": "For you.", **more},
    )  # fmt: skip


def test_of_what_is_broad_those_who_may_be_hit_are_told_at_once(operator: User) -> None:
    hits = [hit(*cell, extent="zone") for cell in BROAD]
    incident = declare(declaration=declaration(*hits, audience="unknown"), now=NOW, actor=operator)
    assert incident.scenario == Scenario.BROAD
    assert Communication.objects.first_targeted() == {incident.pk: NOW}


def test_reviews_are_owed_to_the_public_until_they_are_there(operator: User) -> None:
    hits = [hit(*cell, extent="zone") for cell in BROAD]
    incident = declare(declaration=declaration(*hits), now=NOW, actor=operator)
    assert view().reviews_due == ()
    over = NOW + timedelta(hours=1)
    post_update(incident_id=incident.pk, stage="mitigated", now=over, actor=operator)
    final = ("final", over + timedelta(days=14))
    assert view().reviews_due == (("preliminary", over + timedelta(hours=72)), final)
    for number, (kind, owed) in enumerate((("preliminary", (final,)), ("final", ())), start=1):
        draft = Draft(kind=kind, sections=[Section("impact", "What happened?", f"Text {number}.")])
        at = over + timedelta(hours=number)
        publish_review(incident_id=incident.pk, draft=draft, now=at, actor=operator)
        assert view(600).reviews_due == owed
    review = view(600).review
    assert review
    assert [one.version for one in review.earlier] == [1]
    assert review.earlier[0].sections[0].html.strip() == "<p>Text 1.</p>"


def test_of_what_was_read_from_a_text_its_own_time_line_tells(now: datetime) -> None:
    call_command("load_catalogue", SHIPPED / "catalogue.yaml", stdout=io.StringIO())
    call_command("import_history", SHIPPED / "history-2024.txt", stdout=io.StringIO())
    january = next(one for one in read_snapshot(now=now).incidents if one.month == "2024-01")
    assert january.response == ResponseView(
        datetime(2024, 1, 21, 1, 59, tzinfo=UTC),
        True,
        datetime(2024, 1, 21, 2, 23, tzinfo=UTC),
        datetime(2024, 1, 21, 3, 57, tzinfo=UTC),
    )
