"""Going public, waiting for it, and leaving again."""

from __future__ import annotations

import logging
from datetime import datetime
from functools import cache

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from incidents import prepared_statements, state_table, wording
from incidents.models import Communication, Decision, Incident
from incidents.services.automatic_text import opening
from incidents.services.decisions import decision_recording
from incidents.services.decisions.policies import current_policy
from incidents.services.errors import EntryError
from incidents.services.statements import checked_text, write_communication
from incidents.state_table import TABLE, Decided, Standing, WorldSees
from incidents.vocabulary import CommunicationKind, Scenario, VerdictRule

log = logging.getLogger(__name__)


def apply_verdict(
    incident: Incident, decision: Decision, *, now: datetime, confirmed: bool
) -> bool:
    """Follow a decision as the state table says: publish, or let the post wait for a person.

    True when it just became public. An entry that will go again says so in its note. The caller holds
    the lock and saves.
    """
    incident.note = (
        wording.NOTES.get(incident.scenario, "") if incident.withdraw_after_review else ""
    )
    if incident.drill:
        return False  # whatever was decided: nobody but those it is rehearsed with hears of a drill
    shown = TABLE[standing_of(incident), decided_of(decision)].shown
    if shown is WorldSees.GONE_ALARM:
        incident.alarm = wording.BROAD_AFTER_WITHDRAWAL
    if shown is WorldSees.POST and not confirmed:
        deadline = now + decision_recording.public_deadline(current_policy(), decision)
        # A wait that has begun gets shorter where the impact has become broad, never longer.
        incident.public_due_at = min(incident.public_due_at or deadline, deadline)
        return False
    if incident.public_due_at is not None:
        incident.alarm = ""  # about a post that was due and could not be written by itself
    incident.public_due_at = None
    if shown is WorldSees.POST:
        incident.published_at = now
    return shown is WorldSees.POST


def turned_public(said: object) -> bool:
    """Whether what a verb has returned is of an incident that it made public: one just declared, or its first public
    statement. Of a merge that is the incident that goes on."""
    if isinstance(said, Incident):
        return said.published_at is not None
    if not isinstance(said, Communication) or said.public_at is None:
        return False
    earlier = Communication.objects.filter(incident=said.incident_id, public_at__isnull=False)
    return not earlier.exclude(pk=said.pk).exists()


def standing_of(incident: Incident) -> Standing:
    """The row of the state table that an incident is in."""
    if incident.withdrawn_at is not None:
        return Standing.WITHDRAWN
    if incident.published_at is not None:
        return Standing.PUBLIC
    return Standing.TARGETED if incident.public_due_at is None else Standing.WAITING


def decided_of(decision: Decision) -> Decided:
    """The column of the state table: what the policy said and a person made of it."""
    if decision.rule == VerdictRule.FALSE_POSITIVE:
        return Decided.RETRACTED
    if not decision_recording.wants_public(decision):
        return Decided.KEPT
    if decision.scenario == Scenario.BROAD:
        return Decided.BROAD
    return Decided.FOR_NOW if decision.verdict["withdraw_after_review"] else Decided.POSTED


def is_public(incident_id: int) -> bool:
    """Whether anybody may see it, now. Every message asks: the gate is put into SQL once."""
    return bool(prepared_statements.answers(_gate_of_one(), {"id": incident_id}))


@cache
def _gate_of_one() -> str:
    gate, _ = Incident.objects.public().filter(pk=0).values("pk").query.sql_with_params()
    return gate.replace("%s", "%(id)s")


def waits_for_audience(incident: Incident) -> bool:
    """Whether its targeted alerts wait until it is known who is affected, by what was decided last."""
    if not state_table.is_audience_unknown(scenario=incident.scenario, audience=incident.audience):
        return False  # whatever was decided: the first message need not wait for the question
    decision = incident.decisions.order_by("-id").first()
    return decision is not None and state_table.waits_for_audience(
        standing_of(incident),
        decided_of(decision),
        scenario=incident.scenario,
        audience=incident.audience,
    )


