"""What the reader finds in a status-history text. Every time is timezone-aware UTC."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


class HistoryError(ValueError):
    """The text can't be read as a status history. `line` counts from 1; 0 means the whole text."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(f"line {line}: {message}" if line else message)
        self.line = line


@dataclass(frozen=True, slots=True)
class HistoryWindow:
    """Time of impact. `end` is None while the impact lasts; `label` is None if the text has none."""

    start: datetime
    end: datetime | None
    label: str | None = None


@dataclass(frozen=True, slots=True)
class HistorySection:
    """A part under one heading, as written. `kind` is one of `headings.KINDS`."""

    kind: str
    heading: str
    text: str


@dataclass(frozen=True, slots=True)
class HistoryTimelineRow:
    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class HistoryRepair:
    """`state`: done, planned or in-progress. `due`: a month (`2024-02`), None where none is named."""

    text: str
    owner: str | None
    state: str
    due: str | None


@dataclass(frozen=True, slots=True)
class HistoryRecovery:
    """A service's own recovery. `region` is None where the text names none."""

    service: str
    region: str | None
    at: datetime


@dataclass(slots=True)
class HistoryIncident:
    """One entry of the page. Names are canonical, in order of first mention."""

    tracking_id: str
    title: str
    kind: str
    month: str | None
    windows: list[HistoryWindow] = field(default_factory=list)
    regions: list[str] = field(default_factory=list)
    services: list[str] = field(default_factory=list)
    impacted_regions: list[str] = field(default_factory=list)
    impacted_services: list[str] = field(default_factory=list)
    geographies: list[str] = field(default_factory=list)
    recoveries: list[HistoryRecovery] = field(default_factory=list)
    unknown_names: list[str] = field(default_factory=list)
    scenario: int | None = None
    note: str | None = None
    sections: list[HistorySection] = field(default_factory=list)
    timeline: list[HistoryTimelineRow] = field(default_factory=list)
    repair_items: list[HistoryRepair] = field(default_factory=list)
    retrospective_video: str | None = None
    survey: str | None = None
    unread: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """The shape that `import_history --json` prints; times as `2024-01-21T01:30:00Z`."""
        return {
            "tracking_id": self.tracking_id,
            "title": self.title,
            "kind": self.kind,
            "month": self.month,
            "windows": [
                {"start": iso(w.start), "end": iso(w.end) if w.end else None, "label": w.label}
                for w in self.windows
            ],
            "regions": list(self.regions),
            "services": list(self.services),
            "impacted_regions": list(self.impacted_regions),
            "impacted_services": list(self.impacted_services),
            "geographies": list(self.geographies),
            "recoveries": [
                {"service": r.service, "region": r.region, "at": iso(r.at)} for r in self.recoveries
            ],
            "unknown_names": list(self.unknown_names),
            "scenario": self.scenario,
            "note": self.note,
            "sections": [
                {"kind": s.kind, "heading": s.heading, "text": s.text} for s in self.sections
            ],
            "timeline": [{"at": iso(row.at), "text": row.text} for row in self.timeline],
            "repair_items": [
                {"text": i.text, "owner": i.owner, "state": i.state, "due": i.due}
                for i in self.repair_items
            ],
            "retrospective_video": self.retrospective_video,
            "survey": self.survey,
            "unread": list(self.unread),
        }


def iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
