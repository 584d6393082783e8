"""Verdicts a second of one core, bare and explained, for everyday incidents and for a wide one."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from incidents.derived_facts import Dependent, Graph
from incidents.policy import (
    PRESETS,
    Facts,
    Growth,
    Policy,
    decide,
    explain,
    parse_facts,
    proposed_level,
)
from incidents.vocabulary import Level

SECONDS = 1.0
START = datetime(2026, 1, 10, 9, 0, tzinfo=UTC)
ROUNDS = 3
GOALS = {
    "everyday": {"bare": 50_000, "explained": 5_000},
    "125 impacts": {"bare": 20_000, "explained": 2_000},
}
POLICIES = ("azure", "recommended")


def lines(full: bool) -> Iterator[dict[str, object]]:
    for name, facts in {"everyday": everyday(), "125 impacts": [wide()]}.items():
        for kind, ask in {"bare": decide, "explained": explain}.items():
            for policy in POLICIES:
                rates = [_rate(ask, facts, PRESETS[policy]) for _ in range(ROUNDS)]
                yield {
                    "case": name,
                    "verdicts": kind,
                    "policy": policy,
                    "a_second": round(statistics.median(rates)),
                    "goal": GOALS[name][kind],
                }
    yield _derived()


def _derived() -> dict[str, object]:
    """Dependents of three services with forty of them each, in five regions, and a proposed level."""
    needed = {
        f"service-{n}": tuple(
            Dependent(f"d{m}", f"D{m}", m % 2 == 0, frozenset({f"region-{m % 5}"}))
            for m in range(40)
        )
        for n in range(3)
    }
    graph = Graph(needed)
    places = {name: frozenset({"region-0", "region-1", "region-2"}) for name in needed}
    since = {"region-0": START, "region-1": START + timedelta(minutes=20)}
    times, start = 2000, time.process_time()
    for _ in range(times):
        graph.dependents(places)
        found = graph.dependents(places, places)
        proposed_level(Level.WARNING, Growth(since, len(found.hard)), PRESETS["recommended"].spread)
    spent = (time.process_time() - start) / times
    return {"case": "derived facts", "milliseconds": round(spent * 1000, 3), "goal": 0.2}


def everyday() -> list[Facts]:
    """One to three cells of every level, extent and audience, as most incidents are."""
    regions = ("west-europe", "east-us", "global")
    return [
        _facts(level, [("storage", region) for region in regions[:count]], extent, audience)
        for level in ("error", "warning", "informational")
        for extent in ("subset", "zone", "region")
        for audience in ("unknown", "estimated", "confirmed")
        for count in (1, 2, 3)
    ]


def wide() -> Facts:
    """25 services in 5 regions: about the size of January 2024."""
    cells = [(f"service-{one}", f"region-{two}") for one in range(25) for two in range(5)]
    return _facts("error", cells, "region", "unknown")


def _facts(level: str, cells: list[tuple[str, str]], extent: str, audience: str) -> Facts:
    impacts = [{"service": one, "region": two, "extent": extent} for one, two in cells]
    return parse_facts(
        {"kind": "service-issue", "level": level, "impacts": impacts, "audience": audience}
    )


def _rate(ask: Callable[..., object], facts: Sequence[Facts], policy: Policy) -> float:
    """By the processor's time: what else runs on the machine does not count."""
    done, start = 0, time.process_time()
    while (passed := time.process_time() - start) < SECONDS:
        for each in facts:
            ask(each, policy)
        done += len(facts)
    return done / passed
