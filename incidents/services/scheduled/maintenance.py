"""The maintenance plan: what was to begin or end by itself does so, on time or as soon as a clock runs."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from incidents.models import Incident
from incidents.services.automatic_text import facts, opening
from incidents.services.incident import post_update
from incidents.services.inputs import Statement
from incidents.vocabulary import NOT_BEGUN, Stage


def follow_plans(*, now: datetime) -> list[str]:
    """Begin and end the maintenances that follow their plan and are due at `now` (UTC).

    Returns their tracking IDs, once a step. Safe to run twice, late, or beside itself: rows are claimed
    with SKIP LOCKED. One that slept through its whole window is begun and ended in two statements.
    """
    moved = _step(Q(stage__in=NOT_BEGUN, scheduled_for__lte=now), now)
    return moved + _step(Q(stage=Stage.IN_PROGRESS, scheduled_until__lte=now), now)


@transaction.atomic
def _step(due: Q, now: datetime) -> list[str]:
    waiting = (
        Incident.objects.active()
        .filter(due, follows_plan=True, merged_into__isnull=True)
        .select_for_update(skip_locked=True)
    )
    moved = []
    for incident in waiting.order_by("scheduled_for", "id"):
        ends = incident.stage == Stage.IN_PROGRESS and incident.scheduled_until
        post_update(
            incident_id=incident.pk,
            stage=Stage.COMPLETE if ends else Stage.IN_PROGRESS,
            statement=Statement(public_facts=[facts(incident, "planned_end", at=now)])
            if ends
            else None,
            now=now,
        )
        moved.append(incident.tracking_id)
    return moved


def remind_receivers(*, now: datetime) -> list[str]:
    """Tell those concerned once more, as long before the planned start as was chosen; returns the tracking IDs.

    Whoever was told something since then needs no reminder: a tick that is late or doubled tells nobody twice.
    """
    planned = Incident.objects.active().filter(
        stage__in=NOT_BEGUN,
        remind_before__isnull=False,
        scheduled_for__gt=now,
        merged_into__isnull=True,
    )
    due = list(planned.order_by("scheduled_for", "id"))
    return [incident.tracking_id for incident in due if _remind(incident.pk, now)]


@transaction.atomic
def _remind(incident_id: int, now: datetime) -> bool:
    incident = Incident.objects.select_for_update(skip_locked=True).filter(pk=incident_id).first()
    if incident is None or incident.scheduled_for is None:
        return False
    due = incident.scheduled_for - timedelta(minutes=incident.remind_before or 0)
    if now < due or incident.communications.filter(at__gte=due).exists():
        return False
    post_update(
        incident_id=incident.pk,
        statement=Statement(public_facts=opening(incident, at=now)),
        now=now,
    )
    return True
