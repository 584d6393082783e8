"""Whether somebody else was faster: what a form has seen, against what there is.

A form carries the number of the last communication and the id of the last decision it was made from.
The comparison happens under the incident's lock, so that of two operators one always learns of the
other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Exists, OuterRef

from incidents.models import Communication, Decision, Incident, ScheduledPost
from incidents.services.incident import locked
from incidents.services.scheduled import posts

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class News:
    """What was said and decided since a form was made."""

    communications: list[Communication]
    decisions: list[Decision]

    def __bool__(self) -> bool:
        return bool(self.communications or self.decisions)


class StaleError(Exception):
    """A form that was made before the latest news; nothing was written."""

    def __init__(self, news: News) -> None:
        super().__init__("somebody else was faster")
        self.news = news


def seen_now(incident: Incident) -> str:
    """The mark that forms carry: `3-17`."""
    number = incident.communications.order_by("-number").values_list("number", flat=True).first()
    decision = incident.decisions.order_by("-id").values_list("id", flat=True).first()
    return f"{number or 0}-{decision or 0}"


def news_since(incident: Incident, seen: str, actor: User | None = None) -> News:
    """Empty when the form is up to date; a mark that cannot be read has seen nothing.

    What `actor` sent and could still take back when the form was made is no news to them.
    """
    number, decision = _read(seen)
    own = ScheduledPost.objects.filter(communication=OuterRef("pk"), by=actor, brief=True)
    return News(
        list(
            incident.communications.filter(~Exists(own), number__gt=number)
            .select_related("actor")
            .order_by("number")
        ),
        # What was decided with a statement is told by the statement.
        list(
            incident.decisions.filter(id__gt=decision, communications__isnull=True)
            .select_related("actor")
            .order_by("id")
        ),
    )


def require_fresh(incident: Incident, seen: str, actor: User | None = None) -> None:
    """Raise StaleError if there is news. The incident must be locked."""
    if news := news_since(incident, seen, actor):
        raise StaleError(news)


def if_fresh(
    incident: Incident, seen: str, act: Callable[[], T], *, now: datetime, actor: User
) -> T:
    """Act under the incident's lock unless there is news; raises StaleError and what `act` raises.

    What `actor` could still take back goes out first: it is what the next step goes on from.
    """
    with transaction.atomic():
        require_fresh(locked(incident.pk), seen, actor)
        posts.send_own(incident_id=incident.pk, now=now, actor=actor)
        return act()


def _read(seen: str) -> tuple[int, int]:
    number, _, decision = seen[:40].partition("-")
    if number.isascii() and number.isdigit() and decision.isascii() and decision.isdigit():
        return min(int(number), 2**31 - 1), min(int(decision), 2**63 - 1)
    return 0, 0
