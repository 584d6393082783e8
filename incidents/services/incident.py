"""The verbs of an incident's life: declare, post an update, recover.

Each is one transaction: lock the incident, check the step, write what changed, decide, append the
communication, and bump the public picture if it changed. `now` is the moment of writing (UTC).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from incidents import lifecycle, wording
from incidents.models import (
    Communication,
    Decision,
    Impact,
    Incident,
    Occurrence,
    Offering,
    Region,
    Service,
)
from incidents.models.incident import ImpactQuerySet
from incidents.policy import FactsError
from incidents.services import deciding, publicity
from incidents.services.errors import EntryError
from incidents.services.statements import checked_text, write_communication
from incidents.services.tracking import new_tracking_id

LEVELS = ("informational", "warning", "error")
ENDING = frozenset({lifecycle.Stage.MITIGATED}) | lifecycle.CLOSED


@dataclass(frozen=True, slots=True)
class Hit:
    """A cell to be recorded as impacted."""

    service: Service
    region: Region
    extent: str = "subset"
    level: str | None = None  # None: the incident's
    zones: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Statement:
    """What an operator wants said. Empty texts are allowed: the facts then speak for themselves."""

    public_text: str = ""
    targeted_text: str = ""
    next_update_by: datetime | None = None


@dataclass(frozen=True, slots=True)
class Override:
    """A person's choice against the policy; it needs a reason."""

    public: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Changes:
    """Facts that an update changes; None leaves them. `at`: since when (UTC), now if left out."""

    level: str | None = None
    audience: str | None = None
    dependents: int | None = None
    targeted_channel_available: bool | None = None
    hits: Sequence[Hit] = ()
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Declaration:
    """Everything a new incident starts with; `started_at` in UTC."""

    level: str
    public_title: str
    hits: Sequence[Hit]
    started_at: datetime
    kind: str = "service-issue"
    stage: str = "investigating"
    internal_title: str = ""
    audience: str = "unknown"
    dependents: int = 0
    targeted_channel_available: bool = True
    platform_fault: bool = True
    statement: Statement = field(default_factory=Statement)
    scheduled_for: datetime | None = None
    scheduled_until: datetime | None = None
    tracking_id: str = ""
    automated: bool = False


def locked(incident_id: int) -> Incident:
    return Incident.objects.select_for_update().get(pk=incident_id)


@transaction.atomic
def declare(
    *,
    declaration: Declaration,
    now: datetime,
    actor: AbstractBaseUser | None = None,
    override: Override | None = None,
) -> Incident:
    """Open an incident, decide, and say the first thing about it.

    With an actor the decision counts as confirmed (pressing Publish is the confirmation); without
    one a public post waits for a person until the policy's deadline. Raises EntryError.
    """
    _check_declaration(declaration, now)
    _check_step(declaration.kind, None, declaration.stage)
    incident = Incident.objects.create(
        tracking_id=declaration.tracking_id or new_tracking_id(),
        kind=declaration.kind,
        level=declaration.level,
        public_title=checked_text("public_title", declaration.public_title, 200, lines=False),
        internal_title=checked_text("internal_title", declaration.internal_title, 200, lines=False),
        stage=declaration.stage,
        audience=declaration.audience,
        dependents=declaration.dependents,
        targeted_channel_available=declaration.targeted_channel_available,
        platform_fault=declaration.platform_fault,
        started_at=declaration.started_at,
        scheduled_for=declaration.scheduled_for,
        scheduled_until=declaration.scheduled_until,
        automated=declaration.automated,
        created_at=now,
        updated_at=now,
    )
    _open_impacts(incident, declaration.hits, declaration.started_at)
    _conclude(
        incident,
        statement=declaration.statement,
        facts_text=publicity.facts_only_text(incident),
        stage=declaration.stage,
        at=now,
        now=now,
        actor=actor,
        override=override,
    )
    return incident


