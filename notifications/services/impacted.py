"""The impacted list of an incident: what impact analysis has confirmed, replaced as a whole.

Each replacement that changes something is a version. Who came onto the list gets what the others have
already: the current state, and the review if there is one. A list may be looked at first, as a draft.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import connection, transaction
from django.db.models import Max, Q

from incidents.models import Incident
from incidents.models.words import Audience
from notifications.models import (
    AudienceVersion,
    CustomerSubscription,
    FanOut,
    ImpactedSubscription,
    ListDraft,
)

_MISSING = """
SELECT n.line, n.ref FROM named n
WHERE NOT EXISTS (SELECT FROM notifications_customersubscription s WHERE s.ref = n.ref)
ORDER BY 1 LIMIT %(most)s
"""

_CHOOSE = """
CREATE TEMPORARY TABLE chosen ON COMMIT DROP AS
SELECT DISTINCT s.id FROM named n JOIN notifications_customersubscription s ON s.ref = n.ref
"""

_CHOOSE_DRAFT = """
CREATE TEMPORARY TABLE chosen ON COMMIT DROP AS
SELECT subscription_id AS id FROM notifications_draftedsubscription WHERE draft_id = %(draft)s
"""

_LEAVING = """
notifications_impactedsubscription i WHERE i.incident_id = %(incident)s
  AND NOT EXISTS (SELECT FROM chosen c WHERE c.id = i.subscription_id)
"""
_COMING = """
chosen c WHERE NOT EXISTS (SELECT FROM notifications_impactedsubscription i
  WHERE i.incident_id = %(incident)s AND i.subscription_id = c.id)
