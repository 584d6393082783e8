"""How fast we tell, by quarter: from impact and detection to those concerned, from them to the world.

Counted are service issues that happened here. Told is when half of the receivers of their first message
had it. An incident that ended before is *untold*: it is counted as that, and in no duration.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median, quantiles

from incidents.models import Communication, Incident
from incidents.services.published_figures import quarter_of
from incidents.vocabulary import Kind
from notifications.models import DeliveryStatistics

EXCLUDED = ("drill", "imported", "merged", "false positive", "no service issue")


@dataclass(frozen=True, slots=True)
class Span:
    """Median and p90 of so many durations, in whole seconds; None where there is none."""

    count: int
    median: int | None
    p90: int | None

    @classmethod
    def of(cls, durations: Sequence[timedelta]) -> Span:
        seconds = [each.total_seconds() for each in durations]
        if not seconds:
            return cls(0, None, None)
        p90 = quantiles(seconds, n=10, method="inclusive")[-1] if len(seconds) > 1 else seconds[0]
        return cls(len(seconds), round(median(seconds)), round(p90))

    def as_dict(self) -> dict[str, int | None]:
        return {"count": self.count, "median_seconds": self.median, "p90_seconds": self.p90}


@dataclass(slots=True)
class _Gathered:
    incidents: int = 0
    untold: int = 0
    under_way: int = 0
    impact: list[timedelta] = field(default_factory=list)
    detection: list[timedelta] = field(default_factory=list)
    public: list[timedelta] = field(default_factory=list)
    promises: int = 0
    kept: int = 0


@dataclass(frozen=True, slots=True)
class Quarter:
    """`name`: 2026-Q1, by the start of impact (UTC). `under_way`: not over, and nobody told so far."""

    name: str
    incidents: int
    untold: int
    under_way: int
    impact_to_told: Span
    detection_to_told: Span
    told_to_public: Span
    promises: int
    promises_kept: int

    @property
    def kept_share(self) -> float | None:
        return self.promises_kept / self.promises if self.promises else None

    def as_dict(self) -> dict[str, object]:
        return {
            "quarter": self.name,
            "incidents": self.incidents,
            "untold": self.untold,
            "under_way": self.under_way,
            "impact_to_told": self.impact_to_told.as_dict(),
            "detection_to_told": self.detection_to_told.as_dict(),
            "told_to_public": self.told_to_public.as_dict(),
            "promises": self.promises,
            "promises_kept": self.promises_kept,
        }


@dataclass(frozen=True, slots=True)
class HowFast:
    """The quarters, the newest first, and how many incidents are left out for which reason."""

    quarters: list[Quarter]
    excluded: dict[str, int]

    def as_dict(self) -> dict[str, object]:
        """What `how-fast.schema.json` describes."""
        return {
            "version": 1,
            "quarters": [each.as_dict() for each in self.quarters],
            "excluded": self.excluded,
        }


def how_fast(*, now: datetime) -> HowFast:
    """Over everything kept here; four queries. A promise that is not due yet counts nowhere."""
    gathered: defaultdict[str, _Gathered] = defaultdict(_Gathered)
    excluded: Counter[str] = Counter()
    told_at = dict(
        DeliveryStatistics.objects.filter(communication__isnull=True).values_list(
            "incident_id", "half_at"
        )
    )
    counted: dict[int, Incident] = {}
    for incident in Incident.objects.order_by("started_at", "id"):
        if reason := _left_out(incident):
            excluded[reason] += 1
            continue
        counted[incident.pk] = incident
        _add(gathered[quarter_of(incident.started_at)], incident, told_at.get(incident.pk))
    for incident_id, due, kept in _promises(counted):
        quarter = gathered[quarter_of(counted[incident_id].started_at)]
        if kept or due < now:
            quarter.promises += 1
            quarter.kept += kept
    quarters = [_closed(name, gathered[name]) for name in sorted(gathered, reverse=True)]
    return HowFast(quarters, {reason: excluded[reason] for reason in EXCLUDED})


def _left_out(incident: Incident) -> str:
    reasons = {
        "drill": incident.drill,
        "imported": incident.backfilled,
        "merged": incident.merged_into_id is not None,
        "false positive": incident.false_positive,
        "no service issue": incident.kind != Kind.SERVICE_ISSUE,
    }
    return next((reason for reason, holds in reasons.items() if holds), "")


def _add(quarter: _Gathered, incident: Incident, told: datetime | None) -> None:
    quarter.incidents += 1
    over = incident.mitigated_at
    if told is None or (over is not None and told > over):
        if over is None:
            quarter.under_way += 1
        else:
            quarter.untold += 1
        return
    quarter.impact.append(told - incident.started_at)
    detected = incident.detected_at or (incident.created_at if incident.automated else None)
    if detected is not None:
        quarter.detection.append(told - detected)
    if incident.published_at is not None:
        # A post that was there first took no time after it.
        quarter.public.append(max(incident.published_at - told, timedelta()))


def _promises(incidents: dict[int, Incident]) -> Iterator[tuple[int, datetime, bool]]:
    """Incident, due, and whether the next statement, or the end, came by then."""
    said: defaultdict[int, list[tuple[datetime, datetime | None]]] = defaultdict(list)
    rows = Communication.objects.filter(incident__in=incidents).order_by("incident_id", "number")
    for incident_id, at, due in rows.values_list("incident_id", "at", "next_update_by"):
        said[incident_id].append((at, due))
    for incident_id, statements in said.items():
        closed = incidents[incident_id].closed_at
        for index, (_, due) in enumerate(statements):
            if due is None:
                continue
            later = statements[index + 1][0] if index + 1 < len(statements) else closed
            yield incident_id, due, later is not None and later <= due


def _closed(name: str, gathered: _Gathered) -> Quarter:
    return Quarter(
        name=name,
        incidents=gathered.incidents,
        untold=gathered.untold,
        under_way=gathered.under_way,
        impact_to_told=Span.of(gathered.impact),
        detection_to_told=Span.of(gathered.detection),
        told_to_public=Span.of(gathered.public),
        promises=gathered.promises,
        promises_kept=gathered.kept,
    )