def waits_unplanned(communication: Communication) -> bool:
    """Whether it is a review that nothing is planned of yet: it is for the affected, and nobody knows who they are."""
    return communication.kind == CommunicationKind.REVIEW and waits_for_audience(
        communication.incident
    )


@transaction.atomic
def publish_due(*, now: datetime) -> list[str]:
    """Post what nobody confirmed in time, written from facts only; returns the tracking IDs.

    Safe to run twice, late, or beside itself: rows are claimed with SKIP LOCKED.
    """
    waiting = Incident.objects.select_for_update(skip_locked=True).filter(
        public_due_at__lte=now, published_at__isnull=True
    )
    posted = []
    for incident in waiting.order_by("public_due_at", "id"):
        try:
            with transaction.atomic():
                _post(incident, now=now)
        except Exception as error:
            # One that cannot be posted must not hold up the others; it is tried at each sweep, and a person knows.
            log.exception("%s is due and cannot be posted", incident.tracking_id)
            Incident.objects.filter(pk=incident.pk).update(alarm=_cannot_be_posted(error))
        else:
            posted.append(incident.tracking_id)
    return posted


def _post(incident: Incident, *, now: datetime) -> None:
    incident.published_at = now
    incident.public_due_at = None
    incident.alarm = ""
    incident.updated_at = now
    incident.save()
    write_communication(
        incident,
        stage=incident.stage,
        public_text="",
        public_facts=opening(incident, at=now),
        targeted_text="",
        at=now,
        now=now,
        actor=None,
        automated=True,
    )


def _cannot_be_posted(error: Exception) -> str:
    what = str(error) if isinstance(error, EntryError) else type(error).__name__
    return f"Its public post is due and cannot be written by itself ({what}): post an update."[:300]


@transaction.atomic
def withdraw(
    *, incident_id: int, reason: str, now: datetime, actor: AbstractBaseUser | None = None
) -> None:
    """Take a public entry off history, feeds and JSON; its URL answers 410 with `reason` from then on.

    A person's withdrawal is recorded as a decision against the policy, so that its author is known.
    """
    incident = Incident.objects.select_for_update().get(pk=incident_id)
    if incident.published_at is None:
        raise EntryError("incident", f"{incident.tracking_id} is not public: nothing to withdraw.")
    if incident.withdrawn_at is not None:
        return
    incident.withdrawal_reason = checked_text("reason", reason, 300, lines=False)
    if actor is not None:
        if not incident.withdrawal_reason:
            raise EntryError("reason", "is empty; say in one sentence why the entry leaves.")
        decision_recording.record_decision(
            incident,
            now=now,
            actor=actor,
            override_public=False,
            reason=incident.withdrawal_reason,
        )
    incident.withdrawn_at = now
    # What the policy remembers as "made it public" ends here.
    incident.scenario = None
    incident.withdraw_after_review = False
    incident.updated_at = now
    incident.save()


@transaction.atomic
def review_delivered(*, incident_id: int, told: int, planned: int, now: datetime) -> None:
    """`notifications` reports that a targeted review reached everybody it can reach, or its time is up.

    `planned` deliveries, of which `told` were sent, alone or in a digest. The public entry then goes, as
    its note said. Reaching nobody of a non-empty audience is no delivery: the entry stays and the desk is
    alarmed. Safe to report twice.
    """
    incident = Incident.objects.select_for_update().get(pk=incident_id)
    if not incident.withdraw_after_review or incident.withdrawn_at or not incident.published_at:
        return
    if planned and not told:
        alarm = f"The review reached none of its {planned} receivers; the public entry stays."
        if incident.alarm != alarm:
            incident.alarm = alarm
            incident.save(update_fields=["alarm"])
        return
    incident.alarm = ""
    incident.save(update_fields=["alarm"])
    withdraw(incident_id=incident.pk, reason=wording.WITHDRAWN_AFTER_REVIEW, now=now)
