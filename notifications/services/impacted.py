"""The impacted list of an incident: what impact analysis has confirmed, replaced as a whole.

Each replacement that changes something is a version. Who came onto the list gets what the others have
already: the current state, and the review if there is one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import connection, transaction
from django.db.models import Max

from incidents.models import Incident
from incidents.models.words import Audience
from notifications.models import AudienceVersion, FanOut, ImpactedSubscription

_MISSING = """
SELECT n.line, n.ref FROM named n
WHERE NOT EXISTS (SELECT FROM notifications_customersubscription s WHERE s.ref = n.ref)
ORDER BY 1 LIMIT %(most)s
"""

_REMOVE = """
DELETE FROM notifications_impactedsubscription i
USING notifications_customersubscription s
WHERE i.incident_id = %(incident)s AND s.id = i.subscription_id
  AND NOT EXISTS (SELECT FROM named n WHERE n.ref = s.ref)
"""

_ADD = """
INSERT INTO notifications_impactedsubscription (incident_id, subscription_id)
SELECT DISTINCT %(incident)s::bigint, s.id FROM named n
JOIN notifications_customersubscription s ON s.ref = n.ref
ON CONFLICT DO NOTHING
"""

MOST_FAULTS = 100


class UnknownSubscriptionsError(ValueError):
    """Identifiers on a list that no customer subscription has; `faults`: line and identifier."""

    def __init__(self, faults: list[tuple[int, str]]) -> None:
        self.faults = faults
        self.refs = [ref for _, ref in faults]
        super().__init__(f"no such subscription: {', '.join(self.refs)}; load the customers first.")


@dataclass(frozen=True, slots=True)
class Replaced:
    """What a replacement changed; `version` is None when the list was the same already."""

    subscriptions: int
    added: int
    removed: int
    version: int | None


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
    facts = {"incident": incident_id}
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE named (line int, ref text) ON COMMIT DROP")
        with cursor.copy("COPY named FROM STDIN") as copy:
            for row in refs:
                copy.write_row(row)
        cursor.execute("CREATE INDEX ON named (ref); ANALYZE named")
        cursor.execute(_MISSING, {"most": MOST_FAULTS})
        if missing := [(line, ref) for line, ref in cursor.fetchall()]:
            raise UnknownSubscriptionsError(missing)
        cursor.execute(_REMOVE, facts)
        removed = cursor.rowcount
        cursor.execute(_ADD, facts)
        added = cursor.rowcount
        cursor.execute("DROP TABLE named")
    subscriptions = ImpactedSubscription.objects.filter(incident=incident).count()
    if not added and not removed:
        return Replaced(subscriptions, added, removed, None)
    latest = incident.audience_versions.aggregate(latest=Max("version"))["latest"] or 0
    made = AudienceVersion.objects.create(
        incident=incident,
        version=latest + 1,
        subscriptions=subscriptions,
        added=added,
        removed=removed,
        actor_id=actor.pk if actor else None,
        made_at=now,
    )
    if incident.audience == Audience.CONFIRMED and added:
        _tell_the_added(incident, made.version, now)
    return Replaced(subscriptions, added, removed, made.version)


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
