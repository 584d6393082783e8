"""Feedback on a published review: taken from anybody, about public reviews alone, without a trace of the giver."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime

from django.db import transaction

from incidents.models import Review, ReviewFeedback
from incidents.models.feedback import LONGEST
from incidents.models.incident import TRACKING_ID
from incidents.services.errors import EntryError
from incidents.services.statements import checked_text

LEAST, MOST = 1, 5
MOST_OF_A_REVIEW = 10_000  # more tell nothing new, and a flood must end somewhere


def public_review(tracking_id: str) -> Review | None:
    """The newest public review of a public incident; None for every other ID, whatever it belongs to."""
    if not re.fullmatch(TRACKING_ID, tracking_id):  # the database refuses some characters
        return None
    reviews = Review.objects.public().filter(incident__tracking_id=tracking_id)
    return reviews.select_related("incident").order_by("-version").first()


@transaction.atomic
def give_feedback(
    *, tracking_id: str, key: uuid.UUID, useful: int, clear: int, missing: str = "", now: datetime
) -> bool:
    """Note three answers (two of 1 to 5, one in words) about the newest public review.

    False when this form (`key`) was taken before. Raises EntryError for answers that cannot be, and for
    an ID without a public review.
    """
    review = public_review(tracking_id)
    if review is None:
        raise EntryError("tracking_id", f"{tracking_id!r} has no public review.")
    for name, value in (("useful", useful), ("clear", clear)):
        if not LEAST <= value <= MOST:
            raise EntryError(name, f"{value} is not between {LEAST} and {MOST}.")
    text = checked_text("missing", missing, LONGEST)
    if ReviewFeedback.objects.filter(review=review).count() >= MOST_OF_A_REVIEW:
        raise EntryError("tracking_id", "has so many answers that no more are taken.")
    _, taken = ReviewFeedback.objects.get_or_create(
        key=key,
        defaults={
            "review": review,
            "useful": useful,
            "clear": clear,
            "missing": text,
            "given_on": now.astimezone(UTC).date(),
        },
    )
    return taken
