"""An update not yet sent gives way to a newer one that says as much or more."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection

# Covering: every cell of the older update is in the newer one's scope. Reviews, retractions and
# corrections neither give way nor push anything aside, and "you were not affected" stands alone.
# What waits in a digest gives way like what waits alone; a digest only where another takes its item. A digest
# that somebody is claiming at this moment keeps its items: it may be read already (and waiting for
# the claim would be a deadlock, as claims take along the items of others).
_SUPERSEDE = """
WITH digest_ids AS MATERIALIZED (
  SELECT digest_id.id FROM notifications_delivery digest_id
  WHERE digest_id.state = 'pending' AND digest_id.id IN (
    SELECT item.digest_id FROM notifications_delivery item
    WHERE item.incident_id = %(incident)s AND item.skip_reason = 'in_digest')
  FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE notifications_delivery old
SET state = 'skipped', skip_reason = 'superseded', deferred = ''
FROM incidents_communication said
WHERE old.incident_id = %(incident)s
  AND (old.state = 'pending'
    OR (old.skip_reason = 'in_digest' AND old.digest_id IN (SELECT id FROM digest_ids)))
  AND (%(ids)s::bigint[] IS NULL OR old.id = ANY (%(ids)s::bigint[]))
  AND said.id = old.communication_id AND said.kind = 'update'
  -- Asked once, before anything is read: a first update's hundreds of thousands have nothing to give way to.
  AND (SELECT count(*) FROM incidents_communication
       WHERE incident_id = %(incident)s AND kind = 'update') > 1
  AND old.relevance <> 'not-impacted'
  AND EXISTS (
    SELECT FROM notifications_delivery new
    JOIN incidents_communication newer ON newer.id = new.communication_id
    WHERE new.incident_id = old.incident_id AND new.endpoint_id = old.endpoint_id
      AND new.communication_id > old.communication_id AND newer.kind = 'update'
      AND new.audience = old.audience AND new.relevance <> 'not-impacted'
      AND (new.state IN ('pending', 'sending', 'sent') OR new.skip_reason = 'in_digest')
      AND (new.state = 'pending' OR NOT EXISTS (
        SELECT FROM notifications_delivery item
        WHERE item.digest_id = old.id AND item.skip_reason = 'in_digest'))
      AND NOT EXISTS (
        SELECT FROM incidents_scopecell cell
        WHERE cell.communication_id = old.communication_id AND NOT EXISTS (
          SELECT FROM incidents_scopecell covered
          WHERE covered.communication_id = new.communication_id
            AND covered.service_id = cell.service_id AND covered.region_id = cell.region_id)))
RETURNING old.id
"""
_MOVE_ITEMS_TO_NEXT = """
UPDATE notifications_delivery item SET digest_id = successor.id
FROM notifications_delivery gone, LATERAL (
  SELECT next.id FROM notifications_delivery next
  WHERE next.incident_id = gone.incident_id AND next.endpoint_id = gone.endpoint_id
    AND next.communication_id > gone.communication_id AND next.state = 'pending'
  ORDER BY next.communication_id LIMIT 1) AS successor
WHERE item.digest_id = ANY (%(gone)s) AND item.skip_reason = 'in_digest'
  AND gone.id = item.digest_id
"""


def supersede(*, incident_id: int, delivery_ids: Sequence[int] | None = None) -> int:
    """Skip what is superseded in one incident (or among these deliveries of it); returns how many.

    Called when a newer update has been planned, and when an older one comes back to wait.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _SUPERSEDE,
            {"incident": incident_id, "ids": None if delivery_ids is None else list(delivery_ids)},
        )
        gone = [row[0] for row in cursor.fetchall()]
        if gone:
            cursor.execute(_MOVE_ITEMS_TO_NEXT, {"gone": gone})
    return len(gone)
