"""What may make an incident public later in its life, and what may not."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import User

from incidents.models import Communication, Impact, Incident, Review
from incidents.services import visibility
from incidents.services.automatic_text import opening as written_by_itself
from incidents.services.errors import EntryError
from incidents.services.incident import declare, post_update, recover
from incidents.services.inputs import Changes, Declaration, Hit, Override, Statement
from incidents.services.reviews.review import Draft, Section, publish_review
from incidents.services.visibility import is_public, publish_due, turned_public, withdraw
from tests.conftest import declaration, hit

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]

KEEP_TARGETED = Override(public=False, reason="We know whom it hits.")


def scenario_3(**more: object) -> Declaration:
    return declaration(
        hit("key-vault", "west-europe"),
        hit("key-vault", "north-europe"),
        **({"level": "warning", "audience": "unknown"} | more),
    )


def broad() -> list[Hit]:
    """Posted by itself, if nobody confirms it in time."""
    return [hit(service, "west-europe", extent="region") for service in ("storage", "key-vault")]


def test_a_post_that_was_overridden_made_nothing_public(now: datetime, operator: User) -> None:
    incident = declare(
        declaration=scenario_3(),
        now=now,
        actor=operator,
        override=KEEP_TARGETED,
    )
    post_update(
        incident_id=incident.pk,
        changes=Changes(audience="estimated"),
        statement=Statement(targeted_text="We know now."),
        now=now + timedelta(minutes=5),
        actor=operator,
    )
    assert not Incident.objects.public().exists()


def test_a_broad_incident_kept_targeted_is_not_published_by_its_recovery(
    now: datetime, operator: User
) -> None:
    regions = [hit("storage", "west-europe"), hit("key-vault", "north-europe")]
    incident = declare(
        declaration=declaration(*regions), now=now, actor=operator, override=KEEP_TARGETED
    )
    for minutes, each in enumerate(regions, start=5):
        at = now + timedelta(minutes=minutes)
        recover(incident_id=incident.pk, regions=[each.region], at=at, now=at, actor=operator)
    assert not Incident.objects.public().exists()


def test_a_waiting_post_lapses_when_the_audience_is_known_in_time(
    now: datetime, operator: User
) -> None:
    incident = declare(declaration=scenario_3(), now=now)
    post_update(
        incident_id=incident.pk,
        changes=Changes(audience="estimated"),
        statement=Statement(targeted_text="We know now."),
        now=now + timedelta(minutes=5),
        actor=operator,
    )
    assert publish_due(now=now + timedelta(hours=1)) == []
    assert not Incident.objects.public().exists()


def test_windows_that_never_overlapped_are_not_added_up(now: datetime, operator: User) -> None:
    incident = declare(declaration=declaration(), now=now, actor=operator)
    first = hit("key-vault", "west-europe").region
    at = now + timedelta(minutes=5)
    recover(incident_id=incident.pk, regions=[first], at=at, now=at, actor=operator)
    again = now + timedelta(minutes=10)
    second = hit("storage", "north-europe")
    post_update(incident_id=incident.pk, changes=Changes(hits=[second]), now=again, actor=operator)
    end = now + timedelta(minutes=20)
    recover(incident_id=incident.pk, regions=[second.region], at=end, now=end, actor=operator)
    assert not Incident.objects.public().exists()


def test_a_lowered_level_does_not_block_the_end(now: datetime, operator: User) -> None:
    incident = declare(
        declaration=declaration(hit("storage", "east-us"), hit("storage", "west-us")),
        now=now,
        actor=operator,
    )
    east, west = (impact.region for impact in Impact.objects.order_by("id"))
    for minutes, region, level in ((5, east, "warning"), (15, west, None)):
        at = now + timedelta(minutes=minutes)
        recover(incident_id=incident.pk, regions=[region], at=at, now=at, actor=operator)
        if level:
            post_update(
                incident_id=incident.pk,
                changes=Changes(level=level),
                statement=Statement(targeted_text="It is less grave."),
                now=at,
                actor=operator,
            )
    incident.refresh_from_db()
    assert incident.mitigated_at == now + timedelta(minutes=15)


def test_what_is_over_is_announced_in_the_past_tense(now: datetime, operator: User) -> None:
    broad = declaration(hit("storage", "west-europe", extent="region"), hit("key-vault", "west-us"))
    incident = declare(declaration=broad, now=now)
    post_update(
        incident_id=incident.pk, stage="resolved", now=now + timedelta(minutes=10), actor=None
    )
    assert publish_due(now=now + timedelta(minutes=16)) == [incident.tracking_id]
    text = Communication.objects.public().get().public_text
    assert "were failing or unavailable" in text
    assert "This has ended." in text


def test_a_post_that_cannot_be_written_by_itself_holds_up_no_other_and_alarms_a_person(
    now: datetime, operator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (
        declare(declaration=declaration(*broad(), public_title=title), now=now)
        for title in ("First", "Second")
    )
    due = max(each.public_due_at for each in (first, second) if each.public_due_at)

    def opening(incident: Incident, *, at: datetime) -> object:
        if incident.pk == first.pk:
            raise EntryError("text", "is too long.")
        return written_by_itself(incident, at=at)

    monkeypatch.setattr(visibility, "opening", opening)
    assert publish_due(now=due) == [second.tracking_id]
    first.refresh_from_db()
    assert (first.published_at, is_public(first.pk)) == (None, False)
    assert "cannot be written by itself (text: is too long.): post an update" in first.alarm
    monkeypatch.undo()
    assert publish_due(now=due) == [first.tracking_id]
    first.refresh_from_db()
    assert first.alarm == ""


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (KeyError("level"), "(KeyError)"),  # of a fault of ours, no words that may say too much
        (EntryError("text", "x" * 400), "(text: xxx"),
    ],
)
def test_its_alarm_says_what_is_wrong_as_far_as_there_is_room(
    error: Exception, said: str, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    incident = declare(declaration=declaration(*broad()), now=now)

    def opening(*_: object, **__: object) -> object:
        raise error

    monkeypatch.setattr(visibility, "opening", opening)
    assert publish_due(now=now + timedelta(days=1)) == []
    incident.refresh_from_db()
    assert said in incident.alarm
    assert len(incident.alarm) == 300 or incident.alarm.endswith(": post an update.")


def test_what_is_posted_by_itself_says_so_and_when_it_was_written(now: datetime) -> None:
    declare(declaration=declaration(*broad()), now=now)
    later = now + timedelta(hours=5)
    assert publish_due(now=later)
    said = Communication.objects.public().get()
    assert (said.automated, said.actor) == (True, None)
    assert {each["times"]["at"] for each in said.written_from["public"]} == {later.isoformat()}


def test_it_is_the_first_public_statement_that_turns_an_incident_public(
    now: datetime, operator: User
) -> None:
    public = declare(declaration=scenario_3(), now=now, actor=operator)
    targeted = declare(declaration=declaration(), now=now, actor=operator)
    assert turned_public(public)
    assert not turned_public(targeted)
    assert not turned_public(None)
    first = public.communications.get()
    assert turned_public(first)
    assert not turned_public(targeted.communications.get())
    words = Statement("News.", "News.")
    second = post_update(incident_id=public.pk, statement=words, now=now, actor=operator)
    assert not turned_public(second)
    other = declare(declaration=scenario_3(), now=now, actor=operator)
    assert turned_public(other.communications.get()), "whatever else is public"


@pytest.mark.parametrize("public", [True, False])
def test_whoever_decides_about_a_post_that_is_due_ends_its_alarm(
    now: datetime, operator: User, public: bool
) -> None:
    incident = declare(declaration=declaration(*broad()), now=now)
    Incident.objects.update(alarm="Its public post is due and cannot be written by itself.")
    post_update(
        incident_id=incident.pk,
        statement=Statement("Some requests fail.", "Yours do."),
        now=now + timedelta(minutes=20),
        actor=operator,
        override=Override(public=public, reason="We know whom it hits."),
    )
    incident.refresh_from_db()
    assert (incident.alarm, incident.published_at is not None) == ("", public)


def test_naming_the_audience_of_a_resolved_incident_resolves_nothing_again(
    now: datetime, operator: User
) -> None:
    incident = declare(declaration=scenario_3(), now=now, actor=operator)
    over = now + timedelta(minutes=10)
    post_update(incident_id=incident.pk, stage="resolved", now=over, actor=operator)
    posts = Communication.objects.public().count()

    post_update(
        incident_id=incident.pk,
        changes=Changes(audience="estimated"),
        now=now + timedelta(days=1),
        actor=operator,
    )

    incident.refresh_from_db()
    assert incident.closed_at == over
    assert Communication.objects.public().count() == posts
    assert "was degraded" in Communication.objects.latest("id").targeted_text


def test_the_affected_read_at_least_what_everybody_reads(now: datetime, operator: User) -> None:
    incident = declare(declaration=declaration(), now=now, actor=operator)
    said = post_update(
        incident_id=incident.pk,
        stage="identified",
        statement=Statement(public_text="We found the cause."),
        now=now,
        actor=operator,
    )
    assert said.targeted_text == "We found the cause."


def test_a_withdrawn_entry_that_grows_broad_raises_an_alarm(now: datetime, operator: User) -> None:
    incident = declare(declaration=scenario_3(), now=now, actor=operator)
    withdraw(incident_id=incident.pk, reason="It was withdrawn.", now=now)
    post_update(
        incident_id=incident.pk,
        changes=Changes(
            level="error", hits=[hit("storage", "west-europe"), hit("storage", "east-us")]
        ),
        now=now + timedelta(minutes=5),
        actor=operator,
    )
    incident.refresh_from_db()
    assert "declare a new incident" in incident.alarm


def test_taking_up_an_incident_opens_its_last_cells_again(now: datetime, operator: User) -> None:
    incident = declare(declaration=declaration(), now=now, actor=operator)
    post_update(
        incident_id=incident.pk, stage="mitigated", now=now + timedelta(minutes=10), actor=operator
    )
    again = now + timedelta(hours=1)
    post_update(incident_id=incident.pk, stage="investigating", now=again, actor=operator)
    assert Impact.objects.open().get().started_at == again

    end = now + timedelta(hours=2)
    post_update(incident_id=incident.pk, stage="mitigated", now=end, actor=operator)
    incident.refresh_from_db()
    assert incident.mitigated_at == end


def test_a_maintenance_can_be_cancelled_before_it_begins(now: datetime, operator: User) -> None:
    start = now + timedelta(days=3)
    incident = declare(
        declaration=declaration(
            kind="planned-maintenance",
            stage="planned",
            started_at=start,
            scheduled_for=start,
            scheduled_until=start + timedelta(hours=2),
        ),
        now=now,
        actor=operator,
    )
    post_update(incident_id=incident.pk, stage="cancelled", now=now, actor=operator)
    incident.refresh_from_db()
    assert incident.closed_at == now
    assert not Impact.objects.open().exists()


@pytest.mark.parametrize("stage", ["mitigated", "resolved"])
def test_an_incident_does_not_begin_with_its_end(now: datetime, operator: User, stage: str) -> None:
    with pytest.raises(EntryError, match="is no beginning"):
        declare(declaration=declaration(stage=stage), now=now, actor=operator)


@pytest.mark.parametrize("year", [26, 1026, 2015])
def test_a_mistyped_year_is_refused(now: datetime, operator: User, year: int) -> None:
    entry = declaration(started_at=now.replace(year=year))
    with pytest.raises(EntryError, match="check the year"):
        declare(declaration=entry, now=now, actor=operator)


def test_a_review_for_everybody_is_public_once_it_is_published_and_with_its_incident(
    now: datetime, operator: User
) -> None:
    cells = [hit(service, "west-europe", extent="region") for service in ("storage", "key-vault")]
    incident = declare(declaration=declaration(*cells), now=now, actor=operator)
    post_update(incident_id=incident.pk, stage="resolved", now=now, actor=operator)
    draft = Draft(kind="final", sections=[Section("what", "What happened?", "A quorum was lost.")])
    review = publish_review(incident_id=incident.pk, draft=draft, now=now, actor=operator)
    assert is_public(incident.pk)
    assert Review.objects.public().get() == review
    for hidden in ({"published_at": None}, {"for_public": False}):
        Review.objects.update(**hidden)
        assert not Review.objects.public().exists()
        Review.objects.update(for_public=True, published_at=now)
    Incident.objects.update(published_at=None)
    assert not is_public(incident.pk)
    assert not Review.objects.public().exists()
