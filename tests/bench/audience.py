"""Whom an incident concerns, and their deliveries, beside a bare insert of as many rows.

The limit is an INSERT of as many rows from generate_series into a table of the same shape: same columns,
indexes, checks, foreign keys, and room left in each page. The naive way, for the record: one query and one
task per subscription. Every tenant has about two subscriptions and two alert rules; services and regions are skewed.
"""

from __future__ import annotations

import json
import resource
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

import yaml
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.utils import timezone

from incidents.importers.catalogue_file import read_catalogue
from incidents.models import Communication, Incident, Region, Service
from incidents.services import incident as incident_service
from incidents.services.imports.catalogue import apply_catalogue
from incidents.services.inputs import Hit, Statement
from notifications.audience import preview, target_index
from notifications.delivery import plan
from notifications.models import AlertRule, CustomerSubscription, FanOut, Footprint
from statuspage.celery import app
from tests.conftest import declaration

REGIONS, SERVICES = 60, 120
SUBSCRIPTIONS, FULL = 20_000, 1_000_000
CELLS_EACH = 8
RARE = 200  # subscriptions in the cell that costs the same whatever the tables hold
ROUNDS = 3
SAMPLE_NAIVE = 200

# Skewed: few services and regions have most of what runs. The last of both belong to the rare cell alone.
_PEOPLE = f"""
INSERT INTO notifications_endpoint (channel, address, language, time_zone, key, suppressed_because, created_at)
SELECT 'mail', 'e' || n || '@example.com', 'en', 'UTC', gen_random_uuid(), '', now()
FROM generate_series(%(first)s, %(last)s) n;
INSERT INTO notifications_tenant (ref, name, language, time_zone, contact_id)
SELECT 't' || n, 'Tenant ' || n, 'en', 'UTC', e.id
FROM generate_series(%(first)s, %(last)s, 2) n
JOIN notifications_endpoint e ON e.channel = 'mail' AND lower(e.address) = 'e' || n || '@example.com';
INSERT INTO notifications_customersubscription (ref, name, tenant_id)
SELECT 's' || n, '', t.id
FROM generate_series(%(first)s, %(last)s) n
JOIN notifications_tenant t ON t.ref = 't' || (n - (n - %(first)s) %% 2);
INSERT INTO notifications_footprint (subscription_id, service_id, region_id)
SELECT DISTINCT s.id, %(service)s + floor({SERVICES - 1} * power(random(), 2.5))::int,
  %(region)s + floor({REGIONS - 1} * power(random(), 2))::int
FROM notifications_customersubscription s, generate_series(1, {CELLS_EACH}) WHERE s.id > %(known)s;
"""  # noqa: S608 - numbers of ours

# A third of the rules name services, a third regions, a tenth subscriptions; two in three name all kinds.
_RULES = """
INSERT INTO notifications_alertrule (tenant_id, name, active, kinds)
SELECT t.id, 'rule ' || k, true,
  CASE WHEN (t.id + k) %% 3 = 0 THEN '{service-issue}'::varchar[] ELSE '{}' END
FROM notifications_tenant t, generate_series(1, 2) k WHERE t.id > %(tenant)s;
INSERT INTO notifications_actiongroup (tenant_id, name)
SELECT t.id, 'group' FROM notifications_tenant t WHERE t.id > %(tenant)s;
INSERT INTO notifications_actiongroup_endpoints (actiongroup_id, endpoint_id)
SELECT g.id, e.id FROM notifications_actiongroup g
JOIN notifications_tenant t ON t.id = g.tenant_id
JOIN LATERAL (SELECT t.contact_id UNION SELECT t.contact_id + 1 WHERE t.id %% 3 = 0) AS e(id) ON true
WHERE t.id > %(tenant)s;
INSERT INTO notifications_alertrule_action_groups (alertrule_id, actiongroup_id)
SELECT r.id, g.id FROM notifications_alertrule r JOIN notifications_actiongroup g USING (tenant_id)
WHERE r.tenant_id > %(tenant)s;
INSERT INTO notifications_alertrule_services (alertrule_id, service_id)
SELECT DISTINCT r.id, %(service)s + floor(20 * power(random(), 2))::int
FROM notifications_alertrule r, generate_series(1, 2) WHERE r.tenant_id > %(tenant)s AND r.id %% 3 = 0;
INSERT INTO notifications_alertrule_regions (alertrule_id, region_id)
SELECT DISTINCT r.id, %(region)s + floor(20 * power(random(), 2))::int
FROM notifications_alertrule r, generate_series(1, 2) WHERE r.tenant_id > %(tenant)s AND r.id %% 3 = 1;
INSERT INTO notifications_alertrule_subscriptions (alertrule_id, customersubscription_id)
SELECT r.id, min(s.id) FROM notifications_alertrule r
JOIN notifications_customersubscription s USING (tenant_id)
WHERE r.tenant_id > %(tenant)s AND r.id %% 10 = 0 GROUP BY r.id;
"""

