"""What one incident says of how well we tell: when it was detected, told, posted and mitigated; promises, silence.

Told is when half of the receivers of their first message had it. An incident that ended before is *untold*.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median, quantiles

from incidents.models import Communication, Incident
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


@dataclass(frozen=True, slots=True)
class Measure:
    """`told_at`: None where nobody heard before the end. `promises`: those that are due, `kept` of them.

    `silence`: the longest time between two statements, or after the last one, while the incident was open.
    """

    incident: Incident
    told_at: datetime | None
    receivers: int
    promises: int
    kept: int
    silence: timedelta | None

    @property
    def under_way(self) -> bool:
        """Not over, and nobody told so far."""
        open_ = self.incident.mitigated_at is None
        return self.told_at is None and open_ and not self.incident.backfilled

    @property
    def untold(self) -> bool:
        over = self.incident.mitigated_at is not None
        return self.told_at is None and over and not self.incident.backfilled

    @property
    def detected_at(self) -> datetime | None:
        """As stated; what a monitor opened was detected then, at the latest."""
        opened = self.incident.created_at if self.incident.automated else None
        return self.incident.detected_at or opened

    @property
    def to_detected(self) -> timedelta | None:
        return self._since_impact(self.detected_at)

    @property
    def to_told(self) -> timedelta | None:
        return self._since_impact(self.told_at)

    @property
    def to_public(self) -> timedelta | None:
        """Of what was imported nobody knows."""
        incident = self.incident
        return None if incident.backfilled else self._since_impact(incident.published_at)

    @property
    def to_mitigated(self) -> timedelta | None:
        return self._since_impact(self.incident.mitigated_at)

    @property
    def detected_to_told(self) -> timedelta | None:
        told, detected = self.told_at, self.detected_at
        return told - detected if told and detected else None

    @property
    def told_to_public(self) -> timedelta | None:
        """A post that was there first took no time after it."""
        told, public = self.told_at, self.incident.published_at
        return max(public - told, timedelta()) if told and public else None

    def _since_impact(self, at: datetime | None) -> timedelta | None:
        return at - self.incident.started_at if at else None


def durations(found: Iterator[timedelta | None]) -> Span:
    return Span.of([each for each in found if each is not None])


def measures(*, now: datetime, imported: bool = False) -> tuple[list[Measure], Counter[str]]:
    """Of every service issue that happened here, the oldest first; and how many incidents are left out for
    which reason. Three queries. A promise that is not due yet counts nowhere.

    `imported`: those that a history text told, too, with what it says of detection and mitigation.
    """
    excluded: Counter[str] = Counter()
    counted: dict[int, Incident] = {}
    for incident in Incident.objects.order_by("started_at", "id"):
        if (reason := _left_out(incident)) and not (imported and reason == "imported"):
            excluded[reason] += 1
        else:
            counted[incident.pk] = incident
    heard = {
        row.incident_id: row
        for row in DeliveryStatistics.objects.filter(communication__isnull=True)
    }
    said = _statements(counted)
    found = [_measure(each, heard.get(pk), said[pk], now) for pk, each in counted.items()]
    return found, excluded


def _left_out(incident: Incident) -> str:
    reasons = {
        "drill": incident.drill,
        "imported": incident.backfilled,
        "merged": incident.merged_into_id is not None,
        "false positive": incident.false_positive,
        "no service issue": incident.kind != Kind.SERVICE_ISSUE,
    }
    return next((reason for reason, holds in reasons.items() if holds), "")


def _measure(
    incident: Incident,
    heard: DeliveryStatistics | None,
    said: Sequence[tuple[datetime, datetime | None]],
    now: datetime,
) -> Measure:
    told, over = heard.half_at if heard else None, incident.mitigated_at
    if told is not None and over is not None and told > over:
        told = None
    promises = [kept for due, kept in _promises(said, incident.closed_at) if kept or due < now]
    return Measure(
        incident=incident,
        told_at=told,
        receivers=heard.endpoints if heard else 0,
        promises=len(promises),
        kept=sum(promises),
        silence=_silence([at for at, _ in said], incident.closed_at or now),
    )


def _statements(
    incidents: Mapping[int, Incident],
) -> defaultdict[int, list[tuple[datetime, datetime | None]]]:
    """By incident, in order: when it was said, and what was promised with it."""
    said: defaultdict[int, list[tuple[datetime, datetime | None]]] = defaultdict(list)
    rows = Communication.objects.filter(incident__in=incidents, backfilled=False)
    rows = rows.order_by("incident_id", "number")
    for incident_id, at, due in rows.values_list("incident_id", "at", "next_update_by"):
        said[incident_id].append((at, due))
    return said


def _promises(
    said: Sequence[tuple[datetime, datetime | None]], closed: datetime | None
) -> Iterator[tuple[datetime, bool]]:
    """Due, and whether the next statement, or the end, came by then."""
    for index, (_, due) in enumerate(said):
        if due is not None:
            later = said[index + 1][0] if index + 1 < len(said) else closed
            yield due, later is not None and later <= due


def _silence(said: Sequence[datetime], until: datetime) -> timedelta | None:
    moments = sorted(at for at in said if at < until)
    return max((after - at for at, after in pairwise([*moments, until])), default=None)
