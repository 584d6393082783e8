"""From an incident's rows to facts, from facts to a recorded decision."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Max

from incidents.models import Decision, Impact, Incident
from incidents.policy import Policy, Verdict, explain, parse_facts, spreading_minutes
from incidents.services.decisions.derivation import derive
from incidents.services.decisions.policies import current_policy
from incidents.vocabulary import LEVEL_RANK, Level, PromisedReview, Scenario, VerdictRule


def public_deadline(policy: Policy, decision: Decision) -> timedelta:
    """How long a public post that a machine decided on waits for a person at most."""
    scenario: Scenario | None = decision.verdict["scenario"]
    return timedelta(minutes=policy.deadline_minutes(scenario))


def facts_of(incident: Incident) -> dict[str, Any]:
    """The facts of this moment, in the JSON shape that `manage.py decide` reads.

    The impacts that count are the open ones; once all are over, those that were open until the end.
    What made it public before counts only while it is public: a post that was overridden, or that
    still waits, has made nothing public.
    """
    is_public = incident.published_at is not None and incident.withdrawn_at is None
    impacts = last_impacts(incident)
    return {
        "kind": incident.kind,
        "level": incident.level,
        "impacts": [
            {
                "service": impact.service.slug,
                "region": impact.region.slug,
                "zones": impact.zones,
                "extent": impact.extent,
                # Windows that ended at a graver level stay as they were when the level is lowered.
                "level": lower_level(impact.level, incident.level),
            }
            for impact in impacts
        ],
        "dependents": incident.dependents,
        "audience": incident.audience,
        "targeted_channel": "available" if incident.targeted_channel_available else "unavailable",
        "platform_fault": incident.platform_fault,
        "false_positive": incident.false_positive,
        "ever_broad": incident.ever_broad and is_public,
        "previous_scenario": incident.scenario if is_public else None,
        "spreading_minutes": _spreading_minutes(impacts),
    }


def _spreading_minutes(impacts: Iterable[Impact]) -> int:
    regions: dict[int, datetime] = {}
    for each in impacts:
        if each.level != Level.INFORMATIONAL:
            since = regions.get(each.region_id, each.started_at)
            regions[each.region_id] = min(since, each.started_at)
    return spreading_minutes(regions.values())


def lower_level(one: str, other: str) -> str:
    """The less grave of two levels: an impact is never graver than its incident."""
    return min(one, other, key=LEVEL_RANK.__getitem__)


def last_impacts(incident: Incident) -> list[Impact]:
    """The open impacts; once all are over, those that were open until the end."""
    impacts = Impact.objects.filter(occurrence__incident=incident).select_related(
        "service", "region"
    )
    if still_open := list(impacts.open().order_by("id")):
        return still_open
    end = impacts.aggregate(end=Max("ended_at"))["end"]
    return list(impacts.filter(ended_at=end).order_by("id"))


def record_decision(
    incident: Incident,
    *,
    now: datetime,
    actor: AbstractBaseUser | None,
    override_public: bool | None = None,
    reason: str = "",
) -> Decision:
    """Decide about the incident as it stands and keep facts, verdict and policy version for ever.

    Updates the incident's remembered facts (`ever_broad`, last scenario, withdrawal rule); the
    caller saves it. An override holds on until the policy has something new to say.
    Raises FactsError when the rows contradict each other.
    """
    policy = current_policy()
    derived = derive(incident, last_impacts(incident), policy)
    if not incident.dependents_stated:
        incident.dependents = len(derived.dependents.hard)
    facts = facts_of(incident)
    explanation = explain(parse_facts(facts), policy)
    verdict = explanation.verdict
    if override_public is None:
        override_public, standing_reason = _standing_override(incident, verdict)
        reason = reason or standing_reason
    decision = Decision.objects.create(
        incident=incident,
        facts=facts,
        verdict=explanation.as_dict(),
        scenario=verdict.scenario,
        public=verdict.public,
        review=verdict.review,
        rule=verdict.rule,
        policy=policy.name,
        policy_version=policy.version,
        derived=derived.as_dict(),
        decided_at=now,
        actor_id=actor.pk if actor else None,
        override_public=override_public,
        reason=reason,
    )
    incident.ever_broad = incident.ever_broad or verdict.review == PromisedReview.PUBLIC
    incident.scenario = verdict.scenario or incident.scenario
    incident.withdraw_after_review = verdict.withdraw_after_review
    return decision


def _standing_override(incident: Incident, verdict: Verdict) -> tuple[bool | None, str]:
    """Without this the next update would do what a person has just forbidden."""
    last = incident.decisions.order_by("-id").first()
    if last is None or last.override_public is None or last.rule == VerdictRule.FALSE_POSITIVE:
        return None, ""
    is_same = last.public == verdict.public and verdict.scenario in (None, last.scenario)
    return (last.override_public, last.reason) if is_same else (None, "")


def wants_public(decision: Decision) -> bool:
    """What shall happen: the policy's word, unless a person overrode it with a reason."""
    return decision.public if decision.override_public is None else decision.override_public
