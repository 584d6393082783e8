"""The common end of the verbs of an incident's life: what was written is decided upon and told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser

from incidents import wording
from incidents.models import Communication, Decision, Incident
from incidents.policy import FactsError
from incidents.services import automatic_text, visibility
from incidents.services.decisions import decision_recording
from incidents.services.errors import EntryError
from incidents.services.inputs import Override, Statement
from incidents.services.statements import checked_text, write_communication


def conclude(
    incident: Incident,
    *,
    statement: Statement,
    facts: Sequence[wording.WordingFacts],
    stage: str,
    at: datetime,
    now: datetime,
    actor: AbstractBaseUser | None,
    override: Override | None,
    targeted_facts: Sequence[wording.WordingFacts] = (),
    scope: list[tuple[int, int]] | None = None,
) -> Communication:
    """Decide, follow the decision, append the communication. Raises EntryError where nothing is said."""
    public_text, targeted_text = statement.public_text.strip(), statement.targeted_text.strip()
    public_facts = () if public_text else statement.public_facts or facts
    targeted_facts = () if targeted_text else statement.targeted_facts or targeted_facts
    if not targeted_text and not targeted_facts:
        # What everybody may read, the affected may read, too; never the other way round.
        targeted_text, targeted_facts = public_text, public_facts
    if not targeted_text and not wording.written(targeted_facts):
        raise EntryError(
            "public_text", "says nothing; write what has changed since the last update."
        )
    incident.stage = stage
    decision = _decide(incident, now=now, actor=actor, override=override)
    first_post = visibility.apply_verdict(incident, decision, now=now, confirmed=actor is not None)
    incident.updated_at = now
    incident.save()
    if first_post and not public_text:
        # Whoever reads of it for the first time is told all of it, not only what has changed.
        public_facts = automatic_text.opening(incident, at=now)
    return write_communication(
        incident,
        stage=stage,
        public_text=public_text,
        targeted_text=targeted_text,
        public_facts=public_facts,
        targeted_facts=targeted_facts,
        at=at,
        now=now,
        actor=actor,
        decision=decision,
        next_update_by=statement.next_update_by,
        language=statement.language,
        automated=actor is None,
        scope=scope,
    )


def _decide(
    incident: Incident,
    *,
    now: datetime,
    actor: AbstractBaseUser | None,
    override: Override | None,
) -> Decision:
    if override and not override.reason.strip():
        raise EntryError("reason", "an override of the policy needs a reason; write one.")
    try:
        return decision_recording.record_decision(
            incident,
            now=now,
            actor=actor,
            override_public=override.public if override else None,
            reason=checked_text("reason", override.reason, 500) if override else "",
        )
    except FactsError as error:
        raise EntryError("facts", str(error)) from error
