"""What a sentence is written from. No person's title or text is among it but a quotation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from incidents.cells import CellGroup
from incidents.vocabulary import Kind, Level, Stage


@dataclass(frozen=True, slots=True)
class WordingFacts:
    """What a sentence or two are written from; kept with the statement.

    `about` is a key of WRITERS. `hit`: the cells it speaks of; `rest`: those that are still hit. `begun`: of a
    maintenance. `times` (UTC): since, until, at (the moment of writing), start and end of a plan, and those of
    a correction (began, ended, and each with `_before`). `other`: a tracking ID that may be named. `quote`: a
    person's words, said again.
    """

    about: str
    kind: str = Kind.SERVICE_ISSUE
    level: str = Level.ERROR
    stage: str = Stage.INVESTIGATING
    hit: tuple[CellGroup, ...] = ()
    rest: tuple[CellGroup, ...] = ()
    times: Mapping[str, datetime] = field(default_factory=dict)
    begun: bool = False
    audience: str = ""
    other: str = ""
    quote: str = ""

    def as_json(self) -> dict[str, Any]:
        names = ("about", "kind", "level", "stage", "begun", "audience", "other", "quote")
        value: dict[str, Any] = {name: getattr(self, name) for name in names if getattr(self, name)}
        value |= {
            name: [group.as_json() for group in getattr(self, name)] for name in ("hit", "rest")
        }
        return value | {"times": {name: at.isoformat() for name, at in self.times.items()}}

    @classmethod
    def of_json(cls, value: Mapping[str, Any]) -> WordingFacts:
        groups = {name: tuple(map(CellGroup.of_json, value[name])) for name in ("hit", "rest")}
        times = {name: datetime.fromisoformat(at) for name, at in value["times"].items()}
        return cls(**{**value, **groups, "times": times})
