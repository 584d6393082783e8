"""Recordings that widen, lived through with generated tenants: who was told how often, and who should have been."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

from django.db.models import Count

from incidents.importers.catalogue_file import derive_slug
from incidents.models import Communication, Geography, Offering, Region, Service, ServiceCategory
from incidents.replay.formats import read_files
from incidents.replay.replay import BacktestCase
from incidents.services.incident import declare, post_update, recover
from incidents.services.inputs import Changes, Declaration, Hit
from notifications.delivery import plan
from notifications.models import Delivery
from tests.notifications.cast import tenant, told

REAL = Path(__file__).parents[1] / "data" / "recordings"
STEP = timedelta(minutes=1)
# A tenant for each of so many cells; the rest of a wide incident repeats them.
MOST_TENANTS = 12
Cells = frozenset[tuple[str, str]]


@dataclass(slots=True)
class Outcome:
    """What one life came to; an address that heard a statement twice, or should have heard and did not."""

    statements: int = 0
    told: int = 0
    doubles: list[str] = field(default_factory=list)
    misses: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)


def widening() -> list[BacktestCase]:
    """Every recording whose regions or services become more."""
    paths = [str(REAL / f"{name}-incidents.jsonl.gz") for name in ("google", "github")]
    return [case for case in read_files(paths) if _grows(_pictures(case))]


def _grows(pictures: Sequence[Cells]) -> bool:
    return any(later - earlier for earlier, later in pairwise(pictures))


def _pictures(case: BacktestCase) -> list[Cells]:
    """The cells hit at each moment: every service named in every region named."""
    return [
        frozenset(
            (_slug(service), _slug(region))
            for service in {each.service for each in point.facts.impacts}
            for region in {each.region for each in point.facts.impacts}
        )
        for point in case.points
    ]


def _slug(name: str) -> str:
    return derive_slug(name)[:60] or "unnamed"


def live_through(case: BacktestCase, now: datetime) -> Outcome:
    """Declare at the first moment, widen and narrow at each further one, end; plan after each."""
    pictures = _pictures(case)
    _offer(frozenset().union(*pictures))
    homes = _tenants(pictures)
    outcome, before, heard = Outcome(), pictures[0], set[str]()
    incident = declare(
        declaration=Declaration(
            level="error",
            public_title="Recorded",
            hits=_hits(before),
            started_at=now,
            audience="estimated",
        ),
        now=now,
    )
    _check(incident.communications.get(), before, homes, heard, outcome, now)
    still = before
    for cells in pictures[1:]:
        if added := cells - before:
            now += STEP
            said = post_update(incident_id=incident.pk, changes=Changes(hits=_hits(added)), now=now)
            still |= added
            _check(said, added, homes, heard, outcome, now)
        for region in sorted({region for _, region in before - cells}):
            gone = frozenset(cell for cell in before - cells if cell[1] == region)
            now += STEP
            said = recover(
                incident_id=incident.pk,
                regions=[Region.objects.get(slug=region)],
                services=list(Service.objects.filter(slug__in=[each for each, _ in gone])),
                at=now,
                now=now,
            )
            _check(said, gone, homes, heard, outcome, now)
            still -= gone
            # Who is well again for their last cell has heard so, and hears of the others no more.
            heard &= {address for address, own in homes.items() if own & still}
        before = cells
    now += STEP
    said = post_update(incident_id=incident.pk, stage="resolved", now=now)
    _check(said, frozenset(), homes, heard, outcome, now)
    return outcome


def _check(
    said: Communication,
    scope: Cells,
    homes: dict[str, Cells],
    heard: set[str],
    outcome: Outcome,
    now: datetime,
) -> None:
    """Told are those who run in what it speaks of, and those who were told before; each once."""
    plan.plan_due(now=now)
    wanted = heard | {address for address, cells in homes.items() if cells & scope}
    got = set(told(said))
    rows = Delivery.objects.filter(communication=said).values("endpoint__address")
    twice = rows.annotate(times=Count("id")).filter(times__gt=1)
    outcome.statements += 1
    outcome.told += len(got)
    outcome.doubles += [row["endpoint__address"] for row in twice]
    outcome.misses += sorted(wanted - got)
    outcome.strangers += sorted(got - wanted)
    heard |= wanted


def _offer(cells: Cells) -> None:
    """A catalogue of just these cells, beside one service in one region that nothing happens to."""
    geography, _ = Geography.objects.get_or_create(
        slug="world", defaults={"name": "World", "position": 0}
    )
    category, _ = ServiceCategory.objects.get_or_create(
        slug="all", defaults={"name": "All", "position": 0}
    )
    for service, region in sorted(cells | {("elsewhere", "elsewhere")}):
        row, _ = Service.objects.get_or_create(
            slug=service, defaults={"name": service, "category": category, "position": 0}
        )
        where, _ = Region.objects.get_or_create(
            slug=region,
            defaults={
                "name": region,
                "geography": geography,
                "position": 0,
                "is_global": region == "global",
            },
        )
        Offering.objects.get_or_create(service=row, region=where)


def _tenants(pictures: Sequence[Cells]) -> dict[str, Cells]:
    """By address: one in each of some cells, first and last hit among them, one in all, one in none."""
    everything = sorted(frozenset().union(*pictures))
    new = [sorted(later - earlier)[:2] for earlier, later in pairwise(pictures)]
    some = [*everything[:2], *(cell for cells in new for cell in cells), *everything[-2:]]
    homes = {
        f"t{n}": frozenset({cell}) for n, cell in enumerate(dict.fromkeys(some[:MOST_TENANTS]))
    }
    homes["everywhere"] = frozenset(some)
    homes["nowhere"] = frozenset({("elsewhere", "elsewhere")})
    for ref, cells in homes.items():
        tenant(ref, *sorted(cells))
    return {f"{ref}@example.com": cells for ref, cells in homes.items()}


def _hits(cells: Cells) -> list[Hit]:
    services = {row.slug: row for row in Service.objects.all()}
    regions = {row.slug: row for row in Region.objects.all()}
    return [Hit(services[service], regions[region]) for service, region in sorted(cells)]
