"""Two tracking IDs that turned out to be one incident: the absorbed one leads to the surviving one."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from incidents import lifecycle
from incidents.models import Communication, Impact, Incident
from incidents.policy import FactsError
from incidents.services.decisions import decision_recording
from incidents.services.errors import EntryError
from incidents.services.impacts import end_impacts, update_mitigation
from incidents.services.incident import locked, post_update
from incidents.services.inputs import Changes, Hit, Statement
from incidents.services.statements import checked_text
from incidents.vocabulary import CommunicationKind
from incidents.wording import WordingFacts


@transaction.atomic
def merge(
    *,
    absorbed_id: int,
    into_id: int,
    reason: str,
    now: datetime,
    actor: AbstractBaseUser,
    statement: Statement | None = None,
) -> Communication:
    """Absorb one incident into another, which goes on alone; returns what the survivor says of it.

    The survivor takes over the cells that are still open; whoever was told of the absorbed one
    belongs to the audience of the survivor from then on. A public entry may only be absorbed by a
    public one: its address then shows the survivor. The tracking ID of an entry that was never
    public is not named publicly. Raises EntryError when the two cannot be one.
    """
    # In the order of their ids: two operators who merge crosswise wait for, not on each other.
    both = {each: locked(each) for each in sorted({absorbed_id, into_id})}
    absorbed, survivor = both[absorbed_id], both[into_id]
    reason = checked_text("reason", reason, 500)
    _check(absorbed, survivor, reason)
    changes = Changes(hits=_taken_over(absorbed, survivor))
    _close(absorbed, survivor, reason=reason, now=now, actor=actor)
    return post_update(
        incident_id=survivor.pk,
        now=now,
        statement=_statement(absorbed, survivor, statement or Statement(), now),
        changes=changes,
        actor=actor,
    )


@transaction.atomic
def unmerge(*, incident_id: int, now: datetime, actor: AbstractBaseUser) -> None:
    """Take a merge back: the incident has its own entry again, closed, until an update re-opens it.

    A decision records who did it.

    The survivor keeps the cells it took over; recover them there. Raises EntryError if it is not merged.
    """
    incident = locked(incident_id)
    if incident.merged_into is None:
        raise EntryError("incident", f"{incident.tracking_id} is not merged into another one.")
    _record(incident, f"Taken apart from {incident.merged_into.tracking_id}.", now, actor)
    incident.merged_into = None
    incident.updated_at = now
    incident.save()


def _check(absorbed: Incident, survivor: Incident, reason: str) -> None:
    if absorbed.pk == survivor.pk:
        raise EntryError("into", f"{absorbed.tracking_id} is this incident; name another one.")
    for each in (absorbed, survivor):
        _check_stands(each)
    if absorbed.kind != survivor.kind:
        raise EntryError(
            "into",
            f"{survivor.tracking_id} is a {survivor.get_kind_display().lower()} and"
            f" {absorbed.tracking_id} a {absorbed.get_kind_display().lower()}; merge equal kinds.",
        )
    if survivor.stage in lifecycle.CLOSED:
        raise EntryError(
            "into", f"{survivor.tracking_id} is closed; re-open it, or merge the other way round."
        )
    if absorbed.drill or survivor.drill:
        raise EntryError("into", "one of the two is a drill; a drill is merged with nothing.")
    if absorbed.published_at is not None and survivor.published_at is None:
        raise EntryError(
            "into",
            f"{absorbed.tracking_id} is public and {survivor.tracking_id} is not, so readers would"
            " lose it; merge the other way round.",
        )
    if not reason:
        raise EntryError("reason", "is empty; write why the two are one incident.")


def _check_stands(incident: Incident) -> None:
    """Refuse what is history, gone, or part of another incident already."""
    name = incident.tracking_id
    if incident.backfilled:
        raise EntryError("into", f"{name} comes from a history text; it stays as it is.")
    if incident.merged_into is not None:
        survivor = incident.merged_into.tracking_id
        raise EntryError("into", f"{name} was merged into {survivor}; use that one.")
    if incident.withdrawn_at is not None:
        raise EntryError("into", f"{name} was withdrawn; it stays withdrawn.")
    if incident.false_positive:
        raise EntryError("into", f"{name} was retracted as a false positive; it stays retracted.")


def _taken_over(absorbed: Incident, survivor: Incident) -> list[Hit]:
    """The absorbed one's open cells that the survivor does not have open itself."""
    impacts = Impact.objects.open().select_related("service", "region")
    own = set(impacts.filter(occurrence__incident=survivor).values_list("service_id", "region_id"))
    return [
        Hit(
            impact.service,
            impact.region,
            extent=impact.extent,
            level=decision_recording.lower_level(impact.level, survivor.level),
            zones=tuple(impact.zones),
        )
        for impact in impacts.filter(occurrence__incident=absorbed).order_by("id")
        if (impact.service_id, impact.region_id) not in own
    ]


