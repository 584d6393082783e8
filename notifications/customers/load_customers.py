"""Taking in customer files: streamed into a temporary table, checked and merged there as sets.

One transaction: either everything in all files is stored, or nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from notifications.customers.customer_file import CustomerFile, CustomerFileError, shown
from notifications.vocabulary import identifiers

MOST_SHOWN = 20
PROGRESS_EVERY = 50_000

_STAGE = """
CREATE TEMPORARY TABLE customer_row (
  file int, line int, tenant text, tenant_name text, contact text, subscription text,
  subscription_name text, service text, region text, tenant_key text, subscription_key text
) ON COMMIT DROP
"""

# Each gives: file, line, the value at fault, something to put into the message.
_FAULTS = (
    (
        """SELECT r.file, min(r.line), r.service, '' FROM customer_row r
           LEFT JOIN incidents_service s ON s.slug = r.service AND s.retired_at IS NULL
           WHERE r.service <> '' AND s.id IS NULL GROUP BY r.file, r.service""",
        "service: {value} is not in the catalogue; correct it or load the catalogue first.",
    ),
    (
        """SELECT r.file, min(r.line), r.region, '' FROM customer_row r
           LEFT JOIN incidents_region g ON g.slug = r.region AND g.retired_at IS NULL
           WHERE r.region <> '' AND g.id IS NULL GROUP BY r.file, r.region""",
        "region: {value} is not in the catalogue; correct it or load the catalogue first.",
    ),
    (
        """SELECT r.file, min(r.line), r.service, r.region FROM customer_row r
           JOIN incidents_service s ON s.slug = r.service AND s.retired_at IS NULL
           JOIN incidents_region g ON g.slug = r.region AND g.retired_at IS NULL
           WHERE NOT EXISTS (SELECT FROM incidents_offering o WHERE o.service_id = s.id
             AND o.region_id = g.id AND o.retired_at IS NULL)
           GROUP BY r.file, r.service, r.region""",
        "service: {value} is not offered in {more}; remove the line.",
    ),
    (
        """SELECT r.file, r.line, r.tenant, first.line::text FROM customer_row r
           JOIN LATERAL (SELECT f.* FROM customer_row f WHERE f.tenant_key = r.tenant_key
             ORDER BY f.file, f.line LIMIT 1) first
             ON (first.tenant_name, lower(first.contact)) <> (r.tenant_name, lower(r.contact))""",
        "tenant: {value} has another name or contact than on line {more}; make them agree.",
    ),
    (
        """SELECT r.file, min(r.line), r.subscription, t.ref FROM customer_row r
           JOIN notifications_customersubscription s ON lower(s.ref) = r.subscription_key
           JOIN notifications_tenant t ON t.id = s.tenant_id AND lower(t.ref) <> r.tenant_key
           GROUP BY r.file, r.subscription, t.ref""",
        "subscription: {value} belongs to the tenant {more}; give it another identifier.",
    ),
    (
        """SELECT r.file, min(r.line), r.subscription, first.tenant FROM customer_row r
           JOIN LATERAL (SELECT f.tenant, f.tenant_key FROM customer_row f
             WHERE f.subscription_key = r.subscription_key ORDER BY f.file, f.line LIMIT 1) first
             ON first.tenant_key <> r.tenant_key
           GROUP BY r.file, r.subscription, first.tenant""",
        "subscription: {value} is also listed under {more}; it can have one tenant only.",
    ),
)

_ENDPOINTS = """
INSERT INTO notifications_endpoint
  (channel, address, language, time_zone, key, suppressed_because, created_at)
SELECT DISTINCT ON (lower(contact)) 'mail', contact, 'en', 'UTC', gen_random_uuid(), '', %(now)s
FROM customer_row ORDER BY lower(contact)
ON CONFLICT (channel, lower(address)) DO NOTHING
"""

_TENANTS = """
INSERT INTO notifications_tenant (ref, name, contact_id, language, time_zone)
SELECT DISTINCT ON (r.tenant_key) r.tenant, r.tenant_name, e.id, 'en', 'UTC'
FROM customer_row r
JOIN notifications_endpoint e ON e.channel = 'mail' AND lower(e.address) = lower(r.contact)
ORDER BY r.tenant_key, r.file, r.line
ON CONFLICT (lower(ref)) DO UPDATE SET name = excluded.name, contact_id = excluded.contact_id
WHERE (notifications_tenant.name, notifications_tenant.contact_id)
  IS DISTINCT FROM (excluded.name, excluded.contact_id)
"""

_OWNED = """
UPDATE notifications_endpoint e SET tenant_id = t.id
FROM notifications_tenant t
WHERE t.contact_id = e.id AND e.tenant_id IS NULL
  AND lower(t.ref) IN (SELECT tenant_key FROM customer_row)
