"""What an alert rule wants to hear, as bits: a bit for every kind at every level, and three sets of them.

EVERY: every statement. ENDS: the first and the last ones. For what fails and may take others along (FAILING),
the same once more for rules that also hear of what their services depend on. The target index keeps one such
number per row, so that choosing an audience stays one look at one index.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from incidents.vocabulary import LEVEL_RANK, Kind, Level
from notifications.vocabulary.quiet_hours import WINDOW_SQL

_LEVELS = sorted(Level, key=lambda level: -LEVEL_RANK[level])  # the gravest first
_SLOTS = [(kind, level) for kind in list(Kind) for level in _LEVELS]
WIDTH = len(_SLOTS)
ALL = (1 << WIDTH) - 1
# Planned work and mere notices take nothing along; these are the lowest bits.
FAILING_SLOTS = 2
FAILING = (1 << FAILING_SLOTS) - 1
DEPENDENT_EVERY, DEPENDENT_ENDS = 2 * WIDTH, 2 * WIDTH + FAILING_SLOTS
OF_KIND = {
    kind: sum(1 << place for place, slot in enumerate(_SLOTS) if slot[0] == kind)
    for kind in list(Kind)
}
FROM_LEVEL = {
    least: sum(
        1 << place for place, slot in enumerate(_SLOTS) if LEVEL_RANK[slot[1]] >= LEVEL_RANK[least]
    )
    for least in _LEVELS
} | {"": ALL}


@dataclass(frozen=True, slots=True)
class Bits:
    """Which bits of a rule an incident asks for: `every` wants each statement, `direct` is hit itself."""

    wanted: int
    every: int
    direct: int


@cache
def bits(kind: str, level: str) -> Bits:
    slot = 1 << _SLOTS.index((Kind(kind), Level(level)))
    failing = slot & FAILING
    every = slot | failing << DEPENDENT_EVERY
    direct = slot | slot << WIDTH
    return Bits(every | direct | failing << DEPENDENT_ENDS, every, direct)


# The bits of a rule `r`, in SQL; where it is hit, and where it depends on what is.
_KINDS = (
    f"CASE WHEN r.kinds = '{{}}' THEN {ALL} ELSE "
    + " | ".join(
        f"CASE WHEN '{kind}' = ANY (r.kinds) THEN {mask} ELSE 0 END"
        for kind, mask in OF_KIND.items()
    )
    + " END"
)
_LEAST = " ".join(f"WHEN '{level}' THEN {mask}" for level, mask in FROM_LEVEL.items())
_MASK = f"(({_KINDS}) & (CASE r.least_level {_LEAST} END))"
# What it tells at once in spite of its quiet hours; without any, everything.
_QUIET_LEVEL = " ".join(
    f"WHEN '{level}' THEN {mask}" for level, mask in FROM_LEVEL.items() if level
)
_AT_ONCE = (
    f"(CASE WHEN r.quiet_from IS NULL THEN {ALL} ELSE (CASE r.quiet_level {_QUIET_LEVEL} ELSE 0 END) | "
    + " | ".join(
        f"CASE WHEN '{kind}' = ANY (r.quiet_kinds) THEN {mask} ELSE 0 END"
        for kind, mask in OF_KIND.items()
    )
    + " END)"
)
# The parts of a rule `r`: what it tells at once, and what in a window of quiet hours waits.
PARTS = (
    f"JOIN LATERAL (VALUES ({_MASK} & {_AT_ONCE}, 0), ({_MASK} & ~{_AT_ONCE}, {WINDOW_SQL}))"
    " AS part (mask, quiet) ON part.mask <> 0"
)
# The bits of a part.
DIRECT_SQL = f"(part.mask << CASE WHEN r.ends_only THEN {WIDTH} ELSE 0 END)"
DEPENDENT_SQL = (
    f"((part.mask & {FAILING})"
    f" << CASE WHEN r.ends_only THEN {DEPENDENT_ENDS} ELSE {DEPENDENT_EVERY} END)"
)
