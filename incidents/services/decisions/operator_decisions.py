"""What a person decides about an incident: confirm, override, audience known, a proposed level.

Each records a decision with the actor, so that it can be explained later who made what of the
policy's word.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from incidents.models import Communication, Decision, Incident
from incidents.policy import FactsError, LevelProposal, decide, parse_facts
from incidents.services import visibility
from incidents.services.automatic_text import opening
from incidents.services.decisions import decision_recording
from incidents.services.decisions.policies import current_policy
from incidents.services.errors import EntryError
from incidents.services.incident import locked, post_update
from incidents.services.inputs import Changes, Statement
from incidents.services.statements import checked_text, write_communication
from incidents.vocabulary import Audience


@transaction.atomic
def confirm(
    *, incident_id: int, now: datetime, actor: AbstractBaseUser, public_text: str = ""
) -> Communication:
    """Post now what waits for a person; without a text it is written from facts only.

    Raises EntryError when nothing waits (somebody was faster, or the deadline was).
    """
    incident = locked(incident_id)
    if incident.public_due_at is None:
        raise EntryError("incident", f"{incident.tracking_id} has no public post that waits.")
    decision = _decided(incident, now=now, actor=actor)
    return _post(incident, decision, public_text=public_text, now=now, actor=actor)


@transaction.atomic
def override(
    *,
    incident_id: int,
    public: bool,
    reason: str,
    now: datetime,
    actor: AbstractBaseUser,
    public_text: str = "",
) -> Communication | None:
    """Choose the other thing than the policy: post publicly, or keep the incident targeted.

    The choice holds until the policy says something else than it says now. Returns the public
    post, None when there is none. Raises EntryError without a reason, or when it is public already
    (that ends with `withdraw`) or was withdrawn.
    """
    incident = locked(incident_id)
    reason = checked_text("reason", reason, 500)
    if not reason:
        raise EntryError("reason", "an override of the policy needs a reason; write one.")
    if incident.withdrawn_at is not None:
        raise EntryError("incident", f"{incident.tracking_id} was withdrawn; it stays withdrawn.")
    if incident.published_at is not None:
        raise EntryError(
            "incident", f"{incident.tracking_id} is public already; withdraw it to take it back."
        )
    decision = _decided(incident, now=now, actor=actor, override_public=public, reason=reason)
    if public:
        return _post(incident, decision, public_text=public_text, now=now, actor=actor)
    visibility.apply_verdict(incident, decision, now=now, confirmed=True)
    incident.updated_at = now
    incident.save()
    return None


@transaction.atomic
def set_audience(
    *,
    incident_id: int,
    audience: str,
    now: datetime,
    actor: AbstractBaseUser | None = None,
    statement: Statement | None = None,
) -> Communication | None:
    """Say how well the affected customers are known, decide again, and tell them.

    Estimated: the footprints stand for them; confirmed: the impacted list does. Without a text they
    are told the facts. Unknown: there is nobody to tell, and the incident may turn public instead.
    Returns what was said, if anything. Raises EntryError when nothing would change.
    """
    incident = locked(incident_id)
    if audience not in tuple(Audience):
        raise EntryError("audience", f"{audience!r} is none of {', '.join(tuple(Audience))}.")
    if audience == incident.audience:
        raise EntryError("audience", f"is {audience} already; choose what it has become.")
    if audience == Audience.UNKNOWN:
        return _forget_audience(incident, now=now, actor=actor)
    statement = statement or Statement()
    handed_over = incident.published_at is not None and incident.audience == Audience.UNKNOWN
    if not (handed_over or statement.targeted_text.strip()):
        statement = replace(statement, targeted_facts=opening(incident, at=now))
    return post_update(
        incident_id=incident_id,
        now=now,
        statement=statement,
        changes=Changes(audience=audience),
        actor=actor,
    )


def list_in_force(*, incident: Incident, version: int) -> None:
    """Note on the locked incident which version of its impacted list is in force."""
    incident.impacted_version = version
    incident.save(update_fields=["impacted_version"])


@transaction.atomic
def take_proposed_level(
    *, incident_id: int, level: str, now: datetime, actor: AbstractBaseUser
) -> Communication:
    """Take the level that the spread proposes, with its reason, and tell those concerned.

    `level`: what the person saw proposed. Raises EntryError when that is proposed no more.
    """
    incident = locked(incident_id)
    proposal = proposal_of(incident)
    if proposal is None or proposal.level != level:
        raise EntryError("level", f"{level} is not proposed any more; reload the page.")
    # What was graver or milder than the incident stays so.
    told = [
        replace(each, level=level) if each.level == incident.level else each
        for each in opening(incident, at=now)
    ]
    return post_update(
        incident_id=incident_id,
        changes=Changes(level=level, level_because=proposal.because),
        statement=Statement(public_facts=told, targeted_facts=told),
        now=now,
        actor=actor,
    )


def proposal_of(incident: Incident) -> LevelProposal | None:
    """What the latest decision found proposed, while the incident is open and has another level."""
    decision = incident.decisions.order_by("-id").first()
    found = decision.derived.get("proposal") if decision else None
    if not found or incident.closed_at is not None or incident.level == found["level"]:
        return None
    return LevelProposal(found["level"], found["because"])


def posts(incident: Incident, proposal: LevelProposal) -> bool:
    """Whether the policy would post the incident at the proposed level."""
    facts = parse_facts(decision_recording.facts_of(incident)).at_level(proposal.level)
    if not incident.dependents_stated:
        derived = incident.decisions.latest("id").derived
        # What a degraded service may do to those that need it, a failing one does.
        facts = replace(facts, dependents=len(derived["at_risk"]))
    return decide(facts, current_policy()).public


def _forget_audience(
    incident: Incident, *, now: datetime, actor: AbstractBaseUser | None
) -> Communication | None:
    incident.audience = Audience.UNKNOWN
    decision = _decided(incident, now=now, actor=actor)
    posted = visibility.apply_verdict(incident, decision, now=now, confirmed=actor is not None)
    incident.updated_at = now
    incident.save()
    if not posted:
        return None
    return _announce(incident, decision, public_text="", now=now, actor=actor)


def _decided(
    incident: Incident,
    *,
    now: datetime,
    actor: AbstractBaseUser | None,
    override_public: bool | None = None,
    reason: str = "",
) -> Decision:
    try:
        return decision_recording.record_decision(
            incident, now=now, actor=actor, override_public=override_public, reason=reason
        )
    except FactsError as error:
        raise EntryError("facts", str(error)) from error


def _post(
    incident: Incident,
    decision: Decision,
    *,
    public_text: str,
    now: datetime,
    actor: AbstractBaseUser,
) -> Communication:
    visibility.apply_verdict(incident, decision, now=now, confirmed=True)
    incident.updated_at = now
    incident.save()
    return _announce(incident, decision, public_text=public_text, now=now, actor=actor)


def _announce(
    incident: Incident,
    decision: Decision,
    *,
    public_text: str,
    now: datetime,
    actor: AbstractBaseUser | None,
) -> Communication:
    """The first public post, without anything new for those who were told directly."""
    return write_communication(
        incident,
        stage=incident.stage,
        public_text=public_text,
        public_facts=opening(incident, at=now),
        targeted_text="",
        at=now,
        now=now,
        actor=actor,
        decision=decision,
    )
