"""The verbs of an incident's life: declare, post an update, recover.

Each is one transaction: lock the incident, check the step, write what changed, decide, and append the
communication. `now` is the moment of writing (UTC).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from incidents import lifecycle, wording
from incidents.models import (
    Communication,
    Impact,
    Incident,
    Region,
    Service,
)
from incidents.services import automatic_text
from incidents.services.automatic_text import has_begun, open_pairs
from incidents.services.conclusion import conclude
from incidents.services.decisions import decision_recording
from incidents.services.errors import EntryError
from incidents.services.impacts import (
    end_impacts,
    move_beginning,
    open_impacts,
    update_mitigation,
)
from incidents.services.inputs import (
    ENDING,
    LEVEL_OF_MAINTENANCE,
    Changes,
    Declaration,
    Hit,
    Override,
    Statement,
    check_audience,
    check_declaration,
    check_hits,
    check_past,
    check_step,
)
from incidents.services.levels import change_level, follow_spread
from incidents.services.statements import checked_text
from incidents.services.tracking import new_tracking_id
from incidents.vocabulary import Audience, Kind, Stage


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
    if declaration.kind == Kind.PLANNED_MAINTENANCE:
        hits = [replace(hit, level=None) for hit in declaration.hits]
        declaration = replace(declaration, level=LEVEL_OF_MAINTENANCE, hits=hits)
    check_declaration(declaration, now)
    check_step(declaration.kind, None, declaration.stage)
    # A maintenance that is under way has begun, whatever its plan says.
    begun = declaration.stage == Stage.IN_PROGRESS
    started_at = min(declaration.started_at, now) if begun else declaration.started_at
    incident = Incident.objects.create(
        tracking_id=declaration.tracking_id or new_tracking_id(),
        kind=declaration.kind,
        level=declaration.level,
        public_title=checked_text("public_title", declaration.public_title, 200, lines=False),
        internal_title=checked_text("internal_title", declaration.internal_title, 200, lines=False),
        stage=declaration.stage,
        audience=declaration.audience,
        dependents=declaration.dependents or 0,
        dependents_stated=declaration.dependents is not None,
        targeted_channel_available=declaration.targeted_channel_available,
        platform_fault=declaration.platform_fault,
        started_at=started_at,
        detected_at=declaration.detected_at,
        scheduled_for=declaration.scheduled_for,
        scheduled_until=declaration.scheduled_until,
        follows_plan=declaration.follows_plan,
        remind_before=declaration.remind_before,
        series=declaration.series,
        automated=declaration.automated,
        drill=declaration.drill,
        created_at=now,
        updated_at=now,
    )
    open_impacts(incident, declaration.hits, started_at)
    if actor is None:
        follow_spread(incident)
    conclude(
        incident,
        statement=declaration.statement,
        facts=automatic_text.opening(incident, at=now),
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
    mitigated or resolved incident re-open it. A maintenance that goes in progress begins at `now`,
    whenever it was planned for. Raises EntryError.
    """
    incident = locked(incident_id)
    changes = changes or Changes()
    check_past("at", changes.at, now)
    stage = stage or (
        Stage.INVESTIGATING if incident.mitigated_at and changes.hits else incident.stage
    )
    check_step(incident.kind, incident.stage, stage)
    if lifecycle.reopens(incident.stage, stage) and not changes.hits:
        # Taken up again without a word about where: impact is back where it was last.
        changes = replace(changes, hits=_last_hits(incident))
    reopened = bool(changes.hits)
    handed_over = _hands_over(incident, changes)
    _apply(incident, changes, at=changes.at or now)
    if actor is None:
        follow_spread(incident)
    if lifecycle.begins(incident.stage, stage):
        move_beginning(incident, now)
    before, incident.stage = incident.stage, stage
    was_over = incident.mitigated_at is not None
    if stage in ENDING:
        # A maintenance that is cancelled before it began has had no impact, however late that is.
        never = stage == Stage.CANCELLED and not has_begun(incident)
        ended_at = incident.started_at if never else now
        end_impacts(incident, Impact.objects.filter(occurrence__incident=incident).open(), ended_at)
        update_mitigation(incident)
        if never:
            incident.mitigated_at = None  # nothing was, nothing is over
    elif reopened:
        incident.mitigated_at = None
        incident.false_positive = False  # whoever takes it up again has found that there is impact
    incident.closed_at = (incident.closed_at or now) if stage in lifecycle.CLOSED else None
    return conclude(
        incident,
        statement=statement or Statement(),
        facts=_news(incident, changes, before=before, was_over=was_over, now=now),
        targeted_facts=automatic_text.opening(incident, "handover", at=now) if handed_over else (),
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
    regions: Sequence[Region] = (),
    at: datetime,
    now: datetime,
    services: Sequence[Service] = (),
    cells: Sequence[tuple[int, int]] = (),
    statement: Statement | None = None,
    actor: AbstractBaseUser | None = None,
) -> Communication:
    """End the open impacts in these regions (of these services, if any are named) at `at`; or in exactly these
    `cells` (service id, region id).

    When nothing stays open the incident is mitigated. Raises EntryError if nothing was open there.
    """
    incident = locked(incident_id)
    check_past("at", at, now)
    impacts = Impact.objects.filter(occurrence__incident=incident).open()
    if cells:
        wanted = set(cells)
        hit = impacts.values_list("pk", "service_id", "region_id")
        impacts = impacts.filter(pk__in=[pk for pk, *cell in hit if tuple(cell) in wanted])
    else:
        impacts = impacts.filter(region__in=[region.pk for region in regions])
    if services:
        impacts = impacts.filter(service__in=[service.pk for service in services])
    ended = list(impacts.select_related("service", "region"))
    if not ended:
        names = wording.listed([region.name for region in regions]) or "these cells"
        raise EntryError("regions", f"nothing is open in {names}; choose a region that is hit.")
    scope = [(impact.service_id, impact.region_id) for impact in ended]
    end_impacts(incident, impacts, at)
    update_mitigation(incident)
    before, incident.stage = incident.stage, _stage_after_recovery(incident)
    told = [automatic_text.facts(incident, "recovery", at=at, hit=scope, rest=open_pairs(incident))]
    if incident.stage != before:
        told.append(automatic_text.facts(incident, "stage", at=at))
    return conclude(
        incident,
        statement=statement or Statement(),
        facts=told,
        stage=incident.stage,
        at=at,
        now=now,
        actor=actor,
        override=None,
        scope=scope,
    )