"""

_SUBSCRIPTIONS = """
INSERT INTO notifications_customersubscription (tenant_id, ref, name)
SELECT DISTINCT ON (r.subscription_key) t.id, r.subscription, r.subscription_name
FROM customer_row r JOIN notifications_tenant t ON lower(t.ref) = r.tenant_key
ORDER BY r.subscription_key, r.file, r.line
ON CONFLICT (lower(ref)) DO UPDATE SET name = excluded.name
WHERE notifications_customersubscription.name <> excluded.name
"""

_ADD_CELLS = """
INSERT INTO notifications_footprint (subscription_id, service_id, region_id)
SELECT DISTINCT c.id, s.id, g.id
FROM customer_row r
JOIN notifications_customersubscription c ON lower(c.ref) = r.subscription_key
JOIN incidents_service s ON s.slug = r.service
JOIN incidents_region g ON g.slug = r.region
ON CONFLICT DO NOTHING
"""

# The files say where a subscription runs, so what they no longer say is over.
_DROP_CELLS = """
DELETE FROM notifications_footprint f
USING notifications_customersubscription c
WHERE c.id = f.subscription_id AND lower(c.ref) IN (SELECT subscription_key FROM customer_row)
  AND NOT EXISTS (
    SELECT FROM customer_row r
    JOIN incidents_service s ON s.slug = r.service
    JOIN incidents_region g ON g.slug = r.region
    WHERE r.subscription_key = lower(c.ref) AND s.id = f.service_id AND g.id = f.region_id)
"""

_ANALYZE = """
ANALYZE notifications_endpoint, notifications_tenant, notifications_customersubscription,
  notifications_footprint
"""

_COUNTS = """
SELECT count(DISTINCT tenant_key), count(DISTINCT subscription_key),
  count(*) - count(DISTINCT (subscription_key, service, region)) FROM customer_row
"""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What the files held, and what changed: tenants and subscriptions new or renamed, cells."""

    rows: int
    tenants: int
    subscriptions: int
    duplicates: int
    tenants_changed: int
    subscriptions_changed: int
    cells_added: int
    cells_removed: int


@transaction.atomic
def load(
    *,
    files: Sequence[CustomerFile],
    now: datetime,
    progress: Callable[[str], object] = lambda _: None,
) -> Loaded:
    """Merge customer files. A subscription they name runs afterwards exactly where they say.

    What they do not name stays as it is; loading the same files again changes nothing. Raises
    CustomerFileError with a line per fault.
    """
    with connection.cursor() as cursor:
        cursor.execute(_STAGE)
        rows = _copy(cursor, files, progress)
        cursor.execute("CREATE INDEX ON customer_row (subscription_key)")
        cursor.execute("CREATE INDEX ON customer_row (tenant_key, file, line)")
        cursor.execute("ANALYZE customer_row")
        _refuse(_faults(cursor, files))
        progress(f"{rows} lines read and checked")
        cursor.execute(_COUNTS)
        tenants, subscriptions, duplicates = cursor.fetchone()
        changed = [
            _run(cursor, statement, now)
            for statement in (_ENDPOINTS, _TENANTS, _OWNED, _SUBSCRIPTIONS, _ADD_CELLS, _DROP_CELLS)
        ]
        cursor.execute("DROP TABLE customer_row")
        # An incident may come before the server's own statistics do, and choosing an audience from
        # a table thought empty takes ten times as long.
        cursor.execute(_ANALYZE)
    return Loaded(
        rows=rows,
        tenants=tenants,
        subscriptions=subscriptions,
        duplicates=duplicates,
        tenants_changed=changed[1],
        subscriptions_changed=changed[3],
        cells_added=changed[4],
        cells_removed=changed[5],
    )


def _copy(cursor: Any, files: Sequence[CustomerFile], progress: Callable[[str], object]) -> int:
    count = 0
    with cursor.copy("COPY customer_row FROM STDIN") as copy:
        for number, file in enumerate(files):
            for row in file:
                copy.write_row(
                    (number, row.line, row.tenant, row.tenant_name, row.contact,
                     row.subscription, row.subscription_name, row.service, row.region,
                     identifiers.key(row.tenant), identifiers.key(row.subscription))
                )  # fmt: skip
                count += 1
                if count % PROGRESS_EVERY == 0:
                    progress(f"{count} lines read")
    _refuse([fault for file in files for fault in file.faults])
    if not count:
        raise CustomerFileError([f"{file.name}: holds no customers." for file in files])
    return count


def _faults(cursor: Any, files: Sequence[CustomerFile]) -> list[str]:
    found: list[tuple[int, int, str]] = []
    for statement, message in _FAULTS:
        cursor.execute(f"{statement} ORDER BY 1, 2 LIMIT 100")
        for file, line, value, more in cursor.fetchall():
            words = message.format(value=shown(value), more=more)
            found.append((file, line, f"{files[file].name}:{line}: {words}"))
    return [words for _, _, words in sorted(found)]


def _refuse(faults: Iterable[str]) -> None:
    every = list(faults)
    if every:
        rest = len(every) - MOST_SHOWN
        more = [f"… and {rest} more faults; nothing was stored."] if rest > 0 else []
        raise CustomerFileError([*every[:MOST_SHOWN], *more])


def _run(cursor: Any, statement: str, now: datetime) -> int:
    cursor.execute(statement, {"now": now})
    return int(cursor.rowcount)
