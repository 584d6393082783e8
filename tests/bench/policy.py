"""Verdicts a second on one core, bare and explained, for everyday incidents and for a wide one."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Sequence

from incidents.policy import PRESETS, Facts, decide, explain, parse_facts

SECONDS = 1.0
ROUNDS = 3
GOALS = {"bare": 20_000, "explained": 2_000}


def lines(full: bool) -> Iterator[dict[str, object]]:
    for name, facts in {"everyday": everyday(), "125 impacts": [wide()]}.items():
        for kind, ask in {"bare": decide, "explained": explain}.items():
            rates = [_rate(ask, facts) for _ in range(ROUNDS)]
            yield {
                "case": name,
                "verdicts": kind,
                "a_second": round(statistics.median(rates)),
                "goal": GOALS[kind],
            }


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


def _rate(ask: Callable[..., object], facts: Sequence[Facts]) -> float:
    policy = PRESETS["azure"]
    done, start = 0, time.perf_counter()
    while (passed := time.perf_counter() - start) < SECONDS:
        for each in facts:
            ask(each, policy)
        done += len(facts)
    return done / passed
