"""An update not yet sent gives way to a newer one that says as much or more."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection

# Covering: every cell of the older update is in the newer one's scope. Reviews, retractions and
# corrections neither give way nor push anything aside, and "you were not affected" stands alone.
_SUPERSEDE = """
UPDATE notifications_delivery old
SET state = 'skipped', skip_reason = 'superseded'
FROM incidents_communication said
WHERE old.incident_id = %(incident)s AND old.state = 'pending'
  AND (%(ids)s::bigint[] IS NULL OR old.id = ANY (%(ids)s::bigint[]))
  AND said.id = old.communication_id AND said.kind = 'update'
  AND old.relevance <> 'not-impacted'
  AND EXISTS (
    SELECT FROM notifications_delivery new
    JOIN incidents_communication newer ON newer.id = new.communication_id
    WHERE new.incident_id = old.incident_id AND new.endpoint_id = old.endpoint_id
      AND new.communication_id > old.communication_id AND newer.kind = 'update'
      AND new.audience = old.audience AND new.relevance <> 'not-impacted'
      AND new.state IN ('pending', 'sending', 'sent')
      AND NOT EXISTS (
        SELECT FROM incidents_scopecell cell
        WHERE cell.communication_id = old.communication_id AND NOT EXISTS (
          SELECT FROM incidents_scopecell covered
          WHERE covered.communication_id = new.communication_id
            AND covered.service_id = cell.service_id AND covered.region_id = cell.region_id)))
"""


def supersede(*, incident_id: int, delivery_ids: Sequence[int] | None = None) -> int:
    """Skip what is superseded in one incident (or among these deliveries of it); returns how many.

    Called when a newer update has been planned, and when an older one comes back to wait.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _SUPERSEDE,
            {"incident": incident_id, "ids": list(delivery_ids) if delivery_ids else None},
        )
        return int(cursor.rowcount)