def _news(
    incident: Incident, changes: Changes, *, before: str, was_over: bool, now: datetime
) -> list[wording.WordingFacts]:
    """What the facts alone can say of an update: where it has spread, and the stage it has come to."""
    told = []
    if changes.hits:
        hit = [(one.service.pk, one.region.pk, one.level or incident.level) for one in changes.hits]
        told += automatic_text.news(incident, hit, at=changes.at or now, reopened=was_over)
    if incident.stage != before and not (changes.hits and was_over):
        rest = () if incident.stage in ENDING else open_pairs(incident)
        told.append(automatic_text.facts(incident, "stage", at=now, rest=rest))
    return told


def _apply(incident: Incident, changes: Changes, *, at: datetime) -> None:
    """Write changed facts onto the locked incident."""
    check_audience(changes.audience, incident)
    if changes.level is not None:
        change_level(incident, changes.level, because=changes.level_because)
    incident.dependents_stated = incident.dependents_stated or changes.dependents is not None
    for name in ("audience", "dependents", "targeted_channel_available"):
        value = getattr(changes, name)
        if value is not None:
            setattr(incident, name, value)
    if changes.hits:
        check_hits(changes.hits, incident.level)
        open_impacts(incident, changes.hits, at)


def _last_hits(incident: Incident) -> list[Hit]:
    return [
        Hit(
            impact.service,
            impact.region,
            extent=impact.extent,
            level=decision_recording.lower_level(impact.level, incident.level),
            zones=tuple(impact.zones),
        )
        for impact in decision_recording.last_impacts(incident)
    ]


def _stage_after_recovery(incident: Incident) -> str:
    """An issue whose last window has ended is mitigated; a maintenance goes on until it is complete."""
    is_over = incident.mitigated_at is not None and incident.kind != Kind.PLANNED_MAINTENANCE
    return Stage.MITIGATED if is_over else incident.stage


def _hands_over(incident: Incident, changes: Changes) -> bool:
    """Whether this update makes known whom an incident concerns that was posted to everybody."""
    return (
        incident.published_at is not None
        and incident.audience == Audience.UNKNOWN
        and changes.audience not in (None, Audience.UNKNOWN)
    )