def _close(
    absorbed: Incident,
    survivor: Incident,
    *,
    reason: str,
    now: datetime,
    actor: AbstractBaseUser,
) -> None:
    """End what is open, record who merged and why, and lead earlier merges on to the survivor."""
    end_impacts(absorbed, Impact.objects.filter(occurrence__incident=absorbed).open(), now)
    update_mitigation(absorbed)
    _record(absorbed, f"Merged into {survivor.tracking_id}: {reason}"[:500], now, actor)
    absorbed.merged_into = survivor
    absorbed.public_due_at = None
    absorbed.closed_at = absorbed.closed_at or now
    absorbed.updated_at = now
    absorbed.save()
    Incident.objects.filter(merged_into=absorbed).update(merged_into=survivor, updated_at=now)


def _record(incident: Incident, reason: str, now: datetime, actor: AbstractBaseUser) -> None:
    try:
        decision_recording.record_decision(incident, now=now, actor=actor, reason=reason)
    except FactsError as error:
        raise EntryError("facts", str(error)) from error


def _statement(
    absorbed: Incident, survivor: Incident, statement: Statement, now: datetime
) -> Statement:
    """Without words of its own it says again what is known of the two, and then that they are one.

    Cause, workaround and promise stay before everybody's eyes. A tracking ID that was never public is not named
    publicly, and nothing of a text that was not posted is said again there.
    """
    both = (survivor, absorbed)
    promised = filter(None, (_promised(each) for each in both))
    promise = min((by for by in promised if by > now), default=None)
    statement = replace(statement, next_update_by=statement.next_update_by or promise)
    if statement.public_text.strip() or statement.targeted_text.strip():
        return statement
    named = WordingFacts("merged", kind=survivor.kind, other=absorbed.tracking_id)
    unnamed = replace(named, other="")
    public = [_last_words(each, public=True) for each in both]
    targeted = [_last_words(each, public=False) for each in both]
    return replace(
        statement,
        public_facts=[*filter(None, public), named if absorbed.published_at else unnamed],
        targeted_facts=[*filter(None, targeted), named],
    )


def _last_words(incident: Incident, *, public: bool) -> WordingFacts | None:
    """What a person said of it last, to be said again."""
    column = "public_text" if public else "targeted_text"
    said = incident.communications.exclude(**{column: ""}).filter(kind=CommunicationKind.UPDATE)
    said = said.exclude(written_from__has_key="public" if public else "targeted")
    if public:
        said = said.filter(public_at__isnull=False)
    last = said.order_by("-number").first()
    if last is None:
        return None
    return WordingFacts("quoted", times={"at": last.at}, quote=getattr(last, column))


def _promised(incident: Incident) -> datetime | None:
    """When the last statement promised another one."""
    last = incident.communications.order_by("-number").first()
    return last.next_update_by if last else None
