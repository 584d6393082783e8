"""What the screens of deliveries show: counts by outcome, and time-to-notify from three origins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models.functions import Coalesce, Greatest

from incidents.models import Communication, Incident
from notifications.evidence import delivery_statistics
from notifications.evidence.delivery_statistics import Counted
from notifications.models import Delivery, DeliveryStatistics
from notifications.models.choices import SKIP_REASONS
from notifications.vocabulary.delivery_states import Deferral, SkipReason, State
from statuspage.desk.form.durations import in_words

ORIGINS = {
    "impact": "start of impact",
    "detection": "detection",
    "publication": "publication",
}
ANNOUNCE_EVERY = 25  # percent; a screen reader hears no more of a sending than that
TOLD_IN_DIGEST, IN_WAITING_DIGEST = "told in a digest", "in a digest that waits"
SKIPPED_FOR = {word: label.lower() for word, label in SKIP_REASONS} | {
    SkipReason.IN_DIGEST: TOLD_IN_DIGEST
}
DEFERRED: dict[str, str] = {
    Deferral.LIMIT: "held for a digest",
    Deferral.INTERVAL: "held by the interval",
    Deferral.DAILY: "held for a daily summary",
    Deferral.QUIET: "held by quiet hours",
    SkipReason.IN_DIGEST: IN_WAITING_DIGEST,
}

# A statement is published when it is decided; the time it states may lie before.
PUBLISHED = Greatest("at", Coalesce("decision__decided_at", "at"))


@dataclass(frozen=True, slots=True)
class OutcomeTally:
    """Deliveries by outcome. `skipped_for`, `held`: (reason in words, how many), the largest first.

    What is held waits, too, although the other side would take it.
    """

    planned: int
    sent: int
    failed: int
    skipped: int
    waiting: int
    skipped_for: list[tuple[str, int]]
    held: list[tuple[str, int]]

    @property
    def percent(self) -> int:
        """Settled, of all; 100 only when nothing waits."""
        return (self.planned - self.waiting) * 100 // self.planned if self.planned else 100


@dataclass(frozen=True, slots=True)
class Spans:
    """Time-to-notify measured from one origin; texts, a dash where nothing is known."""

    origin: str
    since: datetime | None
    first: str
    half: str
    most: str
    last: str


@dataclass(frozen=True, slots=True)
class Line:
    """One statement's line."""

    communication: Communication
    published: datetime
    all: OutcomeTally
    audiences: list[tuple[str, OutcomeTally]]
    counted: Counted
    spans: Spans  # from publication


@dataclass(frozen=True, slots=True)
class StatisticsPage:
    """An incident's deliveries."""

    incident: Incident
    lines: list[Line]
    whole: Counted
    all: OutcomeTally
    spans: list[Spans]
    aged: bool

    @property
    def under_way(self) -> bool:
        return not self.whole.settled

    @property
    def announced(self) -> str:
        """Changes in a few steps only, so that who listens is not told every second."""
        if not self.under_way and not self.all.planned:
            return "Nobody was to be told so far: no delivery was planned."
        if not self.under_way:
            return "Nothing waits: every delivery is settled."
        step = self.all.percent // ANNOUNCE_EVERY * ANNOUNCE_EVERY
        return f"Sending goes on: {step} % is done."


def deliveries_of(incident: Incident) -> StatisticsPage:
    """Eight questions at most, however many statements and deliveries there are."""
    counted, whole = delivery_statistics.of_incident(incident.pk)
    said = (
        Communication.objects.filter(pk__in=[each.communication for each in counted])
        .annotate(published=PUBLISHED)
        .order_by("-number")
    )
    by_statement = {each.communication: each for each in counted}
    lines = [_line(each, by_statement[each.pk]) for each in said]
    published = min((line.published for line in lines), default=None)
    return StatisticsPage(
        incident,
        lines,
        whole,
        tally_of(whole.counts.values()),
        spans_of(incident, published, whole),
        aged=any(DeliveryStatistics.objects.filter(incident=incident, aged_at__isnull=False)[:1]),
    )


def _line(communication: Communication, counted: Counted) -> Line:
    published: datetime = communication.published  # type: ignore[attr-defined]  # annotated by deliveries_of
    return Line(
        communication,
        published,
        tally_of(counted.counts.values()),
        [(audience, tally_of([by])) for audience, by in sorted(counted.counts.items())],
        counted,
        _spans("publication", published, counted),
    )


def tally_of(counts: Iterable[Mapping[str, int]]) -> OutcomeTally:
    """`counts`: mappings as `counts` of the delivery statistics has them for one audience, added up."""
    total: dict[str, int] = {}
    for by in counts:
        for key, number in by.items():
            total[key] = total.get(key, 0) + number
    skipped_for = _by_reason(total, State.SKIPPED, SKIPPED_FOR)
    return OutcomeTally(
        planned=sum(total.values()),
        sent=total.get(State.SENT, 0),
        failed=total.get(State.FAILED, 0),
        skipped=sum(number for _, number in skipped_for),
        waiting=delivery_statistics.waiting_in({"": total}),
        skipped_for=skipped_for,
        held=_by_reason(total, State.PENDING, DEFERRED),
    )


def reason_of(delivery: Delivery) -> str:
    """Why it was skipped or is held back, in words; empty if neither. Asks for the digest of what is in one."""
    if delivery.told_by != delivery:
        found = {State.SENT: TOLD_IN_DIGEST, State.FAILED: "in a digest that failed"}
        return found.get(State(delivery.told_by.state), IN_WAITING_DIGEST)
    return SKIPPED_FOR.get(delivery.skip_reason, "") or DEFERRED.get(delivery.deferred, "")


def _by_reason(
    total: Mapping[str, int], state: State, words: Mapping[str, str]
) -> list[tuple[str, int]]:
    """What is in this state for a reason, in words, the largest first."""
    found = [
        (words.get(reason, reason), number)
        for key, number in total.items()
        if (reason := key.removeprefix(f"{state}:")) != key
    ]
    return sorted(found, key=lambda item: -item[1])


def origins_of(incident: Incident, published: datetime | None) -> dict[str, datetime | None]:
    """The moments that time-to-notify is measured from, by the names of ORIGINS.

    What a monitor opened was detected then, at the latest; of a person's declaration it is known if stated.
    """
    opened = incident.created_at if incident.automated else None
    return {
        "impact": incident.started_at,
        "detection": incident.detected_at or opened,
        "publication": published,
    }


def spans_of(
    incident: Incident, published: datetime | None, counted: Counted | DeliveryStatistics
) -> list[Spans]:
    return [_spans(name, since, counted) for name, since in origins_of(incident, published).items()]


def _spans(origin: str, since: datetime | None, counted: Counted | DeliveryStatistics) -> Spans:
    def words(at: datetime | None) -> str:
        return in_words(at - since if at and since else None)

    moments = (counted.first_at, counted.half_at, counted.most_at, counted.last_at)
    return Spans(ORIGINS[origin], since, *map(words, moments))
