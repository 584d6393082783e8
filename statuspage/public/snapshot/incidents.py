"""Public incidents: rows become views, with everything that is said of them, in a constant number of queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings

from incidents.importers.history_text.times.milestones import milestones
from incidents.models import (
    Communication,
    Impact,
    Incident,
    Mention,
    Occurrence,
    Review,
)
from incidents.policy import Policy
from incidents.services.automatic_text import offered_in_geographies
from incidents.services.decisions.policies import current_policy
from incidents.texts.markdown import to_html, to_text
from incidents.vocabulary import Role, Stage
from incidents.wording import WordingFacts, written
from statuspage import languages
from statuspage.public.snapshot.reviews import owed, read_review
from statuspage.public.snapshot.values import (
    CommunicationView,
    ImpactView,
    IncidentView,
    NamedView,
    ResponseView,
    ReviewView,
    WindowView,
)

BATCH = 500


def read_incidents(chosen: Collection[int] | None) -> Iterator[tuple[int, IncidentView]]:
    """The public ones among these ids (None: all public ones), with everything that is said of them."""
    if chosen is None:
        chosen = list(Incident.objects.public().values_list("id", flat=True))
    policy = current_policy() if chosen else None
    ordered = sorted(chosen)
    # In batches: the rows of a long history take ten times the room of what is kept of them.
    for begin in range(0, len(ordered), BATCH):
        yield from _batch(ordered[begin : begin + BATCH], policy)


def _batch(chosen: Collection[int], policy: Policy | None) -> Iterator[tuple[int, IncidentView]]:
    def of(path: str) -> dict[str, Any]:
        return {f"{path}__in": chosen}

    incidents = list(Incident.objects.public().filter(**of("id")))
    impacts: dict[int, list[Impact]] = defaultdict(list)
    found = Impact.objects.public().filter(**of("occurrence__incident"))
    found = found.select_related("service", "region__geography", "occurrence")
    for impact in found.order_by("started_at", "id"):
        impacts[impact.occurrence.incident_id].append(impact)
    offered = offered_in_geographies({one.service_id for many in impacts.values() for one in many})
    mentions: dict[int, list[Mention]] = defaultdict(list)
    for mention in (
        Mention.objects.public()
        .filter(**of("incident"))
        .select_related("service", "region", "geography")
        .order_by("id")
    ):
        mentions[mention.incident_id].append(mention)
    communications: dict[int, list[Communication]] = defaultdict(list)
    for communication in (
        Communication.objects.public().filter(**of("incident")).order_by("-number")
    ):
        communications[communication.incident_id].append(communication)
    occurrences: dict[int, list[Occurrence]] = defaultdict(list)
    for occurrence in (
        Occurrence.objects.public().filter(**of("incident")).order_by("started_at", "id")
    ):
        occurrences[occurrence.incident_id].append(occurrence)
    reviews: dict[int, list[Review]] = defaultdict(list)
    for review in (
        Review.objects.public()
        .filter(**of("incident"))
        .prefetch_related("sections", "timeline", "repair_items")
        .order_by("version")
    ):
        reviews[review.incident_id].append(review)
    told = Communication.objects.filter(**of("incident")).first_targeted()
    for incident in incidents:
        yield (
            incident.pk,
            _incident(
                incident,
                policy,
                told.get(incident.pk),
                [_impact(impact, offered) for impact in impacts[incident.pk]],
                mentions[incident.pk],
                communications[incident.pk],
                occurrences[incident.pk],
                reviews[incident.pk],
            ),
        )


def _incident(
    incident: Incident,
    policy: Policy | None,
    first_targeted: datetime | None,
    impacts: list[ImpactView],
    mentions: list[Mention],
    communications: list[Communication],
    occurrences: list[Occurrence],
    reviews: list[Review],
) -> IncidentView:
    windows = tuple(WindowView(o.label, o.started_at, o.ended_at) for o in occurrences)
    named = [
        *[("services", i.service.slug, i.service.name, "impacted") for i in impacts],
        *[("regions", i.region.slug, i.region.name, "impacted") for i in impacts],
        *[
            (kind, place.slug, place.name, mention.role)
            for mention in mentions
            if mention.recovered_at is None
            for kind, place in (
                ("services", mention.service),
                ("regions", mention.region),
                ("geographies", mention.geography),
            )
            if place is not None
        ],
    ]
    review = read_review(reviews) if reviews else None
    if _never_was(incident, communications):
        windows, impacts = (), []
    said = _said(communications, incident)
    return IncidentView(
        tracking_id=incident.tracking_id,
        kind=incident.kind,
        level=incident.level,
        title=incident.public_title,
        stage=incident.stage,
        active=incident.closed_at is None,
        started_at=incident.started_at,
        ended_at=incident.mitigated_at,
        updated_at=_updated(incident, said, review),
        scenario=incident.scenario,
        note=incident.note,
        windows=windows,
        impacts=tuple(impacts),
        services=_named(named, "services"),
        regions=_named(named, "regions"),
        geographies=_named(named, "geographies"),
        communications=said,
        review=review,
        scheduled_for=incident.scheduled_for,
        scheduled_until=incident.scheduled_until,
        backfilled=incident.backfilled,
        response=_response(incident, first_targeted, review),
        reviews_due=owed(incident, reviews, policy) if policy else (),
        closed_at=incident.closed_at,
        heading_month=incident.heading_month,
        language=communications[-1].language if communications else settings.LANGUAGE_CODE,
    )


def _updated(
    incident: Incident, said: Sequence[CommunicationView], review: ReviewView | None
) -> datetime:
    """When the public entry last changed. Of a live incident only what is public counts: its row is touched
    by targeted updates, too.
    """
    moments = [one.at for one in said[:1]]
    moments += [review.published_at] if review and review.published_at else []
    if incident.backfilled:
        return max([incident.updated_at, *moments])
    return max([incident.published_at or incident.started_at, *moments])


def _response(
    incident: Incident, first_targeted: datetime | None, review: ReviewView | None
) -> ResponseView | None:
    """As recorded; of what was read from a text, as its review's own time line states it."""
    if not incident.backfilled:
        opened, detected = incident.created_at, incident.automated
        return ResponseView(opened, detected, first_targeted, incident.published_at)
    if review is None:
        return None
    stated = milestones((row.at, row.text) for row in review.timeline)
    return ResponseView(stated.detected_at, True, stated.targeted_at, stated.public_at)


