"""Reads the public picture from the database, in one snapshot, through `.public()` alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.db import connection, transaction

from incidents.markdown import to_html, to_text
from incidents.models import (
    Communication,
    Geography,
    Impact,
    Incident,
    Mention,
    Occurrence,
    Offering,
    Region,
    Review,
    Revision,
    Service,
    ServiceCategory,
)
from statuspage.published import mapping
from statuspage.published.picture import (
    CategoryView,
    CellView,
    CommunicationView,
    GeographyView,
    GoneView,
    ImpactView,
    IncidentView,
    NamedView,
    Picture,
    RegionView,
    RepairItemView,
    ReviewView,
    SectionView,
    ServiceView,
    TimelineView,
    WindowView,
)

WITHDRAWN = "This entry was withdrawn."


def read_picture(*, now: datetime) -> Picture:
    """The public picture as of `now` (UTC), from one REPEATABLE READ snapshot: a constant number of queries."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        return _read(now)


def _read(now: datetime) -> Picture:
    revision = Revision.objects.filter(id=1).values_list("number", flat=True).first() or 0
    regions = list(Region.objects.select_related("geography").order_by("position", "id"))
    current = [region for region in regions if region.retired_at is None]
    incidents = list(Incident.objects.public().order_by("-started_at", "-id"))
    impacts = _impacts()
    return Picture(
        revision=revision,
        as_of=now,
        geographies=_geographies(current),
        non_regional=next((_region(region) for region in current if region.is_global), None),
        categories=_categories(),
        offered=frozenset(
            Offering.objects.filter(
                retired_at=None, service__retired_at=None, region__retired_at=None
            ).values_list("service__slug", "region__slug")
        ),
        cells=_cells(incidents, impacts, now),
        incidents=_incidents(incidents, impacts),
        gone=tuple(
            GoneView(incident.tracking_id, withdrawn, incident.withdrawal_reason or WITHDRAWN)
            for incident in Incident.objects.gone().order_by("id")
            if (withdrawn := incident.withdrawn_at)
        ),
        redirects=dict(
            Incident.objects.redirecting().values_list("tracking_id", "merged_into__tracking_id")
        ),
    )


def _region(region: Region) -> RegionView:
    return RegionView(region.slug, region.name, tuple(region.zones))


def _geographies(regions: list[Region]) -> tuple[GeographyView, ...]:
    members: dict[int, list[RegionView]] = defaultdict(list)
    for region in regions:
        if not region.is_global:
            members[region.geography_id].append(_region(region))
    return tuple(
        GeographyView(geography.slug, geography.name, tuple(members[geography.pk]))
        for geography in Geography.objects.order_by("position", "id")
        if members[geography.pk]
    )


def _categories() -> tuple[CategoryView, ...]:
    members: dict[int, list[ServiceView]] = defaultdict(list)
    services = Service.objects.filter(retired_at=None).prefetch_related("aliases")
    for service in services.order_by("position", "id"):
        aliases = tuple(alias.name for alias in service.aliases.all())
        members[service.category_id].append(ServiceView(service.slug, service.name, aliases))
    return tuple(
        CategoryView(category.slug, category.name, tuple(members[category.pk]))
        for category in ServiceCategory.objects.order_by("position", "id")
        if members[category.pk]
    )


Impacts = dict[int, list[Impact]]  # by incident id


def _impacts() -> Impacts:
    found: Impacts = defaultdict(list)
    impacts = Impact.objects.public().select_related("service", "region", "occurrence")
    for impact in impacts.order_by("started_at", "id"):
        found[impact.occurrence.incident_id].append(impact)
    return found


def _cells(
    incidents: list[Incident], impacts: Impacts, now: datetime
) -> dict[tuple[str, str], CellView]:
    """Cells with an open impact; several incidents in one cell: the worst state, all of them linked."""
    cells: dict[tuple[str, str], CellView] = {}
    for incident in incidents:
        if incident.kind == "planned-maintenance" and incident.stage != "in-progress":
            continue
        for impact in impacts.get(incident.pk, ()):
            if impact.ended_at is not None and impact.ended_at <= now:
                continue
            key = (impact.service.slug, impact.region.slug)
            state = mapping.cell_state(incident.kind, impact.level, impact.extent)
            cells[key] = _worse(cells.get(key), state, incident.tracking_id, impact.started_at)
    return cells


