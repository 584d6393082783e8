"""The outbox without the network: claiming deliveries and settling them as sent, with every check, by one worker.

What others do on the same table of a database is a matter of the machine; what one delivery takes is not: CPU
seconds per 1,000 in this process (client) and in its backend (PostgreSQL), and deliveries a second. Beside it, on the
same server: the naive way (one at a time, FOR UPDATE SKIP LOCKED, each settled by an UPDATE and an INSERT of its own)
and procrastinate as it comes, a job library on PostgreSQL, with tasks that do nothing.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import procrastinate
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.utils import timezone
from procrastinate.types import JSONDict

from incidents.importers.catalogue_file import read_catalogue
from incidents.services import incident as incident_service
from incidents.services.imports.catalogue import apply_catalogue
from incidents.services.inputs import Statement
from notifications.delivery import claims, plan, settlement
from notifications.delivery.send import BATCH, MOST_REPEATED
from notifications.delivery.settlement import SendOutcome
from notifications.models import Channel, Result
from notifications.vocabulary.delivery_states import State
from statuspage import garbage_collection
from tests.conftest import CATALOGUE, declaration

DELIVERIES, FULL = 20_000, 100_000
NAIVE, JOBS = 500, 1_000

_TENANTS = """
INSERT INTO notifications_endpoint (channel, address, language, time_zone, key, suppressed_because, created_at)
SELECT 'mail', 'e' || n || '@example.com', 'en', 'UTC', gen_random_uuid(), '', now()
FROM generate_series(1, %(number)s) n;
INSERT INTO notifications_tenant (ref, name, language, time_zone, contact_id)
SELECT 't' || e.id, 'Tenant ' || e.id, 'en', 'UTC', e.id FROM notifications_endpoint e;
INSERT INTO notifications_customersubscription (ref, name, tenant_id)
SELECT 's' || t.id, 'Production', t.id FROM notifications_tenant t;
INSERT INTO notifications_footprint (subscription_id, service_id, region_id)
SELECT s.id, v.id, r.id FROM notifications_customersubscription s, incidents_service v, incidents_region r
WHERE v.slug = 'key-vault' AND r.slug = 'west-europe';
"""


def lines(full: bool) -> Iterator[dict[str, object]]:
    number = FULL if full else DELIVERIES
    now = timezone.now()
    apply_catalogue(catalogue=read_catalogue(CATALOGUE), now=now)
    operator = User.objects.create(username="bench", is_superuser=True)
    with connection.cursor() as cursor:
        cursor.execute(_TENANTS.replace("%(number)s", str(number)))
    said = Statement(targeted_text="Key Vault requests fail.")
    what = declaration(started_at=now, statement=said)
    incident_service.declare(declaration=what, now=now, actor=operator)
    planned = plan.plan_due(now=timezone.now())
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE notifications_delivery")
    yield _measured("naive", _naive, NAIVE)
    yield asyncio.run(_procrastinate())
    garbage_collection.look_less_often()  # as a worker does
    yield _measured("ours", lambda: _ours(number), planned - NAIVE)


def _measured(way: str, work: Callable[[], int], wanted: int) -> dict[str, object]:
    client, backend, began = time.process_time(), _backend(), time.perf_counter()
    done = work()
    seconds = time.perf_counter() - began
    client, backend = time.process_time() - client, _backend() - backend
    return _line(way, done, wanted, seconds, client, backend)


def _line(
    way: str, done: int, wanted: int, seconds: float, client: float, backend: float
) -> dict[str, object]:
    return {
        "way": way,
        "deliveries": done,
        "complete": done == wanted,
        "a_second": round(done / seconds),
        "client_s_per_1000": round(client / done * 1000, 4),
        "postgres_s_per_1000": round(backend / done * 1000, 4),
    }


async def _procrastinate() -> dict[str, object]:
    logging.getLogger("procrastinate").setLevel(logging.WARNING)  # two lines a job cost it time
    mark = {"application_name": "procrastinate-bench"}
    parts = connection.get_connection_params()
    given = {
        name: parts[name]
        for name in ("dbname", "user", "password", "host", "port")
        if parts.get(name)
    }
    app = procrastinate.App(
        connector=procrastinate.PsycopgConnector(kwargs=given | mark, min_size=1, max_size=4)
    )
    done = 0

    @app.task(name="bench")
    async def nothing(number: int) -> None:
        nonlocal done
        done += 1

    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        jobs: list[JSONDict] = [{"number": number} for number in range(JOBS)]
        await nothing.batch_defer_async(*jobs)
        client, backend, began = time.process_time(), await _backends(app), time.perf_counter()
        await app.run_worker_async(wait=False, install_signal_handlers=False, listen_notify=False)
        seconds = time.perf_counter() - began
        client, backend = time.process_time() - client, await _backends(app) - backend
    return _line("procrastinate", done, JOBS, seconds, client, backend)


async def _backends(app: procrastinate.App) -> float:
    rows = await app.connector.execute_query_all_async(
        "SELECT pid FROM pg_stat_activity WHERE application_name = current_setting('application_name')"
    )
    return sum(_cpu(row["pid"]) for row in rows)


def _ours(most: int) -> int:
    done = 0
    while done < most:
        batch = claims.claim(most=BATCH, channel=Channel.MAIL)
        if not batch.deliveries:
            return done
        told = [one for one in batch.deliveries if not one.reason_to_skip()]
        outcomes: list[SendOutcome] = []
        # Noted as often as a worker does it: what it repeats if it is killed.
        for first in range(0, len(told), MOST_REPEATED - 1):
            now = time.monotonic()
            some = [
                SendOutcome(one, State.SENT, result=Result.SENT.value, detail="250 ok", at=now)
                for one in told[first : first + MOST_REPEATED - 1]
            ]
            settlement.note(batch.claim, some, clock=now)
            outcomes += some
        done += settlement.settle(batch.claim, outcomes, clock=time.monotonic())
    return done


def _naive() -> int:
    for done in range(NAIVE):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT d.id, e.address FROM notifications_delivery d"
                " JOIN notifications_endpoint e ON e.id = d.endpoint_id"
                " WHERE d.settled_as IS NULL AND d.state = 'pending' AND d.channel = 'mail'"
                " AND d.next_attempt_at <= now()"
                " ORDER BY d.priority, d.next_attempt_at, d.id LIMIT 1 FOR UPDATE OF d SKIP LOCKED"
            )
            row = cursor.fetchone()
            if row is None:
                return done
            cursor.execute(
                "UPDATE notifications_delivery SET state = 'sent', sent_at = now(), attempts = 1"
                " WHERE id = %s",
                [row[0]],
            )
            cursor.execute(
                "INSERT INTO notifications_attempt (delivery_id, number, result, detail, at)"
                " VALUES (%s, 1, 'sent', '250 ok', now())",
                [row[0]],
            )
    return NAIVE


def _backend() -> float:
    """CPU seconds of this connection's backend, which runs on this machine."""
    connection.ensure_connection()
    return _cpu(connection.connection.info.backend_pid)


def _cpu(pid: int) -> float:
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