def _named(named: Iterable[tuple[str, str, str, str]], kind: str) -> tuple[NamedView, ...]:
    """Each place once, in order of first naming; impacted outweighs mentioned."""
    found: dict[str, NamedView] = {}
    for this, slug, name, role in named:
        if this == kind and (slug not in found or role == Role.IMPACTED):
            found[slug] = NamedView(slug, name, role)
    return tuple(found.values())


def _never_was(incident: Incident, said: list[Communication]) -> bool:
    """A maintenance that was cancelled before it began: it is named, and has had no impact."""
    return incident.stage == Stage.CANCELLED and all(one.stage != Stage.IN_PROGRESS for one in said)


def _impact(impact: Impact, offered: Mapping[tuple[int, int], int]) -> ImpactView:
    return ImpactView(
        service=NamedView(impact.service.slug, impact.service.name),
        region=NamedView(impact.region.slug, impact.region.name),
        zones=tuple(impact.zones),
        extent=impact.extent,
        level=impact.level,
        start=impact.started_at,
        end=impact.ended_at,
        geography=impact.region.geography.name,
        offered=offered.get((impact.service_id, impact.region.geography_id), 0),
        worldwide=impact.region.is_global,
    )


def _said(
    communications: Sequence[Communication], incident: Incident
) -> tuple[CommunicationView, ...]:
    """Newest first, by number: a clock may have been behind, and no statement is shown before the last."""
    found: list[CommunicationView] = []
    at = None
    # Counted anew: gaps would tell how many statements only the affected have read.
    for number, one in enumerate(reversed(communications), start=1):
        at = max(at or one.at, one.at)
        found.append(_communication(one, incident, number, at))
    return tuple(reversed(found))


def _communication(
    communication: Communication, incident: Incident, number: int, at: datetime
) -> CommunicationView:
    facts = [WordingFacts.of_json(one) for one in communication.written_from.get("public", ())]
    texts = [(code, written(facts, code)) for code in languages.others()] if facts else []
    return CommunicationView(
        number=number,
        kind=communication.kind,
        stage=communication.stage,
        at=at,
        html=to_html(communication.public_text),
        text=to_text(communication.public_text),
        language=communication.language,
        automated=communication.automated,
        next_update_by=communication.next_update_by,
        announced=not (communication.backfilled or incident.backfilled),
        from_facts=bool(facts) and not any(one.quote for one in facts),
        translations=tuple((code, to_html(text), to_text(text)) for code, text in texts),
    )
