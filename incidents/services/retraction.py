"""Taking an incident back: it was a false positive, and those who were told must hear that."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import DateTimeField, ExpressionWrapper, F, Value
from django.db.models.functions import Greatest

from incidents import lifecycle
from incidents.models import Communication, Impact, Incident
from incidents.policy import FactsError
from incidents.services import visibility
from incidents.services.automatic_text import facts
from incidents.services.decisions import decision_recording
from incidents.services.errors import EntryError
from incidents.services.incident import locked
from incidents.services.statements import checked_text, write_communication
from incidents.vocabulary import CommunicationKind, Stage
from incidents.wording import written


@transaction.atomic
def retract(
    *,
    incident_id: int,
    now: datetime,
    actor: AbstractBaseUser,
    public_text: str = "",
    targeted_text: str = "",
    reason: str,
) -> Communication:
    """Say that there was no impact: close the incident and tell exactly those who were told.

    The public text is posted only where the post went: on a public entry. Without texts the facts
    are stated. Review and withdrawal fall away, `reason` is kept with the decision. Raises
    EntryError without a reason, for planned maintenance, the second time, and while the targeted
    channel is said to be out of order: a false positive broke nothing.
    """
    incident = locked(incident_id)
    reason = checked_text("reason", reason, 500)
    _check(incident, reason)
    is_public = incident.published_at is not None and incident.withdrawn_at is None
    told = [facts(incident, "retraction", at=now)]
    incident.false_positive = True
    incident.stage = Stage.RESOLVED
    _end_everything(incident, now)
    if not is_public:
        # No scenario ever led to a post that stands, so the retraction must not become one.
        incident.scenario, incident.ever_broad = None, False
    try:
        decision = decision_recording.record_decision(
            incident, now=now, actor=actor, override_public=is_public, reason=reason
        )
    except FactsError as error:
        raise EntryError("facts", str(error)) from error
    visibility.apply_verdict(incident, decision, now=now, confirmed=True)
    incident.alarm = ""  # about a review that is not owed any more
    incident.updated_at = now
    incident.save()
    return write_communication(
        incident,
        kind=CommunicationKind.RETRACTION,
        stage=incident.stage,
        public_text=public_text,
        public_facts=told if is_public else (),
        targeted_text=targeted_text,
        targeted_facts=told,
        at=now,
        now=now,
        actor=actor,
        decision=decision,
    )


def retraction_text(incident: Incident) -> str:
    """What is said where no person has written it, from facts only."""
    return written([facts(incident, "retraction", at=incident.updated_at)])


def _check(incident: Incident, reason: str) -> None:
    if incident.false_positive:
        raise EntryError("incident", f"{incident.tracking_id} was retracted already.")
    if not reason:
        raise EntryError("reason", "is empty; write how it turned out to be a false positive.")
    if not incident.targeted_channel_available:
        raise EntryError(
            "targeted_channel",
            "is said to be out of order, which contradicts a false positive; post an update that"
            " it works, or resolve the incident instead.",
        )
    try:
        lifecycle.check_step(incident.kind, incident.stage, Stage.RESOLVED)
    except lifecycle.LifecycleError:
        raise EntryError(
            "incident", "is planned maintenance, which is cancelled, not retracted."
        ) from None


def _end_everything(incident: Incident, now: datetime) -> None:
    """End what is open at `now`, or at its own start where that is still to come."""
    end = ExpressionWrapper(Greatest(F("started_at"), Value(now)), output_field=DateTimeField())
    Impact.objects.filter(occurrence__incident=incident).open().update(ended_at=end)
    incident.occurrences.filter(ended_at__isnull=True).update(ended_at=end)
    incident.mitigated_at = incident.mitigated_at or max(now, incident.started_at)
    incident.closed_at = incident.closed_at or now
