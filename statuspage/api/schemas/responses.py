"""What a script is told of an incident, a statement and a decision."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from pydantic import BaseModel, ConfigDict, Field

from incidents.models import Communication, Decision, Impact, Incident
from incidents.vocabulary import PromisedReview, Scenario, TargetedChannel
from notifications.audience.forecast import Forecast
from statuspage.desk.incidents.incident_list import Publicity, publicity_of


class Verdict(BaseModel):
    """What the policy says, word for word as `manage.py decide` prints it."""

    model_config = ConfigDict(extra="allow")

    scenario: Scenario | None
    scenarios: list[Scenario]
    public: bool
    targeted: bool
    review: PromisedReview
    withdraw_after_review: bool
    needs_confirmation: bool
    rule: str
    because: list[str]
    would_change_if: list[dict[str, Any]]
    policy: str
    policy_version: int


class ToldImpact(BaseModel):
    service: str
    region: str
    extent: str
    zones: list[str]
    level: str
    started_at: datetime
    ended_at: datetime | None


class ToldUpdate(BaseModel):
    """A statement. `public_at`: since when everybody may read the public text; null: nobody may."""

    number: int
    kind: str
    stage: str
    at: datetime
    public_text: str
    targeted_text: str
    public_at: datetime | None
    next_update_at: datetime | None
    automated: bool
    actor: str | None


class ToldAudience(BaseModel):
    """Who would hear of it: what planning and the first try would make of it now."""

    receivers: int = Field(description="Endpoints that hear of it, each once.")
    tenants: int
    subscriptions: int
    targeted: dict[str, int] = Field(description="Endpoints by channel, told directly.")
    public: dict[str, int] = Field(
        description="Readers by channel; those who would hear, unless it is public."
    )
    deferred: int = Field(description="Held back at first, by the hour's limit or the interval.")
    skipped: dict[str, int] = Field(description="Endpoints that are told nothing, by reason.")
    silent_tenants: int = Field(description="Concerned tenants without any address that hears.")
    waits: bool = Field(description="The affected are told once the audience is known.")

    @classmethod
    def of(cls, hears: Forecast) -> ToldAudience:
        return cls(
            receivers=hears.receivers,
            tenants=hears.tenants,
            subscriptions=hears.subscriptions,
            targeted=hears.targeted,
            public=hears.public,
            deferred=hears.later,
            skipped=hears.skipped,
            silent_tenants=hears.silent_count,
            waits=hears.waits,
        )


class Outcome(BaseModel):
    """What an act has led to; of a dry run, what it would lead to."""

    tracking_id: str | None = Field(description="Of a declaration that is only looked at: null.")
    dry_run: bool
    public: bool = Field(description="Whether everybody may read of it now.")
    publicity: Publicity
    url: str | None = Field(
        description="The public address. While `public` is false it answers like one that never was."
    )
    stage: str
    level: str
    changed: bool = Field(description="False: it was so already, and nobody was told anything.")
    decision: Verdict | None
    update: ToldUpdate | None = Field(description="What was said; null: nothing was.")
    audience: ToldAudience | None = Field(None, description="In a dry run: who is concerned.")
    confirm: int = Field(
        0,
        description="In a dry run: the number that `confirm` must be given; 0: none is asked for.",
    )


class IncidentRow(BaseModel):
    tracking_id: str
    kind: str
    level: str
    stage: str
    public_title: str
    internal_title: str
    audience: str
    public: bool
    publicity: Publicity
    url: str
    started_at: datetime
    detected_at: datetime | None
    mitigated_at: datetime | None
    closed_at: datetime | None
    scheduled_start: datetime | None
    scheduled_end: datetime | None
    published_at: datetime | None
    public_due_at: datetime | None = Field(
        description="A waiting public post goes out by itself then."
    )
    drill: bool
    automated: bool
    imported: bool
    merged_into: str | None
    impacts: list[ToldImpact]
    created_at: datetime
    updated_at: datetime


class IncidentWhole(IncidentRow):
    dependents: int
    targeted_channel: TargetedChannel
    platform_fault: bool
    note: str
    alarm: str
    decision: Verdict | None
    updates: list[ToldUpdate]


class IncidentPage(BaseModel):
    items: list[IncidentRow]
    next: str | None = Field(description="Give it as `cursor` for the page after this one.")


def entry_address(tracking_id: str) -> str:
    return f"{settings.BASE_URL}/status/history/{tracking_id}/"


def rows_of(incidents: Sequence[Incident]) -> list[IncidentRow]:
    """One question for what was hit, however many incidents; `merged_into` comes with them."""
    hit = impacts_of(incidents)
    return [IncidentRow(**_row(each, hit[each.pk])) for each in incidents]


def whole_of(incident: Incident) -> IncidentWhole:
    decision = incident.decisions.order_by("-id").first()
    said = incident.communications.select_related("actor").order_by("number")
    return IncidentWhole(
        **_row(incident, impacts_of([incident])[incident.pk]),
        dependents=incident.dependents,
        targeted_channel=TargetedChannel.AVAILABLE
        if incident.targeted_channel_available
        else TargetedChannel.UNAVAILABLE,
        platform_fault=incident.platform_fault,
        note=incident.note,
        alarm=incident.alarm,
        decision=verdict_of(decision),
        updates=[update_of(each) for each in said],
    )


def verdict_of(decision: Decision | None) -> Verdict | None:
    return Verdict.model_validate(decision.verdict) if decision else None


def update_of(said: Communication) -> ToldUpdate:
    return ToldUpdate(
        number=said.number,
        kind=said.kind,
        stage=said.stage,
        at=said.at,
        public_text=said.public_text,
        targeted_text=said.targeted_text,
        public_at=said.public_at,
        next_update_at=said.next_update_by,
        automated=said.automated,
        actor=said.actor.get_username() if said.actor else None,
    )


def impacts_of(incidents: Iterable[Incident]) -> Mapping[int, list[ToldImpact]]:
    """By incident; as plain values, since a page may have thousands."""
    found: dict[int, list[ToldImpact]] = defaultdict(list)
    values = Impact.objects.filter(occurrence__incident__in=[each.pk for each in incidents])
    for incident, service, region, extent, zones, level, started_at, ended_at in values.order_by(
        "occurrence__started_at", "occurrence_id", "id"
    ).values_list(
        "occurrence__incident_id",
        "service__slug",
        "region__slug",
        "extent",
        "zones",
        "level",
        "started_at",
        "ended_at",
    ):
        found[incident].append(
            ToldImpact.model_construct(
                service=service,
                region=region,
                extent=extent,
                zones=zones,
                level=level,
                started_at=started_at,
                ended_at=ended_at,
            )
        )
    return found


def is_public(incident: Incident) -> bool:
    return publicity_of(incident) == "public"


def _row(incident: Incident, impacts: list[ToldImpact]) -> dict[str, Any]:
    merged = incident.merged_into
    return {
        "tracking_id": incident.tracking_id,
        "kind": incident.kind,
        "level": incident.level,
        "stage": incident.stage,
        "public_title": incident.public_title,
        "internal_title": incident.internal_title,
        "audience": incident.audience,
        "public": is_public(incident),
        "publicity": publicity_of(incident),
        "url": entry_address(incident.tracking_id),
        "started_at": incident.started_at,
        "detected_at": incident.detected_at,
        "mitigated_at": incident.mitigated_at,
        "closed_at": incident.closed_at,
        "scheduled_start": incident.scheduled_for,
        "scheduled_end": incident.scheduled_until,
        "published_at": incident.published_at,
        "public_due_at": incident.public_due_at,
        "drill": incident.drill,
        "automated": incident.automated,
        "imported": incident.backfilled,
        "merged_into": merged.tracking_id if merged else None,
        "impacts": impacts,
        "created_at": incident.created_at,
        "updated_at": incident.updated_at,
    }