@transaction.atomic
def post_update(
    *,
    incident_id: int,
    now: datetime,
    stage: str | None = None,
    statement: Statement | None = None,
    changes: Changes | None = None,
    actor: AbstractBaseUser | None = None,
    override: Override | None = None,
) -> Communication:
    """Append an update, with the facts that changed; without a stage the incident keeps its own.

    Mitigated, Resolved, Complete and Cancelled end what is still open at `now`. Newly hit cells on a
    mitigated or resolved incident re-open it. Raises EntryError.
    """
    incident = locked(incident_id)
    changes = changes or Changes()
    _check_past("at", changes.at, now)
    stage = stage or ("investigating" if incident.mitigated_at and changes.hits else incident.stage)
    _check_step(incident.kind, incident.stage, stage)
    reopened = bool(changes.hits) or lifecycle.reopens(incident.stage, stage)
    handed_over = _hands_over(incident, changes)
    facts_text = _apply(incident, changes, at=changes.at or now)
    if stage in ENDING:
        _end_impacts(Impact.objects.filter(occurrence__incident=incident).open(), now)
        _settle_mitigation(incident)
        facts_text = f"This incident is {stage} as of {wording.clock(now)}."
    elif reopened:
        incident.mitigated_at = None
    incident.closed_at = now if stage in lifecycle.CLOSED else None
    return _conclude(
        incident,
        statement=statement or Statement(),
        facts_text=facts_text,
        targeted_facts=publicity.facts_only_text(incident, wording.handover) if handed_over else "",
        stage=stage,
        at=changes.at or now,
        now=now,
        actor=actor,
        override=override,
    )


@transaction.atomic
def recover(
    *,
    incident_id: int,
    regions: Sequence[Region],
    at: datetime,
    now: datetime,
    services: Sequence[Service] = (),
    statement: Statement | None = None,
    actor: AbstractBaseUser | None = None,
) -> Communication:
    """End the open impacts in these regions (of these services, if any are named) at `at`.

    When nothing stays open the incident is mitigated. Raises EntryError if nothing was open there.
    """
    incident = locked(incident_id)
    _check_past("at", at, now)
    impacts = Impact.objects.filter(
        occurrence__incident=incident, region__in=[region.pk for region in regions]
    ).open()
    if services:
        impacts = impacts.filter(service__in=[service.pk for service in services])
    ended = list(impacts.select_related("service", "region"))
    if not ended:
        names = wording.listed([region.name for region in regions])
        raise EntryError("regions", f"nothing is open in {names}; choose a region that is hit.")
    scope = [(impact.service_id, impact.region_id) for impact in ended]
    _end_impacts(impacts, at)
    _settle_mitigation(incident)
    facts_text = wording.recovery(
        [impact.service.name for impact in ended], [impact.region.name for impact in ended], at
    )
    return _conclude(
        incident,
        statement=statement or Statement(),
        facts_text=facts_text,
        stage=lifecycle.Stage.MITIGATED if incident.mitigated_at else incident.stage,
        at=at,
        now=now,
        actor=actor,
        override=None,
        scope=scope,
    )


