"""Scenario 3 through both lower storeys: the review is delivered, then the public entry goes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from incidents.models import Communication, Incident
from incidents.services import visibility
from incidents.services.incident import declare, post_update
from incidents.services.inputs import Changes, Statement
from incidents.services.reviews.review import Draft, Section, publish_review
from notifications.customers.impacted_lists import replace_list
from notifications.delivery import plan, send
from notifications.delivery.review_delivery import report_delivered
from notifications.models import Delivery, FanOut
from notifications.vocabulary.delivery_states import State
from tests.conftest import declaration, hit
from tests.notifications.cast import last, tenant, told
from tests.notifications.conftest import Sink, text_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("catalogue")]

CELL = ("key-vault", "west-europe")
REVIEW = Draft(kind="final", sections=[Section("impact", "What happened?", "A network fault.")])


@pytest.fixture
def incident(now: datetime, operator: User) -> Incident:
    """Public in scenario 3; one tenant runs where it happens, another elsewhere."""
    tenant("alice", CELL)
    tenant("bob", ("storage", "west-us"))
    return declared(now, operator)


def declared(now: datetime, operator: User) -> Incident:
    return declare(
        declaration=declaration(
            hit(*CELL),
            hit("key-vault", "north-europe"),
            level="warning",
            audience="unknown",
            statement=Statement(public_text="We look into it."),
        ),
        now=now,
        actor=operator,
    )


def reviewed(incident: Incident, now: datetime, operator: User) -> datetime:
    post_update(incident_id=incident.pk, stage="mitigated", now=now, actor=operator)
    publish_review(incident_id=incident.pk, draft=REVIEW, now=now, actor=operator)
    plan.plan_due(now=now)
    return now


def test_affected_customers_get_alert_and_review_and_then_the_entry_is_gone(
    incident: Incident, now: datetime, operator: User, sink: Sink
) -> None:
    plan.plan_due(now=now)
    assert told(incident.communications.get(number=1)) == {}, "nobody knows yet whom it concerns"

    later = now + timedelta(minutes=20)
    post_update(
        incident_id=incident.pk, changes=Changes(audience="estimated"), now=later, actor=operator
    )
    reviewed(incident, later, operator)
    assert report_delivered(now=later) == [], "the review is not delivered yet"
    send.work()
    assert len(report_delivered(now=later)) == 1
    assert report_delivered(now=later) == [], "it is gone, and nothing more is awaited"

    assert {str(mail["To"]) for mail in sink.mails} == {"alice@example.com"}
    assert "A network fault." in text_of(sink.mails[-1])
    incident.refresh_from_db()
    assert incident.withdrawn_at == later


def test_an_unknown_audience_keeps_the_entry_up(
    incident: Incident, now: datetime, operator: User
) -> None:
    reviewed(incident, now, operator)
    assert report_delivered(now=now + timedelta(days=4)) == []
    incident.refresh_from_db()
    assert incident.withdrawn_at is None


def test_a_review_that_one_address_never_takes_counts_as_delivered_after_72_hours(
    incident: Incident, now: datetime, operator: User, sink: Sink
) -> None:
    tenant("carol", CELL)
    sink.answers["carol@example.com"] = "451 later"
    Incident.objects.filter(pk=incident.pk).update(audience="estimated")
    reviewed(incident, now, operator)
    send.work()

    assert report_delivered(now=now + timedelta(hours=71)) == []
    report_delivered(now=now + timedelta(hours=73))

    incident.refresh_from_db()
    assert incident.withdrawn_at == now + timedelta(hours=73)


def known(incident: Incident) -> None:
    Incident.objects.filter(pk=incident.pk).update(audience="estimated")


@pytest.mark.parametrize("waited", [timedelta(0), timedelta(days=4)])
def test_a_review_is_taken_as_delivered_when_72_hours_are_over_since_it_was_planned_and_not_before(
    incident: Incident, now: datetime, operator: User, waited: timedelta
) -> None:
    known(incident)
    reviewed(incident, now, operator)
    FanOut.objects.update(done_at=now + waited)
    limit = now + waited + timedelta(hours=72)
    assert report_delivered(now=limit - timedelta(microseconds=1)) == []
    assert len(report_delivered(now=limit)) == 1


def test_who_comes_onto_the_list_after_the_review_holds_the_entry_until_it_has_reached_them(
    incident: Incident, now: datetime, operator: User, sink: Sink
) -> None:
    tenant("carol", CELL)
    known(incident)
    replace_list(incident_id=incident.pk, lines=["alice-1"], now=now)
    post_update(incident_id=incident.pk, stage="mitigated", now=now, actor=operator)
    publish_review(incident_id=incident.pk, draft=REVIEW, now=now, actor=operator)
    Incident.objects.filter(pk=incident.pk).update(audience="confirmed")
    plan.plan_due(now=now)
    send.work()
    assert sink.to("carol@example.com") == []
    late = now + timedelta(days=4)
    replace_list(incident_id=incident.pk, lines=["alice-1", "carol-1"], now=late)
    assert report_delivered(now=late) == [], "it is not planned for her yet"
    plan.plan_due(now=late)
    assert report_delivered(now=late) == [], "it is not sent to her yet"
    send.work()
    assert "A network fault." in text_of(sink.to("carol@example.com")[-1])
    assert len(report_delivered(now=late)) == 1
    incident.refresh_from_db()
    assert incident.withdrawn_at == late


def test_of_two_reviews_the_newer_one_is_waited_for(
    incident: Incident, now: datetime, operator: User, sink: Sink
) -> None:
    known(incident)
    reviewed(incident, now, operator)
    send.work()
    publish_review(incident_id=incident.pk, draft=REVIEW, now=now, actor=operator)
    assert report_delivered(now=now) == [], "the newer one is not planned yet"
    plan.plan_due(now=now)
    send.work()
    assert report_delivered(now=now) == [Communication.objects.latest("id").pk]


@pytest.mark.parametrize(
    "change",
    [
        {"published_at": None},
        {"withdrawn_at": datetime(2026, 3, 1, tzinfo=UTC)},
        {"withdraw_after_review": False},
        {"audience": "unknown"},
    ],
)
def test_what_is_not_public_until_then_for_a_known_audience_waits_for_no_review(
    incident: Incident, now: datetime, operator: User, sink: Sink, change: dict[str, Any]
) -> None:
    known(incident)
    reviewed(incident, now, operator)
    send.work()
    Incident.objects.update(**change)
    assert report_delivered(now=now) == []


def test_what_is_said_after_the_review_does_not_count_as_the_review(
    incident: Incident, now: datetime, operator: User, sink: Sink
) -> None:
    known(incident)
    reviewed(incident, now, operator)
    post_update(
        incident_id=incident.pk,
        stage="resolved",
        statement=Statement(public_text="It is over."),
        now=now,
        actor=operator,
    )
    plan.plan_due(now=now)
    others = Delivery.objects.filter(state=State.PENDING).exclude(communication__kind="review")
    assert others.update(state=State.SENT, sent_at=now)
    assert report_delivered(now=now) == []


def test_each_incident_waits_for_its_own_review(
    incident: Incident, now: datetime, operator: User, sink: Sink
) -> None:
    second = declared(now, operator)
    third = declared(now, operator)
    Incident.objects.update(audience="estimated")
    for each, draft in (
        (incident, REVIEW),
        (second, REVIEW),
        (third, Draft(kind="preliminary", sections=REVIEW.sections)),
    ):
        post_update(incident_id=each.pk, stage="mitigated", now=now, actor=operator)
        publish_review(incident_id=each.pk, draft=draft, now=now, actor=operator)
    plan.plan_due(now=now)
    send.work()
    unsent = Delivery.objects.filter(incident=incident, communication__kind="review")
    assert unsent.update(state=State.PENDING, sent_at=None) == 1
    assert report_delivered(now=now) == [second.communications.get(kind="review").pk]
    unsent.update(state=State.SENT, sent_at=now)
    assert report_delivered(now=now) == [incident.communications.get(kind="review").pk]


def test_another_message_that_still_waits_holds_no_review_up(
    incident: Incident, now: datetime, operator: User, sink: Sink
) -> None:
    known(incident)
    plan.plan_due(now=now)
    reviewed(incident, now, operator)
    send.work()
    others = Delivery.objects.exclude(communication__kind="review")
    assert others.update(state=State.PENDING, skip_reason="", sent_at=None)
    assert len(report_delivered(now=now)) == 1


def test_the_entry_of_what_has_come_back_stays_whatever_was_reviewed(
    incident: Incident, now: datetime, operator: User, sink: Sink
) -> None:
    known(incident)
    plan.plan_due(now=now)
    reviewed(incident, now, operator)
    later = now + timedelta(minutes=30)
    post_update(
        incident_id=incident.pk,
        stage="investigating",
        changes=Changes(hits=[hit(*CELL)]),
        now=later,
        actor=operator,
    )
    incident.refresh_from_db()
    assert (incident.mitigated_at, incident.withdraw_after_review) == (None, True)
    plan.plan_due(now=later)
    send.work()
    assert report_delivered(now=later) == []
    over = later + timedelta(minutes=30)
    post_update(incident_id=incident.pk, stage="mitigated", now=over, actor=operator)
    plan.plan_due(now=over)
    send.work()
    assert report_delivered(now=over) == [], "what came back is not reviewed yet"
    publish_review(incident_id=incident.pk, draft=REVIEW, now=over, actor=operator)
    plan.plan_due(now=over)
    send.work()
    assert len(report_delivered(now=over)) == 1


def test_an_entry_that_cannot_leave_holds_up_no_other_and_is_tried_again(
    incident: Incident,
    now: datetime,
    operator: User,
    sink: Sink,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    other = declared(now, operator)
    for each in (incident, other):
        known(each)
        plan.plan_due(now=now)
        reviewed(each, now, operator)
    send.work()
    leave = visibility.withdraw

    def stuck(*, incident_id: int, **more: Any) -> None:
        if incident_id == incident.pk:
            raise RuntimeError("it is stuck")
        leave(incident_id=incident_id, **more)

    monkeypatch.setattr(visibility, "withdraw", stuck)
    assert report_delivered(now=now) == [last(other).pk]
    assert [each.getMessage() for each in caplog.records if each.levelname == "ERROR"] == [
        f"{incident}: its review is delivered"
    ]
    monkeypatch.setattr(visibility, "withdraw", leave)
    assert report_delivered(now=now) == [last(incident).pk]


def test_a_review_that_another_message_has_carried_has_reached_its_receiver(
    incident: Incident, now: datetime, operator: User, sink: Sink
) -> None:
    known(incident)
    plan.plan_due(now=now)
    reviewed(incident, now, operator)
    send.work()
    carrier = Delivery.objects.exclude(communication__kind="review").latest("id")
    Delivery.objects.filter(communication__kind="review").update(
        state=State.SKIPPED, skip_reason="in_digest", sent_at=None, digest=carrier
    )
    Delivery.objects.filter(pk=carrier.pk).update(state=State.SENT, skip_reason="", sent_at=now)
    report_delivered(now=now)
    incident.refresh_from_db()
    assert incident.withdrawn_at == now


def test_a_review_that_reaches_nobody_raises_an_alarm(
    incident: Incident, now: datetime, operator: User, sink: Sink
) -> None:
    sink.answers["alice@example.com"] = "550 no such user"
    Incident.objects.filter(pk=incident.pk).update(audience="estimated")
    reviewed(incident, now, operator)
    send.work()
    assert not Delivery.objects.filter(state=State.SENT).exists()

    report_delivered(now=now)

    incident.refresh_from_db()
    assert incident.withdrawn_at is None
    assert "reached none" in incident.alarm


def test_a_review_published_too_early_waits_for_its_audience(
    incident: Incident, now: datetime, operator: User, sink: Sink
) -> None:
    reviewed(incident, now, operator)
    assert not Delivery.objects.filter(communication__kind="review").exists()

    later = now + timedelta(days=1)
    post_update(
        incident_id=incident.pk, changes=Changes(audience="estimated"), now=later, actor=operator
    )
    plan.plan_due(now=later)
    assert report_delivered(now=later) == []
    send.work()
    report_delivered(now=later)

    assert any("A network fault." in text_of(mail) for mail in sink.to("alice@example.com"))
    incident.refresh_from_db()
    assert incident.withdrawn_at == later


def test_a_preliminary_review_keeps_the_entry_up(
    incident: Incident, now: datetime, operator: User, sink: Sink
) -> None:
    Incident.objects.filter(pk=incident.pk).update(audience="estimated")
    post_update(incident_id=incident.pk, stage="mitigated", now=now, actor=operator)
    for kind, gone in (("preliminary", False), ("final", True)):
        draft = Draft(kind=kind, sections=REVIEW.sections)
        publish_review(incident_id=incident.pk, draft=draft, now=now, actor=operator)
        plan.plan_due(now=now)
        send.work()
        report_delivered(now=now)
        incident.refresh_from_db()
        assert (incident.withdrawn_at is not None) is gone
