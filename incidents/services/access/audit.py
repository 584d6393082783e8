"""The audit: every decision, confirmation and override, with who, when, why, of which facts, by which policy."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from incidents.models import Decision

COLUMNS = (
    "decision",
    "tracking_id",
    "decided_at",
    "actor",
    "policy",
    "policy_version",
    "rule",
    "scenario",
    "public",
    "review",
    "needs_confirmation",
    "override_public",
    "reason",
    "because",
    "facts",
)


def decisions(
    *, tracking_id: str = "", since: datetime | None = None, until: datetime | None = None
) -> QuerySet[Decision]:
    """Decisions of one incident or of all, made from `since` (UTC) on and before `until`, the oldest first."""
    found = Decision.objects.select_related("incident", "actor").order_by("id")
    if tracking_id:
        found = found.filter(incident__tracking_id=tracking_id)
    if since:
        found = found.filter(decided_at__gte=since)
    if until:
        found = found.filter(decided_at__lt=until)
    return found


def records(found: QuerySet[Decision]) -> Iterator[dict[str, Any]]:
    """One JSON-able record a decision, with the keys of COLUMNS; streamed, however many there are."""
    for each in found.iterator(chunk_size=500):
        yield {
            "decision": each.pk,
            "tracking_id": each.incident.tracking_id,
            "decided_at": each.decided_at.isoformat(),
            "actor": each.actor.get_username() if each.actor else None,
            "policy": each.policy,
            "policy_version": each.policy_version,
            "rule": each.rule,
            "scenario": each.scenario,
            "public": each.public,
            "review": each.review,
            "needs_confirmation": each.verdict["needs_confirmation"],
            "override_public": each.override_public,
            "reason": each.reason,
            "because": each.verdict["because"],
            "facts": each.facts,
        }
