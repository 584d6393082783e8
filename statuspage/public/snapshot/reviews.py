"""The reviews' part of the public snapshot: every public version, and those still owed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from incidents.models import Incident, Review
from incidents.policy import Policy
from incidents.review_deadlines import review_deadlines_of
from incidents.texts.markdown import to_html
from incidents.vocabulary import PromisedReview
from statuspage.public.snapshot.values import RepairItemView, ReviewView, SectionView, TimelineView


def read_review(reviews: Sequence[Review]) -> ReviewView:
    """The newest of these versions (public ones, oldest first), with those before it."""
    newest = reviews[-1]
    return ReviewView(
        kind=newest.kind,
        version=newest.version,
        published_at=newest.published_at,
        # A text that was read in rarely says when it came out: it was before it was read.
        dated=newest.published_at is None or newest.published_at >= newest.created_at,
        sections=tuple(
            SectionView(section.kind, section.heading, to_html(section.text))
            for section in sorted(newest.sections.all(), key=lambda section: section.position)
        ),
        timeline=tuple(
            TimelineView(row.at, row.text)
            for row in sorted(newest.timeline.all(), key=lambda row: row.position)
        ),
        repair_items=tuple(
            RepairItemView(item.text, item.owner, item.state, item.due)
            for item in sorted(newest.repair_items.all(), key=lambda item: item.position)
        ),
        video=newest.video,
        survey=newest.survey,
        versions=tuple((r.version, r.kind, r.published_at) for r in reviews),
        earlier=tuple(read_review([one]) for one in reviews[:-1]),
    )


def owed(
    incident: Incident, reviews: Sequence[Review], policy: Policy
) -> tuple[tuple[str, datetime], ...]:
    """The public reviews an incident still owes; only those of a broad one are public."""
    if not incident.ever_broad or incident.backfilled:
        return ()
    clocks = review_deadlines_of(
        review=PromisedReview.PUBLIC,
        mitigated_at=incident.mitigated_at,
        published=[(one.kind, one.published_at) for one in reviews if one.published_at],
        policy=policy,
        now=incident.started_at,  # whether it is late by now is for whoever draws it
    )
    return tuple((clock.kind, clock.due) for clock in clocks)