_RARE_CELL = f"""
INSERT INTO notifications_footprint (subscription_id, service_id, region_id)
SELECT id, %(service)s, %(region)s FROM notifications_customersubscription ORDER BY id LIMIT {RARE}
"""  # noqa: S608 - a number of ours

_TWIN = """
DROP TABLE IF EXISTS twin;
CREATE TABLE twin (LIKE notifications_delivery INCLUDING ALL);
"""

_BARE = """
INSERT INTO twin (incident_id, communication_id, endpoint_id, channel, audience, relevance, reason,
  priority, state, skip_reason, attempts, next_attempt_at, created_at)
SELECT %(incident)s, %(communication)s, n, 'mail', 'targeted', 'related', 'alert-rule', 0,
  'pending', '', 0, now(), now()
FROM generate_series(%(first)s, %(first)s + %(rows)s - 1) n
"""


def lines(full: bool) -> Iterator[dict[str, object]]:
    wanted = FULL if full else SUBSCRIPTIONS
    _catalogue()
    user = User.objects.create(username="olga", is_staff=True, is_superuser=True)
    _load(1, wanted // 10)
    _run(_RARE_CELL, service=_last(Service), region=_last(Region))
    target_index.rebuild()
    _tidy()
    rare = [(_last(Service), _last(Region))]
    tenth = _buffers(_declare(user, rare))
    began = time.monotonic()
    _load(wanted // 10 + 1, wanted)
    loaded = time.monotonic()
    target_index.rebuild()
    rebuilt = time.monotonic()
    _tidy()
    whole = _buffers(_declare(user, rare))
    yield {
        "subscriptions": CustomerSubscription.objects.count(),
        "footprint_rows": Footprint.objects.count(),
        "alert_rules": AlertRule.objects.count(),
        "load_s": round(loaded - began, 1),
        "index_rebuild_s": round(rebuilt - loaded, 1),
        "rare_cell_buffers": whole,
        "rare_cell_buffers_on_a_tenth": tenth,
        "times": round(whole / tenth, 2),
    }
    for name, services, regions in (
        ("1 cell", 1, 1),
        ("5 x 5 cells", 5, 5),
        ("everything", SERVICES, REGIONS),
    ):
        yield {"scope": name} | _measure(_declare(user, _square(services, regions)))


def _measure(communication: Communication) -> dict[str, object]:
    """The median of some rounds, each on an empty outbox; planning and bare inserts take turns."""
    ours, limits, bare = [], [], []
    rows = 0
    for _ in range(ROUNDS):
        _empty_outbox()
        began = time.monotonic()
        rows = plan.plan(communication_id=communication.pk, now=timezone.now())
        ours.append(time.monotonic() - began)
        limits.append(_insert(communication, rows, keys=True))
        bare.append(_insert(communication, rows, keys=False))
    seconds, limit = statistics.median(ours), statistics.median(limits)
    began = time.monotonic()
    subscriptions = preview.look(communication.incident).subscriptions
    looked = time.monotonic() - began
    return {
        "subscriptions": subscriptions,
        "rows": rows,
        "seconds": round(seconds, 3),
        "rows_per_s": round(rows / seconds),
        "limit_s": round(limit, 3),
        "of_limit_times": round(seconds / limit, 2),
        "without_foreign_keys_s": round(statistics.median(bare), 3),
        "naive_s": round(_naive(communication, subscriptions)),
        "preview_s": round(looked, 2),
        "max_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def _insert(communication: Communication, rows: int, *, keys: bool) -> float:
    """Seconds for a bare insert into a twin of the table, with its foreign keys or without."""
    with connection.cursor() as cursor:
        cursor.execute(_TWIN)
        # LIKE leaves out how full a page may get.
        cursor.execute(
            "SELECT unnest(reloptions) FROM pg_class WHERE oid = 'notifications_delivery'::regclass"
        )
        for (option,) in cursor.fetchall():
            cursor.execute(f"ALTER TABLE twin SET ({option})")
        if keys:
            cursor.execute(
                "SELECT pg_get_constraintdef(oid) FROM pg_constraint"
                " WHERE conrelid = 'notifications_delivery'::regclass AND contype = 'f'"
            )
            for (definition,) in cursor.fetchall():
                cursor.execute(f"ALTER TABLE twin ADD {definition}")
        cursor.execute("SELECT min(id) FROM notifications_endpoint")
        (first,) = cursor.fetchone() or (1,)
        facts = {"incident": communication.incident_id, "communication": communication.pk}
        began = time.monotonic()
        cursor.execute(_BARE, facts | {"first": first, "rows": rows})
        seconds = time.monotonic() - began
        cursor.execute("DROP TABLE twin")
    return seconds


def _buffers(communication: Communication) -> int:
    """Pages that matching touches in the database, of an index already warm."""
    touched: list[int] = []

    def explain(
        execute: Callable[..., Any], statement: str, params: Any, many: bool, context: Any
    ) -> Any:
        if "INSERT INTO notifications_delivery" in statement and not touched:
            with transaction.atomic():
                execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", params, many, context)  # fmt: skip
                (found,) = context["cursor"].fetchone()
                root = (json.loads(found) if isinstance(found, str) else found)[0]["Plan"]
                touched.append(root["Shared Hit Blocks"] + root["Shared Read Blocks"])
                transaction.set_rollback(True)
        return execute(statement, params, many, context)

    _empty_outbox()
    plan.plan(communication_id=communication.pk, now=timezone.now())  # warm
    _empty_outbox()
    with connection.execute_wrapper(explain):
        plan.plan(communication_id=communication.pk, now=timezone.now())
    return touched[0]


def _naive(communication: Communication, subscriptions: int) -> float:
    """Seconds for one query and one task a subscription, extrapolated from a sample."""
    tenants = list(CustomerSubscription.objects.values_list("tenant_id", flat=True)[:SAMPLE_NAIVE])
    began = time.monotonic()
    for tenant in tenants:
        list(AlertRule.objects.filter(tenant_id=tenant, active=True))
        app.send_task("bench.one", args=[communication.pk, tenant], queue="bench")
    return (time.monotonic() - began) / len(tenants) * subscriptions


def _declare(user: User, cells: Sequence[tuple[int, int]]) -> Communication:
    services, regions = Service.objects.in_bulk(), Region.objects.in_bulk()
    hits = tuple(Hit(services[service], regions[region]) for service, region in cells)
    now: datetime = timezone.now()
    facts = declaration(*hits, started_at=now, statement=Statement("", "We see it."))
    incident_service.declare(declaration=facts, now=now, actor=user)
    # The audience is what is measured; a scope of everything would be public, too.
    return Communication.objects.select_related("incident").latest("pk")


def _square(services: int, regions: int) -> list[tuple[int, int]]:
    first = Service.objects.order_by("pk").values_list("pk", flat=True)[:services]
    second = Region.objects.exclude(slug="global").order_by("pk").values_list("pk", flat=True)
    return [(service, region) for service in first for region in second[:regions]]


def _catalogue() -> None:
    names = {
        "geographies": [
            {"name": "Everywhere", "regions": [{"name": f"Region {n}"} for n in range(REGIONS)]}
        ],
        "categories": [
            {
                "name": "Everything",
                "offered": "all",
                "services": [f"Service {n}" for n in range(SERVICES)],
            }
        ],
    }
    apply_catalogue(catalogue=read_catalogue(yaml.safe_dump(names)), now=timezone.now())


def _load(first: int, last: int) -> None:
    """Subscriptions number `first` to `last`, their tenants, footprints, endpoints and rules."""
    known = CustomerSubscription.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(id), 0) FROM notifications_tenant")
        (tenant,) = cursor.fetchone() or (0,)
    places = {"service": _first(Service), "region": _first(Region)}
    _run(_PEOPLE, first=first, last=last, known=known, **places)
    _run(_RULES, tenant=tenant, **places)
    # `rebuild` follows: what the triggers marked is done then.
    _run("TRUNCATE notifications_staletenant")


def _run(statements: str, **facts: int) -> None:
    with connection.cursor() as cursor:
        for statement in filter(str.strip, statements.split(";")):
            cursor.execute(statement, facts or None)


def _first(model: type[Service | Region]) -> int:
    return model.objects.exclude(slug="global").earliest("pk").pk


def _last(model: type[Service | Region]) -> int:
    return model.objects.exclude(slug="global").latest("pk").pk


def _empty_outbox() -> None:
    _run("TRUNCATE notifications_delivery CASCADE")
    FanOut.objects.all().delete()
    Incident.objects.update(updated_at=timezone.now())


def _tidy() -> None:
    _run("VACUUM ANALYZE")