def _conclude(
    incident: Incident,
    *,
    statement: Statement,
    facts_text: str,
    stage: str,
    at: datetime,
    now: datetime,
    actor: AbstractBaseUser | None,
    override: Override | None,
    targeted_facts: str = "",
    scope: list[tuple[int, int]] | None = None,
) -> Communication:
    """The common end of every verb: decide, settle publicity, append the communication."""
    targeted_text = statement.targeted_text.strip() or targeted_facts or facts_text
    if not (statement.public_text.strip() or targeted_text):
        raise EntryError(
            "public_text", "says nothing; write what has changed since the last update."
        )
    incident.stage = stage
    decision = _decide(incident, now=now, actor=actor, override=override)
    first_post = publicity.settle(incident, decision, now=now, confirmed=actor is not None)
    incident.updated_at = now
    incident.save()
    public_text = statement.public_text.strip() or facts_text
    if first_post and not public_text:
        public_text = publicity.facts_only_text(incident)
    return write_communication(
        incident,
        stage=stage,
        public_text=public_text,
        targeted_text=targeted_text,
        at=at,
        now=now,
        actor=actor,
        decision=decision,
        next_update_by=statement.next_update_by,
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
        return deciding.record_decision(
            incident,
            now=now,
            actor=actor,
            override_public=override.public if override else None,
            reason=checked_text("reason", override.reason, 500) if override else "",
        )
    except FactsError as error:
        raise EntryError("facts", str(error)) from error


def _apply(incident: Incident, changes: Changes, *, at: datetime) -> str:
    """Write changed facts onto the locked incident; returns what the facts alone can say of it.

    Open impacts at the incident's level go with it, as those do whose level was never stated.
    """
    if changes.level is not None and changes.level != incident.level:
        Impact.objects.filter(occurrence__incident=incident, level=incident.level).open().update(
            level=changes.level
        )
    for name in ("level", "audience", "dependents", "targeted_channel_available"):
        value = getattr(changes, name)
        if value is not None:
            setattr(incident, name, value)
    if not changes.hits:
        return ""
    _check_hits(changes.hits, incident.level)
    _open_impacts(incident, changes.hits, at)
    return wording.spread(
        [hit.service.name for hit in changes.hits], [hit.region.name for hit in changes.hits], at
    )


def _hands_over(incident: Incident, changes: Changes) -> bool:
    """Whether this update makes known whom an incident concerns that was posted to everybody."""
    return (
        incident.published_at is not None
        and incident.audience == "unknown"
        and changes.audience not in (None, "unknown")
    )


def _check_step(kind: str, before: str | None, after: str) -> None:
    try:
        lifecycle.check_step(kind, before, after)
    except lifecycle.LifecycleError as error:
        raise EntryError("stage", str(error)) from error


def _check_past(name: str, at: datetime | None, now: datetime) -> None:
    if at is not None and at > now:
        raise EntryError(
            name, f"{wording.clock(at)} lies in the future; give the time it happened."
        )


def _check_declaration(declaration: Declaration, now: datetime) -> None:
    if not declaration.public_title.strip():
        raise EntryError("public_title", "is empty; say in a few words what is wrong and where.")
    if declaration.kind == "service-issue" and declaration.started_at > now:
        raise EntryError(
            "started_at",
            f"{wording.clock(declaration.started_at)} lies in the future; give the time impact began.",
        )
    if (
        declaration.scheduled_for
        and declaration.scheduled_until
        and declaration.scheduled_until <= declaration.scheduled_for
    ):
        raise EntryError("scheduled_until", "ends before it starts; give a later end.")
    _check_hits(declaration.hits, declaration.level)


def _check_hits(hits: Sequence[Hit], level: str) -> None:
    if not hits:
        raise EntryError("impacts", "name at least one service and region.")
    offered = set(
        Offering.objects.current()
        .filter(
            service__in=[hit.service.pk for hit in hits], region__in=[hit.region.pk for hit in hits]
        )
        .values_list("service_id", "region_id")
    )
    for hit in hits:
        if hit.level and LEVELS.index(hit.level) > LEVELS.index(level):
            raise EntryError(
                "impacts",
                f"{hit.service.name} in {hit.region.name} is {hit.level}, above the incident's"
                f" level {level}; raise the incident's level first.",
            )
        if unknown := set(hit.zones) - set(hit.region.zones):
            raise EntryError(
                "zones",
                f"{hit.region.name} has no zone {', '.join(sorted(unknown))};"
                f" it has {', '.join(hit.region.zones) or 'none'}.",
            )
        if (hit.service.pk, hit.region.pk) not in offered:
            raise EntryError(
                "impacts", f"{hit.service.name} is not offered in {hit.region.name}; remove it."
            )


def _open_impacts(incident: Incident, hits: Sequence[Hit], at: datetime) -> None:
    """Open a window per cell, in the open occurrence or (after a recovery) in a new one."""
    if at < incident.started_at:
        raise EntryError(
            "at", f"{wording.clock(at)} is before the incident's start; correct the start first."
        )
    occurrence = incident.occurrences.filter(ended_at__isnull=True).order_by("id").last()
    if occurrence is None:
        count = incident.occurrences.count()
        occurrence = Occurrence.objects.create(
            incident=incident, label=f"occurrence {count + 1}" if count else "", started_at=at
        )
    known = {(each.service_id, each.region_id): each for each in occurrence.impacts.open()}
    new: dict[tuple[int, int], Impact] = {}
    for hit in hits:
        cell = (hit.service.pk, hit.region.pk)
        impact = known.get(cell) or new.setdefault(
            cell,
            Impact(occurrence=occurrence, service=hit.service, region=hit.region, started_at=at),
        )
        impact.extent = hit.extent
        impact.level = hit.level or incident.level
        impact.zones = list(hit.zones)
    # A whole region is hundreds of cells: two statements, not two per cell.
    Impact.objects.bulk_create(new.values())
    Impact.objects.bulk_update(known.values(), ["extent", "level", "zones"])


def _end_impacts(impacts: ImpactQuerySet, at: datetime) -> None:
    for impact in impacts:
        if at < impact.started_at:
            raise EntryError(
                "at",
                f"{wording.clock(at)} is before impact began there"
                f" ({wording.clock(impact.started_at)}); give a later time.",
            )
    impacts.update(ended_at=at)


def _settle_mitigation(incident: Incident) -> None:
    """Mitigated at the end of the last open window; occurrences end with their last impact."""
    for occurrence in incident.occurrences.filter(ended_at__isnull=True):
        ends = list(occurrence.impacts.values_list("ended_at", flat=True))
        known = [end for end in ends if end is not None]
        if ends and len(known) == len(ends):
            occurrence.ended_at = max(known)
            occurrence.save(update_fields=["ended_at"])
    if not incident.occurrences.filter(ended_at__isnull=True).exists():
        incident.mitigated_at = max(
            end for end in incident.occurrences.values_list("ended_at", flat=True) if end
        )
