"""manage.py seed_demo_events"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils import timezone

from incidents.cells import Cell
from incidents.models import Communication, Incident, Region, Service
from incidents.services import incident as incidents
from incidents.services.inputs import Declaration, Hit, Statement
from incidents.services.published_figures import publish_figures, published_figures
from incidents.services.reviews.review import Draft, Repair, Section, publish_review
from incidents.vocabulary import Audience, Kind, Level, RepairState, ReviewKind, Stage
from notifications.delivery import plan
from notifications.evidence import delivery_statistics
from notifications.evidence.how_fast import how_fast
from notifications.models import Attempt, Delivery, Result
from notifications.vocabulary.delivery_states import State
from statuspage.management.commands.ensure_operator import NAME

TAKEN = timedelta(seconds=40)  # from a statement to its being taken, as the demo shows it
ANSWER = "250 2.0.0 Ok: an example of the demo, no mail was sent"
# Tracking ID, days ago, hour (UTC), level, cells, title, minutes to an update and to the end, what was found.
ISSUES: tuple[tuple[str, int, int, Level, tuple[Cell, ...], str, int, int, str], ...] = (
    ("DEMO-KV1", 41, 9, Level.ERROR, (("key-vault", "west-europe"),),
     "Key Vault requests fail", 25, 95,
     "A certificate of the front ends had run out, as the alarm for it went to a mailbox that nobody reads any more."),
    ("DEMO-VM1", 17, 23, Level.WARNING, (("virtual-machines", "north-europe"),),
     "Virtual machines start slowly", 30, 160,
     "A storage rack was rebuilt without the limit that keeps room for machines that start."),
    ("DEMO-ST1", 103, 14, Level.WARNING, (("storage", "west-europe"), ("key-vault", "west-europe")),
     "Storage answers slowly", 20, 70,
     "A change of the network raised latency between two halls; it was taken back."),
)  # fmt: skip


class Command(BaseCommand):
    help = (
        "Past events of the demo's customers, told at the time, and how fast they were told;"
        " runs any number of times."
    )

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now().replace(minute=7, second=0, microsecond=0)
        operator = User.objects.get(username=NAME)
        made = 0
        for tracking_id, ago, hour, level, cells, title, update, end, found in ISSUES:
            if not Incident.objects.filter(tracking_id=tracking_id).exists():
                at = (now - timedelta(days=ago)).replace(hour=hour)
                _issue(tracking_id, at, operator, level, cells, title, update, end, found)
                made += 1
        if not Incident.objects.filter(tracking_id="DEMO-MW1").exists():
            _notice("DEMO-MW1", now - timedelta(days=6), operator, plan_at=now + timedelta(days=12))
            _notice("DEMO-AD1", now - timedelta(days=9), operator)
            made += 2
        for event in Incident.objects.filter(tracking_id__startswith="DEMO-"):
            delivery_statistics.refresh(incident_id=event.pk, now=now)
        if published_figures() is None:
            publish_figures(figures=how_fast(now=now).as_dict(), now=now, actor=operator)
        self.stdout.write(f"{made} past events, and how fast they were told")


def _issue(
    tracking_id: str,
    at: datetime,
    operator: User,
    level: Level,
    cells: tuple[Cell, ...],
    title: str,
    update: int,
    end: int,
    found: str,
) -> None:
    known = at + timedelta(minutes=4)
    incident = incidents.declare(
        declaration=Declaration(
            tracking_id=tracking_id,
            level=level,
            public_title=title,
            hits=_hits(cells, level),
            started_at=at,
            audience=Audience.ESTIMATED,
            statement=Statement(targeted_text=f"{title}. We look for the cause."),
        ),
        now=known,
        actor=operator,
    )
    _told(incident, known)
    for minutes, stage, words in (
        (update, Stage.IDENTIFIED, f"We know the cause and mend it. {found}"),
        (end, Stage.RESOLVED, "It works again; we watched it for twenty minutes."),
    ):
        when = at + timedelta(minutes=minutes)
        incidents.post_update(
            incident_id=incident.pk,
            stage=stage,
            statement=Statement(targeted_text=words),
            now=when,
            actor=operator,
        )
        _told(incident, when)
    for days, kind in ((2, ReviewKind.PRELIMINARY), (9, ReviewKind.FINAL)):
        when = at + timedelta(days=days)
        publish_review(
            incident_id=incident.pk,
            draft=Draft(
                kind=kind,
                sections=[
                    Section("what-happened", "What happened", f"{title} for {end} minutes."),
                    Section("what-went-wrong", "What went wrong and why", found),
                ],
                timeline=[
                    (at, "Impact began."),
                    (at + timedelta(minutes=end), "All was well again."),
                ],
                repairs=[Repair("Alarm twice before it can happen again", state=RepairState.DONE)],
            ),
            now=when,
            actor=operator,
        )
        _told(incident, when)


def _notice(
    tracking_id: str, at: datetime, operator: User, *, plan_at: datetime | None = None
) -> None:
    """A maintenance that is planned, or an advisory."""
    title = "Hosts are renewed" if plan_at else "TLS 1.1 ends in March"
    cell = ("virtual-machines", "west-europe") if plan_at else ("key-vault", "west-europe")
    words = (
        "Machines restart once." if plan_at else "Clients that know TLS 1.1 alone will be refused."
    )
    incident = incidents.declare(
        declaration=Declaration(
            tracking_id=tracking_id,
            kind=Kind.PLANNED_MAINTENANCE if plan_at else Kind.HEALTH_ADVISORY,
            stage=Stage.PLANNED if plan_at else Stage.IDENTIFIED,
            level=Level.INFORMATIONAL,
            public_title=title,
            hits=_hits((cell,), Level.INFORMATIONAL),
            started_at=plan_at or at,
            scheduled_for=plan_at,
            scheduled_until=plan_at and plan_at + timedelta(hours=3),
            follows_plan=plan_at is not None,
            audience=Audience.ESTIMATED,
            statement=Statement(targeted_text=words),
        ),
        now=at,
        actor=operator,
    )
    _told(incident, at)


def _hits(cells: tuple[Cell, ...], level: Level) -> list[Hit]:
    return [
        Hit(Service.objects.get(slug=service), Region.objects.get(slug=region), level=level)
        for service, region in cells
    ]


def _told(incident: Incident, at: datetime) -> None:
    """Planned at the time, and taken shortly after. Nothing leaves."""
    said = Communication.objects.filter(incident=incident).latest("number")
    plan.plan(communication_id=said.pk, now=at)
    rows = list(Delivery.objects.filter(communication=said, state=State.PENDING))
    Delivery.objects.filter(pk__in=[each.pk for each in rows]).update(
        state=State.SENT, created_at=at, next_attempt_at=at, sent_at=at + TAKEN, attempts=1
    )
    Attempt.objects.bulk_create(
        Attempt(delivery=each, number=1, result=Result.SENT, detail=ANSWER, at=at + TAKEN)
        for each in rows
    )
