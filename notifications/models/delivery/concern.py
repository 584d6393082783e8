"""What an incident has to do with one receiver: what a message tells besides the words meant for all."""

from __future__ import annotations

from dataclasses import dataclass

from incidents.cells import CellIds

SHOWN = 5  # subscriptions that are named; what is more is counted


@dataclass(frozen=True, slots=True)
class HitSubscription:
    """A customer subscription that is concerned, by name, and its cells of the statement's."""

    name: str
    cells: tuple[CellIds, ...]


@dataclass(frozen=True, slots=True)
class Concern:
    """`tenants`: whose alerts it is, by name. `hits`: SHOWN of the subscriptions concerned, `hit` how many are, of
    all the `subscriptions` there are. `cells`: all of theirs that it names; `elsewhere`: more of theirs is hit,
    which it does not name."""

    tenants: tuple[str, ...] = ()
    hits: tuple[HitSubscription, ...] = ()
    hit: int = 0
    subscriptions: int = 0
    cells: tuple[CellIds, ...] = ()
    elsewhere: bool = False
