"""What a tenant answers to an event, and how the operator takes it into the impacted list or refuses it.

Nothing here changes a list: what is taken becomes a draft, which somebody looks at and puts into force.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import connection, transaction
from django.db.models import QuerySet

from incidents.models import Incident
from incidents.services.errors import EntryError
from incidents.services.statements import checked_text
from notifications.audience.tenants import tenant_hits
from notifications.audience.tenants.tenant_events import TenantEvent
from notifications.customers import impacted_lists
from notifications.models import (
    AnswerState,
    CustomerSubscription,
    EventAnswer,
    Person,
    Tenant,
    WasHit,
)
from notifications.models.customers.event_answers import NOTE_LENGTH
from notifications.vocabulary import identifiers

# What a draft begins with: the one that waits, else the list in force, else the estimate by footprint.
_BEGIN = """
CREATE TEMPORARY TABLE chosen ON COMMIT DROP AS
SELECT DISTINCT id FROM (
  SELECT unnest(d.listed) AS id FROM notifications_listdraft d WHERE d.id = %(draft)s
  UNION ALL
  SELECT i.subscription_id FROM notifications_impactedsubscription i
  WHERE %(draft)s = 0 AND i.incident_id = %(incident)s
  UNION ALL
  SELECT f.subscription_id
  FROM incidents_occurrence o JOIN incidents_impact m ON m.occurrence_id = o.id
  JOIN notifications_footprint f USING (service_id, region_id)
  WHERE %(draft)s = 0 AND %(version)s = 0 AND o.incident_id = %(incident)s
) begun
"""
_ADD = """
INSERT INTO chosen SELECT id FROM unnest(%(named)s::bigint[]) AS named (id)
WHERE NOT EXISTS (SELECT FROM chosen WHERE chosen.id = named.id)
"""
_REMOVE = "DELETE FROM chosen WHERE id = ANY (%(named)s)"


def acknowledge(*, tenant: Tenant, incident: Incident, by: Person, now: datetime) -> None:
    """Note that somebody of the tenant has seen it; the first who says so is kept."""
    answer, _ = EventAnswer.objects.get_or_create(tenant=tenant, incident=incident)
    EventAnswer.objects.filter(pk=answer.pk, acknowledged_at=None).update(
        acknowledged_at=now, acknowledged_by=by
    )


@transaction.atomic
def answer(
    *,
    tenant: Tenant,
    event: TenantEvent,
    hit: str,
    refs: Collection[str],
    note: str,
    by: Person,
    now: datetime,
) -> EventAnswer:
    """Keep what a tenant says. Without `refs` it is about those that the event hits, else all. Raises EntryError."""
    if hit not in ("", *WasHit.values):
        raise EntryError("hit", f"{hit[:20]!r} is not known; choose one of the list.")
    said = checked_text("note", note, NOTE_LENGTH, lines=True)
    named = _named(tenant, event, refs) if hit else []
    row, _ = EventAnswer.objects.select_for_update().get_or_create(
        tenant=tenant, incident=event.incident
    )
    former = set(row.subscriptions.values_list("pk", flat=True))
    if (row.hit, former) != (hit, {each.pk for each in named}):
        row.state, row.settled_at, row.settled_by = "", None, None
    row.hit, row.note, row.answered_at, row.answered_by = hit, said, now, by
    row.save()
    row.subscriptions.set(named)
    return row


def _named(tenant: Tenant, event: TenantEvent, refs: Collection[str]) -> list[CustomerSubscription]:
    if not refs:
        hit = tenant_hits.subscriptions_hit(tenant, [event]).get(event.incident.pk, [])
        refs = [each.ref for each in hit]
        if not refs:
            return list(tenant.subscriptions.all())
    owned = {identifiers.key(each.ref): each for each in tenant.subscriptions.all()}
    for each in refs:
        if identifiers.key(each) not in owned:
            raise EntryError("subscriptions", f"{each[:64]} is none of yours; remove it.")
    return [owned[each] for each in {identifiers.key(ref) for ref in refs}]


def waiting(incident: Incident) -> QuerySet[EventAnswer]:
    """Proposals that nobody has taken or refused, the oldest first."""
    rows = EventAnswer.objects.filter(incident=incident, state="").exclude(hit="")
    return rows.order_by("answered_at", "pk")


@transaction.atomic
def take(*, incident: Incident, answer_id: int, now: datetime, actor: AbstractBaseUser) -> bool:
    """Put a proposal into the draft of the impacted list. False if it does not wait any more."""
    row = waiting(incident).select_for_update().filter(pk=answer_id).first()
    if row is None:
        return False
    version = impacted_lists.version_in_force(incident.pk)
    draft = incident.list_drafts.defer("listed").filter(on_version=version).first()
    facts: dict[str, Any] = {
        "incident": incident.pk,
        "version": version,
        "draft": draft.pk if draft else 0,
        "named": list(row.subscriptions.values_list("pk", flat=True)),
    }
    with connection.cursor() as cursor:
        cursor.execute(_BEGIN, facts)
        cursor.execute(_ADD if row.hit == WasHit.HIT else _REMOVE, facts)
        impacted_lists.draft_chosen(
            cursor,
            incident_id=incident.pk,
            file_name="What customers say",
            actor_id=actor.pk,
            now=now,
        )
    _close(row, AnswerState.TAKEN, now, actor)
    return True


@transaction.atomic
def refuse(*, incident: Incident, answer_id: int, now: datetime, actor: AbstractBaseUser) -> bool:
    """Leave the list as it is. False if the proposal does not wait any more."""
    row = waiting(incident).select_for_update().filter(pk=answer_id).first()
    if row is not None:
        _close(row, AnswerState.REFUSED, now, actor)
    return row is not None


def _close(row: EventAnswer, state: str, now: datetime, actor: AbstractBaseUser) -> None:
    EventAnswer.objects.filter(pk=row.pk).update(state=state, settled_at=now, settled_by=actor.pk)
