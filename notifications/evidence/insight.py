"""How well we tell, by month, service or geography: the figures of `measures`, reviews, repairs and feedback."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from django.db.models import Count, Sum

from incidents.models import Impact, Incident, Mention, ReviewFeedback
from incidents.services.reviews import repairs
from incidents.services.scheduled.review_deadlines import on_time
from notifications.evidence.measures import EXCLUDED, Measure, Span, durations, measures

GROUPS = ("month", "service", "geography")


@dataclass(frozen=True, slots=True)
class Figures:
    """One month, service or geography. `silence`: the longest, with the incident it was in.

    `repairs`: promised and not done; `overdue` of them now. `useful`, `clear`: 1 to 5 on average.
    """

    name: str
    incidents: int
    untold: int
    under_way: int
    detected: Span
    told: Span
    public: Span
    mitigated: Span
    promises: int
    kept: int
    silence: timedelta | None
    silent_in: Incident | None
    reviews: int
    reviews_on_time: int
    repairs: int
    overdue: int
    receivers: int
    answers: int
    useful: float | None
    clear: float | None

    @property
    def kept_share(self) -> float | None:
        return self.kept / self.promises if self.promises else None

    @property
    def on_time_share(self) -> float | None:
        return self.reviews_on_time / self.reviews if self.reviews else None


@dataclass(frozen=True, slots=True)
class IncidentFigures:
    """One incident with all that is known of it; months, services and geographies are made of these."""

    measure: Measure
    reviews: tuple[int, int]
    repairs: tuple[int, int]
    feedback: tuple[int, int, int]

    @property
    def month(self) -> str:
        """Of the start of impact, UTC: 2026-11."""
        return month_of(self.measure.incident.started_at)


@dataclass(frozen=True, slots=True)
class Insight:
    """Incidents of the months asked for, the oldest first, and how many are left out for which reason."""

    told: list[IncidentFigures]
    excluded: dict[str, int]
    services: Mapping[int, Sequence[str]] = field(default_factory=dict)
    geographies: Mapping[int, Sequence[str]] = field(default_factory=dict)

    def whole(self, name: str = "") -> Figures:
        return _figures(name, self.told)

    def by(self, what: str) -> list[Figures]:
        """By one of GROUPS: months, the newest first; services or geographies by name, an incident in each it hit.

        Where nothing happened is no line.
        """
        groups: defaultdict[str, list[IncidentFigures]] = defaultdict(list)
        for each in self.told:
            for name in self._names(what, each):
                groups[name].append(each)
        return [_figures(name, groups[name]) for name in sorted(groups, reverse=what == "month")]

    def _names(self, what: str, told: IncidentFigures) -> Sequence[str]:
        if what == "month":
            return (told.month,)
        places = self.services if what == "service" else self.geographies
        return places.get(told.measure.incident.pk, ())


def insight(
    *, now: datetime, since: str = "", until: str = "9999-12", imported: bool = False
) -> Insight:
    """Incidents whose impact began in the months from `since` to `until` (both as 2026-11, both included).

    A dozen queries, however many incidents. `imported`: see `measures`.
    """
    found, excluded = measures(now=now, imported=imported)
    wanted = [each for each in found if since <= month_of(each.incident.started_at) <= until]
    incidents = {each.incident.pk: each.incident for each in wanted}
    reviews = on_time(incidents.values(), now)
    repairs_of = _repairs(now)
    answers = _answers(incidents)
    told = [
        IncidentFigures(
            each,
            reviews.get(each.incident.pk, (0, 0)),
            repairs_of.get(each.incident.pk, (0, 0)),
            answers.get(each.incident.pk, (0, 0, 0)),
        )
        for each in wanted
    ]
    services, geographies = _places(incidents)
    return Insight(told, {reason: excluded[reason] for reason in EXCLUDED}, services, geographies)


def month_of(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m}"


def _figures(name: str, told: Sequence[IncidentFigures]) -> Figures:
    found = [each.measure for each in told]
    silent = max(
        (each for each in found if each.silence is not None),
        key=lambda each: each.silence or timedelta(),
        default=None,
    )
    answers, useful, clear = _added((each.feedback for each in told), 3)
    reviews, reviews_on_time = _added((each.reviews for each in told), 2)
    promised, overdue = _added((each.repairs for each in told), 2)
    return Figures(
        name=name,
        incidents=len(found),
        untold=sum(each.untold for each in found),
        under_way=sum(each.under_way for each in found),
        detected=durations(each.to_detected for each in found),
        told=durations(each.to_told for each in found),
        public=durations(each.to_public for each in found),
        mitigated=durations(each.to_mitigated for each in found),
        promises=sum(each.promises for each in found),
        kept=sum(each.kept for each in found),
        silence=silent.silence if silent else None,
        silent_in=silent.incident if silent else None,
        reviews=reviews,
        reviews_on_time=reviews_on_time,
        repairs=promised,
        overdue=overdue,
        receivers=sum(each.receivers for each in found),
        answers=answers,
        useful=useful / answers if answers else None,
        clear=clear / answers if answers else None,
    )


def _added(rows: Iterable[Sequence[int]], width: int) -> list[int]:
    return [sum(column) for column in zip(*rows, strict=True)] or [0] * width


def _repairs(now: datetime) -> dict[int, tuple[int, int]]:
    """By incident: what is promised and not done, and what of it is overdue."""
    promised: Counter[int] = Counter()
    overdue: Counter[int] = Counter()
    for each in repairs.open_repairs():
        promised[each.review.incident_id] += 1
        overdue[each.review.incident_id] += repairs.is_overdue(each, now)
    return {pk: (promised[pk], overdue[pk]) for pk in promised}


def _answers(incidents: Iterable[int]) -> dict[int, tuple[int, int, int]]:
    """By incident: how many answers to its reviews, and both marks added up."""
    rows = (
        ReviewFeedback.objects.filter(review__incident__in=incidents)
        .order_by()
        .values_list("review__incident_id")
        .annotate(Count("id"), Sum("useful"), Sum("clear"))
    )
    return {pk: (count, useful, clear) for pk, count, useful, clear in rows}


def _places(incidents: Iterable[int]) -> tuple[dict[int, list[str]], dict[int, list[str]]]:
    """By incident: the services it hit, and the geographies; of an imported one those that its text names."""
    services: defaultdict[int, dict[str, None]] = defaultdict(dict)
    geographies: defaultdict[int, dict[str, None]] = defaultdict(dict)
    hit = Impact.objects.filter(occurrence__incident__in=incidents).values_list(
        "occurrence__incident_id", "service__name", "region__geography__name"
    )
    for pk, service, geography in hit.distinct():
        services[pk][service] = geographies[pk][geography] = None
    named = Mention.objects.filter(incident__in=incidents).values_list(
        "incident_id", "service__name", "region__geography__name", "geography__name"
    )
    for pk, service, around, geography in named.distinct():
        if service:
            services[pk][service] = None
        for name in filter(None, (around, geography)):
            geographies[pk][name] = None
    return {pk: list(each) for pk, each in services.items()}, {
        pk: list(each) for pk, each in geographies.items()
    }
