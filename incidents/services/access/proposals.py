"""What waits for a second person: kept, found again, done or dropped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.contrib.auth.models import User
from django.db.models import QuerySet

from incidents.models import Incident, Proposal

Fields = Mapping[str, Sequence[str]]
# What may need two people (settings.FOUR_EYES), and what a person prepares who may not do it.
ACTS = POST, REVIEW, WITHDRAWAL, POLICY, DRAFT = "post", "review", "withdrawal", "policy", "draft"


def waiting() -> QuerySet[Proposal]:
    """The newest first."""
    return Proposal.objects.filter(settled_at=None).select_related("by", "incident").order_by("-id")


def keep(
    *, act: str, path: str, fields: Fields, incident: Incident | None, now: datetime, actor: User
) -> Proposal:
    """The same one again when it is sent a second time by the same person."""
    given = {name: list(values) for name, values in fields.items()}
    earlier = waiting().filter(act=act, path=path, by=actor, fields=given).first()
    return earlier or Proposal.objects.create(
        act=act, path=path, fields=given, incident=incident, by=actor, at=now
    )


def close(*, proposal_id: int, now: datetime, actor: User, dropped: bool = False) -> bool:
    """Done, or dropped; False when it was before."""
    return bool(
        Proposal.objects.filter(pk=proposal_id, settled_at=None).update(
            settled_at=now, settled_by=actor, dropped=dropped
        )
    )
