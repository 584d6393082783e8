"""What people at the desk say to each other of a review that is being written. None of it leaves the desk."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser

from incidents.models import ReviewComment
from incidents.services.errors import EntryError
from incidents.services.statements import checked_text

LONGEST = 5000


def comment(
    *, incident_id: int, text: str, now: datetime, actor: AbstractBaseUser
) -> ReviewComment:
    """Raises EntryError for a comment that is empty, or too long."""
    text = checked_text("comment", text, LONGEST)
    if not text:
        raise EntryError("comment", "is empty; write what should be another way.")
    return ReviewComment.objects.create(incident_id=incident_id, text=text, by_id=actor.pk, at=now)


def resolve(*, comment_id: int, incident_id: int, now: datetime, actor: AbstractBaseUser) -> bool:
    """It has been seen to; False when it was before, or there is none."""
    found = ReviewComment.objects.filter(
        pk=comment_id, incident=incident_id, settled_at__isnull=True
    )
    return bool(found.update(settled_at=now, settled_by_id=actor.pk))