"""

_REMOVE = f"DELETE FROM {_LEAVING}"  # noqa: S608 - words of ours
_ADD = f"""
INSERT INTO notifications_impactedsubscription (incident_id, subscription_id)
SELECT %(incident)s, c.id FROM {_COMING}
"""  # noqa: S608 - words of ours
_COMPARE = f"""
SELECT (SELECT count(*) FROM chosen), (SELECT count(*) FROM {_COMING}), (SELECT count(*) FROM {_LEAVING})
"""  # noqa: S608 - words of ours
_KEEP = """
INSERT INTO notifications_draftedsubscription (draft_id, subscription_id)
SELECT %(draft)s, id FROM chosen
"""

MOST_FAULTS = 100
DRAFTS_KEPT = timedelta(days=1)
SAMPLE = 10


class UnknownSubscriptionsError(ValueError):
    """Identifiers on a list that no customer subscription has; `faults`: line and identifier."""

    def __init__(self, faults: list[tuple[int, str]]) -> None:
        self.faults = faults
        self.refs = [ref for _, ref in faults]
        super().__init__(f"no such subscription: {', '.join(self.refs)}; load the customers first.")


class StaleDraftError(ValueError):
    """The list was replaced since the draft was compared with it."""


@dataclass(frozen=True, slots=True)
class Replaced:
    """What a replacement changed; `version` is None when the list was the same already."""

    subscriptions: int
    added: int
    removed: int
    version: int | None


@dataclass(frozen=True, slots=True)
class Difference:
    """Some identifiers that a draft would add and remove, in alphabetical order."""

    added: list[str]
    removed: list[str]


@transaction.atomic
def replace_list(
    *,
    incident_id: int,
    refs: Iterable[tuple[int, str]],
    now: datetime,
    actor: AbstractBaseUser | None = None,
) -> Replaced:
    """Make these customer subscriptions the impacted list of an incident; all or nothing.

    `refs`: line numbers and identifiers, streamed. The list counts once the incident's audience is
    confirmed (`incidents.services.judgement`). Where it is confirmed already, who is new on it is
    planned for the incident's latest update and review. Raises UnknownSubscriptionsError.
    """
    incident = Incident.objects.select_for_update().get(pk=incident_id)
    with connection.cursor() as cursor:
        _choose(cursor, refs)
        return _replace(cursor, incident, now, actor)


@transaction.atomic
def draft_list(
    *,
    incident_id: int,
    refs: Iterable[tuple[int, str]],
    file_name: str,
    now: datetime,
    actor: AbstractBaseUser,
) -> ListDraft:
    """Read a list and keep it beside the one in force, with what it would change.

    Takes the place of an earlier draft of the incident. Raises UnknownSubscriptionsError.
    """
    incident = Incident.objects.select_for_update().get(pk=incident_id)
    ListDraft.objects.filter(Q(incident=incident) | Q(made_at__lt=now - DRAFTS_KEPT)).delete()
    with connection.cursor() as cursor:
        _choose(cursor, refs)
        cursor.execute(_COMPARE, {"incident": incident.pk})
        subscriptions, added, removed = cursor.fetchone() or (0, 0, 0)
        draft = ListDraft.objects.create(
            incident=incident,
            file_name=file_name[:200],
            on_version=_latest_version(incident),
            subscriptions=subscriptions,
            added=added,
            removed=removed,
            actor_id=actor.pk,
            made_at=now,
        )
        cursor.execute(_KEEP, {"draft": draft.pk})
        cursor.execute("DROP TABLE chosen")
    return draft


def difference(draft: ListDraft) -> Difference:
    """Up to SAMPLE identifiers of each side."""
    drafted, listed = draft.drafted.values("subscription"), draft.incident.impacted
    known = listed.values("subscription")
    refs = CustomerSubscription.objects.order_by("ref").values_list("ref", flat=True)
    return Difference(
        added=list(refs.filter(pk__in=drafted).exclude(pk__in=known)[:SAMPLE]),
        removed=list(refs.filter(pk__in=known).exclude(pk__in=drafted)[:SAMPLE]),
    )


@transaction.atomic
def apply_draft(*, draft_id: int, now: datetime, actor: AbstractBaseUser) -> Replaced:
    """Put a draft into force; it is gone afterwards. Raises ListDraft.DoesNotExist, StaleDraftError."""
    draft = ListDraft.objects.get(pk=draft_id)
    incident = Incident.objects.select_for_update().get(pk=draft.incident_id)
    if _latest_version(incident) != draft.on_version:
        raise StaleDraftError("the list was replaced meanwhile; hand the file in again.")
    with connection.cursor() as cursor:
        cursor.execute(_CHOOSE_DRAFT, {"draft": draft.pk})
        cursor.execute("ANALYZE chosen")
        replaced = _replace(cursor, incident, now, actor)
    draft.delete()
    return replaced


def _choose(cursor: Any, refs: Iterable[tuple[int, str]]) -> None:
    """The temporary table `chosen`: the subscriptions that are named, each once."""
    cursor.execute("CREATE TEMPORARY TABLE named (line int, ref text) ON COMMIT DROP")
    with cursor.copy("COPY named FROM STDIN") as copy:
        for row in refs:
            copy.write_row(row)
    cursor.execute("CREATE INDEX ON named (ref); ANALYZE named")
    cursor.execute(_MISSING, {"most": MOST_FAULTS})
    if missing := [(line, ref) for line, ref in cursor.fetchall()]:
        raise UnknownSubscriptionsError(missing)
    cursor.execute(_CHOOSE)
    cursor.execute("DROP TABLE named; ANALYZE chosen")


def _replace(
    cursor: Any, incident: Incident, now: datetime, actor: AbstractBaseUser | None
) -> Replaced:
    facts = {"incident": incident.pk}
    cursor.execute(_REMOVE, facts)
    removed = cursor.rowcount
    cursor.execute(_ADD, facts)
    added = cursor.rowcount
    cursor.execute("DROP TABLE chosen")
    subscriptions = ImpactedSubscription.objects.filter(incident=incident).count()
    if not added and not removed:
        return Replaced(subscriptions, added, removed, None)
    made = AudienceVersion.objects.create(
        incident=incident,
        version=_latest_version(incident) + 1,
        subscriptions=subscriptions,
        added=added,
        removed=removed,
        actor_id=actor.pk if actor else None,
        made_at=now,
    )
    if incident.audience == Audience.CONFIRMED and added:
        _tell_the_added(incident, made.version, now)
    return Replaced(subscriptions, added, removed, made.version)


def _latest_version(incident: Incident) -> int:
    return incident.audience_versions.aggregate(latest=Max("version"))["latest"] or 0


def _tell_the_added(incident: Incident, version: int, now: datetime) -> None:
    """A planning of its own for what is current: the latest review, and the latest other statement.

    Whoever has a delivery of it already gets no second one. The sweep finds the planning.
    """
    said = incident.communications.exclude(targeted_text="").order_by("-number")
    review, other = said.filter(kind="review").first(), said.exclude(kind="review").first()
    # Version 1 is the planning of the communication itself.
    FanOut.objects.bulk_create(
        FanOut(communication=each, audience_version=version + 1, started_at=now)
        for each in (other, review)
        if each is not None
    )
