"""Post-incident reviews: a version is written, published, and sent to whom it is for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from incidents.models import Incident, RepairItem, Review, ReviewSection, TimelineEntry
from incidents.services.errors import EntryError
from incidents.services.statements import checked_text, write_communication
from incidents.services.visibility import standing_of
from incidents.state_table import Standing
from incidents.vocabulary import CommunicationKind, RepairState, ReviewKind
from incidents.wording import WordingFacts


@dataclass(frozen=True, slots=True)
class Section:
    kind: str
    heading: str
    text: str


@dataclass(frozen=True, slots=True)
class Repair:
    """`state`: done, in-progress or planned; `due`: `YYYY-MM` or empty."""

    text: str
    owner: str = ""
    state: str = RepairState.PLANNED
    due: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """A version of a review as written; `timeline` holds (UTC time, text)."""

    kind: str
    sections: Sequence[Section]
    timeline: Sequence[tuple[datetime, str]] = ()
    repairs: Sequence[Repair] = ()
    video: str = ""
    survey: str = ""


@transaction.atomic
def publish_review(
    *, incident_id: int, draft: Draft, now: datetime, actor: AbstractBaseUser | None = None
) -> Review:
    """Publish the next version. For the world if the incident was ever broad, else for its audience.

    The customers concerned get it as a communication. Of a targeted review nothing is put into the
    public text, so none of it can be read publicly. Raises EntryError before mitigation.
    """
    incident = Incident.objects.select_for_update().get(pk=incident_id)
    _check(incident, draft)
    review = Review.objects.create(
        incident=incident,
        kind=draft.kind,
        version=incident.reviews.count() + 1,
        for_public=is_for_public(incident),
        created_at=now,
        published_at=now,
        video=checked_text("video", draft.video, 500, lines=False),
        survey=checked_text("survey", draft.survey, 500, lines=False),
        actor_id=actor.pk if actor else None,
    )
    _write_parts(review, draft)
    incident.updated_at = now
    incident.save(update_fields=["updated_at"])
    write_communication(
        incident,
        stage=incident.stage,
        kind=CommunicationKind.REVIEW,
        public_text="",
        public_facts=[WordingFacts("review", stage=draft.kind)] if review.for_public else (),
        targeted_text=_as_text(draft),
        at=now,
        now=now,
        actor=actor,
    )
    return review


def is_for_public(incident: Incident) -> bool:
    """Whether a version published now is for the world, rather than for the affected customers."""
    return incident.ever_broad and standing_of(incident) is Standing.PUBLIC


def _check(incident: Incident, draft: Draft) -> None:
    if incident.mitigated_at is None:
        raise EntryError("review", "impact has not ended; mitigate the incident first.")
    if draft.kind not in tuple(ReviewKind):
        raise EntryError("kind", f"{draft.kind!r}; use preliminary or final.")
    if not any(section.text.strip() for section in draft.sections):
        raise EntryError("sections", "are all empty; say at least what happened.")
    for name, address in (("video", draft.video), ("survey", draft.survey)):
        if address and not address.startswith(("https://", "http://")):
            raise EntryError(name, f"{address[:60]!r} is no web address; begin with https://.")


def _write_parts(review: Review, draft: Draft) -> None:
    ReviewSection.objects.bulk_create(
        ReviewSection(
            review=review,
            kind=section.kind,
            heading=checked_text("heading", section.heading, 200, lines=False),
            text=checked_text("sections", section.text, 100_000),
            position=position,
        )
        for position, section in enumerate(draft.sections)
        if section.text.strip()
    )
    TimelineEntry.objects.bulk_create(
        TimelineEntry(review=review, at=at, text=checked_text("timeline", text), position=position)
        for position, (at, text) in enumerate(sorted(draft.timeline))
    )
    RepairItem.objects.bulk_create(
        RepairItem(
            review=review,
            text=checked_text("repairs", repair.text),
            owner=checked_text("owner", repair.owner, 200, lines=False),
            state=repair.state,
            due=repair.due,
            position=position,
        )
        for position, repair in enumerate(draft.repairs)
    )


def _as_text(draft: Draft) -> str:
    """The review as one Markdown text, whole, for mails."""
    parts = [f"### {s.heading}\n\n{s.text.strip()}" for s in draft.sections if s.text.strip()]
    if draft.timeline:
        rows = [f"- {at:%d %B %Y %H:%M} UTC: {text}" for at, text in sorted(draft.timeline)]
        parts.append("### Timeline\n\n" + "\n".join(rows))
    if draft.repairs:
        rows = [f"- {r.text} ({r.state}{f', {r.due}' if r.due else ''})" for r in draft.repairs]
        parts.append("### Repair items\n\n" + "\n".join(rows))
    return "\n\n".join(parts)
