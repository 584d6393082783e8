"""The impacted list of an incident: what impact analysis has confirmed, replaced as a whole.

Each replacement that changes something is a version. Who came onto the list gets what the others have
already: the current state, and the review if there is one. A list may be looked at first, as a draft.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import connection, transaction
from django.db.models import Max, Q

from incidents.models import ApiToken, Incident
from incidents.services.decisions.operator_decisions import list_in_force
from incidents.vocabulary import Audience, CommunicationKind
from notifications.customers import named_subscriptions
from notifications.customers.impacted_file import Faults
from notifications.models import (
    AudienceVersion,
    FanOut,
    ImpactedSubscription,
    ListDraft,
)

_CHOOSE_DRAFT = """
CREATE TEMPORARY TABLE chosen ON COMMIT DROP AS
SELECT s.id FROM notifications_listdraft d CROSS JOIN unnest(d.listed) AS l (id)
JOIN notifications_customersubscription s ON s.id = l.id
WHERE d.id = %(draft)s
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
_SAMPLE_COMING = f"""
SELECT s.ref FROM notifications_customersubscription s WHERE s.id IN (SELECT c.id FROM {_COMING})
ORDER BY 1 LIMIT %(most)s
"""  # noqa: S608 - words of ours
_SAMPLE_LEAVING = f"""
SELECT s.ref FROM notifications_customersubscription s
WHERE s.id IN (SELECT i.subscription_id FROM {_LEAVING})
ORDER BY 1 LIMIT %(most)s
"""  # noqa: S608 - words of ours
_KEEP = """
UPDATE notifications_listdraft SET listed = ARRAY(SELECT id FROM chosen ORDER BY id)
WHERE id = %(draft)s
"""

Lines = Iterable[str]
DRAFTS_KEPT = timedelta(days=1)
SAMPLE = 10


class StaleDraftError(ValueError):
    """The list was replaced since the draft was compared with it."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Up to SAMPLE identifiers that a list adds and removes, in alphabetical order."""

    added: list[str]
    removed: list[str]


@dataclass(frozen=True, slots=True)
class Replaced:
    """What a replacement changed; `version` is None when the list was the same already."""

    subscriptions: int
    added: int
    removed: int
    version: int | None
    sample: Difference


@transaction.atomic
def replace_list(
    *,
    incident_id: int,
    lines: Lines,
    now: datetime,
    actor: AbstractBaseUser | None = None,
    token: ApiToken | None = None,
) -> Replaced:
    """Make these customer subscriptions the impacted list of an incident; all or nothing.

    `lines`: as `impacted_file` reads them, streamed. `token`: the one that `actor` came with. The list
    counts once the incident's audience is confirmed (`incidents.services.decisions.operator_decisions`). Where it is
    confirmed already, who is new on it is planned for the incident's latest update and review.
    Raises ImpactedFileError.
    """
    faults = Faults()
    with connection.cursor() as cursor:
        named_subscriptions.name(cursor, lines, faults)
        named_subscriptions.choose(cursor, faults)
        # Locked only now that all is read: lines may come slowly.
        incident = Incident.objects.select_for_update().get(pk=incident_id)
        return _replace(cursor, incident, now, actor, token)


def draft_chosen(
    cursor: Any, *, incident_id: int, file_name: str, actor_id: int | None, now: datetime
) -> ListDraft:
    """Keep what `named_subscriptions.choose` has chosen beside the list in force, with what it would change.

    Takes the place of an earlier draft of the incident. To be called in the transaction of the choice.
    """
    incident = Incident.objects.select_for_update().get(pk=incident_id)
    ListDraft.objects.filter(Q(incident=incident) | Q(made_at__lt=now - DRAFTS_KEPT)).delete()
    cursor.execute(_COMPARE, {"incident": incident.pk})
    subscriptions, added, removed = cursor.fetchone() or (0, 0, 0)
    draft = ListDraft.objects.create(
        incident=incident,
        file_name=file_name,
        on_version=version_in_force(incident.pk),
        subscriptions=subscriptions,
        added=added,
        removed=removed,
        sample=asdict(_sample(cursor, incident)),
        actor_id=actor_id,
        made_at=now,
    )
    cursor.execute(_KEEP, {"draft": draft.pk})
    cursor.execute("DROP TABLE chosen")
    return draft


@transaction.atomic
def apply_draft(*, draft_id: int, now: datetime, actor: AbstractBaseUser) -> Replaced:
    """Put a draft into force; it is gone afterwards. Raises ListDraft.DoesNotExist, StaleDraftError."""
    draft = ListDraft.objects.defer("listed").get(pk=draft_id)
    incident = Incident.objects.select_for_update().get(pk=draft.incident_id)
    if version_in_force(incident.pk) != draft.on_version:
        raise StaleDraftError("the list was replaced meanwhile; hand the file in again.")
    with connection.cursor() as cursor:
        cursor.execute(_CHOOSE_DRAFT, {"draft": draft.pk})
        cursor.execute("ANALYZE chosen")
        replaced = _replace(cursor, incident, now, actor)
    draft.delete()
    return replaced


def _replace(
    cursor: Any,
    incident: Incident,
    now: datetime,
    actor: AbstractBaseUser | None,
    token: ApiToken | None = None,
) -> Replaced:
    facts = {"incident": incident.pk}
    sample = _sample(cursor, incident)
    cursor.execute(_REMOVE, facts)
    removed = cursor.rowcount
    cursor.execute(_ADD, facts)
    added = cursor.rowcount
    cursor.execute("DROP TABLE chosen")
    subscriptions = ImpactedSubscription.objects.filter(incident=incident).count()
    if not added and not removed:
        return Replaced(subscriptions, added, removed, None, sample)
    made = AudienceVersion.objects.create(
        incident=incident,
        version=version_in_force(incident.pk) + 1,
        subscriptions=subscriptions,
        added=added,
        removed=removed,
        actor_id=actor.pk if actor else None,
        token=token,
        made_at=now,
    )
    list_in_force(incident=incident, version=made.version)
    if incident.audience == Audience.CONFIRMED and added:
        _tell_the_added(incident, made.version, now)
    return Replaced(subscriptions, added, removed, made.version, sample)


def _sample(cursor: Any, incident: Incident) -> Difference:
    found: list[list[str]] = []
    for statement in (_SAMPLE_COMING, _SAMPLE_LEAVING):
        cursor.execute(statement, {"incident": incident.pk, "most": SAMPLE})
        found.append([ref for (ref,) in cursor.fetchall()])
    return Difference(added=found[0], removed=found[1])


def version_in_force(incident_id: int) -> int:
    """The number of the newest version; 0 while there is no list."""
    versions = AudienceVersion.objects.filter(incident=incident_id)
    return versions.aggregate(latest=Max("version"))["latest"] or 0


def _tell_the_added(incident: Incident, version: int, now: datetime) -> None:
    """A planning of its own for what is current: the latest review, and the latest other statement.

    Whoever has a delivery of it already gets no second one. The sweep finds the planning.
    """
    said = incident.communications.exclude(targeted_text="").order_by("-number")
    review, other = (
        said.filter(kind=CommunicationKind.REVIEW).first(),
        said.exclude(kind=CommunicationKind.REVIEW).first(),
    )
    # Version 1 is the planning of the communication itself.
    FanOut.objects.bulk_create(
        FanOut(communication=each, audience_version=version + 1, started_at=now)
        for each in (other, review)
        if each is not None
    )