def _worse(cell: CellView | None, state: str, tracking_id: str, since: datetime) -> CellView:
    if cell is None:
        return CellView(state, (tracking_id,), since)
    return CellView(
        max(cell.state, state, key=mapping.GRAVITY.index),
        tuple(dict.fromkeys((*cell.incidents, tracking_id))),
        min(cell.since, since),
    )


def _incidents(incidents: list[Incident], impacts: Impacts) -> tuple[IncidentView, ...]:
    mentions: dict[int, list[Mention]] = defaultdict(list)
    for mention in (
        Mention.objects.public().select_related("service", "region", "geography").order_by("id")
    ):
        mentions[mention.incident_id].append(mention)
    communications: dict[int, list[Communication]] = defaultdict(list)
    for communication in Communication.objects.public().order_by("-at", "-number"):
        communications[communication.incident_id].append(communication)
    occurrences: dict[int, list[Occurrence]] = defaultdict(list)
    for occurrence in Occurrence.objects.public().order_by("started_at", "id"):
        occurrences[occurrence.incident_id].append(occurrence)
    reviews: dict[int, list[Review]] = defaultdict(list)
    for review in (
        Review.objects.public()
        .prefetch_related("sections", "timeline", "repair_items")
        .order_by("version")
    ):
        reviews[review.incident_id].append(review)
    return tuple(
        _incident(
            incident,
            impacts.get(incident.pk, []),
            mentions[incident.pk],
            communications[incident.pk],
            occurrences[incident.pk],
            reviews[incident.pk],
        )
        for incident in incidents
    )


def _incident(
    incident: Incident,
    impacts: list[Impact],
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
    return IncidentView(
        tracking_id=incident.tracking_id,
        kind=incident.kind,
        level=incident.level,
        title=incident.public_title,
        stage=incident.stage,
        active=incident.closed_at is None,
        started_at=incident.started_at,
        ended_at=incident.mitigated_at,
        updated_at=incident.updated_at,
        scenario=incident.scenario,
        note_html=to_html(incident.note) if incident.note else "",
        windows=windows,
        impacts=tuple(_impact(impact) for impact in impacts),
        services=_named(named, "services"),
        regions=_named(named, "regions"),
        geographies=_named(named, "geographies"),
        communications=tuple(_communication(c) for c in communications),
        review=_review(reviews) if reviews else None,
        scheduled_for=incident.scheduled_for,
        scheduled_until=incident.scheduled_until,
        backfilled=incident.backfilled,
        language=communications[-1].language if communications else settings.LANGUAGE_CODE,
    )


def _named(named: Iterable[tuple[str, str, str, str]], kind: str) -> tuple[NamedView, ...]:
    """Each place once, in order of first naming; impacted outweighs mentioned."""
    found: dict[str, NamedView] = {}
    for this, slug, name, role in named:
        if this == kind and (slug not in found or role == "impacted"):
            found[slug] = NamedView(slug, name, role)
    return tuple(found.values())


def _impact(impact: Impact) -> ImpactView:
    return ImpactView(
        service=NamedView(impact.service.slug, impact.service.name),
        region=NamedView(impact.region.slug, impact.region.name),
        zones=tuple(impact.zones),
        extent=impact.extent,
        level=impact.level,
        start=impact.started_at,
        end=impact.ended_at,
    )


def _communication(communication: Communication) -> CommunicationView:
    return CommunicationView(
        number=communication.number,
        kind=communication.kind,
        stage=communication.stage,
        at=communication.at,
        html=to_html(communication.public_text),
        text=to_text(communication.public_text),
        language=communication.language,
        automated=communication.automated,
        next_update_by=communication.next_update_by,
    )


def _review(reviews: list[Review]) -> ReviewView:
    newest = reviews[-1]
    return ReviewView(
        kind=newest.kind,
        version=newest.version,
        published_at=newest.published_at,
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
    )
