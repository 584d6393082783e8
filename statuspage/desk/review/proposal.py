"""What our own records propose for a review: its time line, its windows and its figures."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from incidents.models import Impact, Incident
from incidents.vocabulary import CommunicationKind
from incidents.wording import listed, span
from notifications.evidence import delivery_statistics
from statuspage.desk.form.durations import in_words
from statuspage.desk.review.lines import timeline_lines

LONGEST = 160
Row = tuple[datetime, str]


def proposed(incident: Incident) -> list[Row]:
    """Moments (UTC, to the minute) and what happened then, oldest first; for an operator to mend."""
    rows = {
        (at.astimezone(UTC).replace(second=0, microsecond=0), said) for at, said in _rows(incident)
    }
    return sorted(rows)


def with_proposed(typed: str, incident: Incident) -> str:
    """The typed lines, and those proposed that are not among them, in order of time."""
    lines = [line.strip() for line in typed.replace("\r\n", "\n").split("\n") if line.strip()]
    fresh = timeline_lines(proposed(incident)).split("\n")
    return "\n".join(sorted([*lines, *(each for each in fresh if each and each not in lines)]))


def with_figures(typed: str, incident: Incident) -> str:
    """The typed text, and behind it those lines on windows and figures that are not in it."""
    present = {line.strip() for line in typed.replace("\r\n", "\n").split("\n")}
    fresh = [line for line in _figures(incident) if line not in present]
    return "\n\n".join(part for part in (typed.rstrip(), "\n".join(fresh)) if part)


def _figures(incident: Incident) -> Iterator[str]:
    """Each window of impact with what it hit, then how long it took to see, tell, post and end it."""
    hit: dict[tuple[datetime, datetime], list[str]] = {}
    impacts = Impact.objects.filter(occurrence__incident=incident, ended_at__isnull=False)
    for each in impacts.select_related("service", "region").order_by("started_at", "id"):
        window = (each.started_at, each.ended_at or each.started_at)
        hit.setdefault(window, []).append(f"{each.service.name} in {each.region.name}")
    for (start, end), cells in hit.items():
        yield f"- Impact {span(start, end)} ({in_words(end - start)}): {listed(cells)}."
    told = delivery_statistics.of_incident(incident.pk)[1].first_at
    moments = (
        ("Detected", incident.detected_at),
        ("First customers told", told),
        ("Posted publicly", incident.published_at),
        ("Mitigated", incident.mitigated_at),
    )
    for name, at in moments:
        if at is not None:
            yield f"- {name}: {in_words(at - incident.started_at)} after impact began."


def _rows(incident: Incident) -> Iterator[Row]:
    yield incident.started_at, "Impact began."
    if incident.detected_at:
        yield incident.detected_at, "Detected."
    if incident.published_at:
        yield incident.published_at, "Posted publicly."
    yield from _windows(incident)
    told = {
        each.communication: each.first_at
        for each in delivery_statistics.of_incident(incident.pk)[0]
    }
    first = True
    for each in incident.communications.exclude(kind=CommunicationKind.REVIEW).order_by("number"):
        words = " ".join(each.public_text.split())
        short = words if len(words) <= LONGEST else f"{words[:LONGEST].rsplit(' ', 1)[0]} …"
        if each.public_text and each.public_at:
            yield each.at, f"{each.get_stage_display()}: {short}"
        else:
            # What was written for the affected alone is for them; a review may be for everybody.
            yield each.at, f"{each.get_stage_display()}: the affected customers were informed."
        at = told.get(each.pk)
        if first and at is not None:
            first = False
            yield at, "The first customers were told."


def _windows(incident: Incident) -> Iterator[Row]:
    """What was hit later than the first, and what recovered, by moment."""
    begun: dict[datetime, list[str]] = {}
    ended: dict[datetime, list[str]] = {}
    impacts = Impact.objects.filter(occurrence__incident=incident)
    for each in impacts.select_related("service", "region").order_by("id"):
        cell = f"{each.service.name} in {each.region.name}"
        if each.started_at > incident.started_at:
            begun.setdefault(each.started_at, []).append(cell)
        if each.ended_at:
            ended.setdefault(each.ended_at, []).append(cell)
    for at, cells in begun.items():
        yield at, f"{listed(cells)} hit, too."
    for at, cells in ended.items():
        yield at, f"{listed(cells)} recovered."
