"""The impacted list of an incident: what impact analysis has confirmed, replaced as a whole."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import connection, transaction

from incidents.models import Incident

_MISSING = """
SELECT n.ref FROM named n
WHERE NOT EXISTS (SELECT FROM notifications_customersubscription s WHERE s.ref = n.ref)
ORDER BY 1 LIMIT 20
"""

_REMOVE = """
DELETE FROM notifications_impactedsubscription i
USING notifications_customersubscription s
WHERE i.incident_id = %(incident)s AND s.id = i.subscription_id
  AND NOT EXISTS (SELECT FROM named n WHERE n.ref = s.ref)
"""

_ADD = """
INSERT INTO notifications_impactedsubscription (incident_id, subscription_id)
SELECT %(incident)s, s.id FROM named n
JOIN notifications_customersubscription s ON s.ref = n.ref
ON CONFLICT DO NOTHING
"""


class UnknownSubscriptionsError(ValueError):
    """Identifiers on a list that no customer subscription has; `refs` names the first 20."""

    def __init__(self, refs: list[str]) -> None:
        super().__init__(f"no such subscription: {', '.join(refs)}; load the customers first.")
        self.refs = refs


@dataclass(frozen=True, slots=True)
class Replaced:
    added: int
    removed: int


@transaction.atomic
def replace_list(*, incident_id: int, refs: Iterable[str]) -> Replaced:
    """Make these customer subscriptions the impacted list of an incident; all or nothing.

    The list counts once the incident's audience is confirmed (`incidents.services.judgement`), and
    for the communications after that. Raises UnknownSubscriptionsError.
    """
    Incident.objects.select_for_update().get(pk=incident_id)
    facts = {"incident": incident_id}
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE named (ref text PRIMARY KEY) ON COMMIT DROP")
        with cursor.copy("COPY named FROM STDIN") as copy:
            for ref in dict.fromkeys(refs):
                copy.write_row((ref,))
        cursor.execute("ANALYZE named")
        cursor.execute(_MISSING)
        if missing := [row[0] for row in cursor.fetchall()]:
            raise UnknownSubscriptionsError(missing)
        cursor.execute(_REMOVE, facts)
        removed = cursor.rowcount
        cursor.execute(_ADD, facts)
        added = cursor.rowcount
        cursor.execute("DROP TABLE named")
    return Replaced(added=added, removed=removed)
