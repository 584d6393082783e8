"""The public snapshot: everything the public pages may say, as plain values.

Built by `reader` from `.public()` queries alone, rendered by `pages`. Pure. All times are UTC. HTML
fields (`*_html`) are sanitised and safe to print; every other text is plain and must be escaped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple
from uuid import UUID

from django.utils.translation import get_language

from incidents.cells import Cell
from incidents.vocabulary import Role


@dataclass(frozen=True, slots=True)
class RegionView:
    slug: str
    name: str
    zones: tuple[str, ...] = ()
    since: datetime | None = None  # when it came into the catalogue
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GeographyView:
    """One tab of the matrix; the geography of the non-regional column is not among them."""

    slug: str
    name: str
    regions: tuple[RegionView, ...]


@dataclass(frozen=True, slots=True)
class ServiceView:
    slug: str
    name: str
    aliases: tuple[str, ...] = ()
    since: datetime | None = None  # when it came into the catalogue


@dataclass(frozen=True, slots=True)
class CategoryView:
    slug: str
    name: str
    services: tuple[ServiceView, ...]


@dataclass(frozen=True, slots=True)
class CellView:
    """A cell that is not good: `state` is one of critical, warning, information, maintenance."""

    state: str
    incidents: tuple[str, ...]
    since: datetime


@dataclass(frozen=True, slots=True)
class DependencyView:
    """`service` depends on `depends_on` (slugs); `managing`: only creating, changing and scaling it does."""

    service: str
    depends_on: str
    managing: bool = False


class Cause(NamedTuple):
    """What fails, and where (slugs); `managing`: only managing the dependent suffers from it."""

    depends_on: str
    region: str
    managing: bool = False


@dataclass(frozen=True, slots=True)
class DependentView:
    """A cell that may be affected; `incidents` and `since` are those of its causes."""

    causes: tuple[Cause, ...]
    incidents: tuple[str, ...]
    since: datetime

    @property
    def managing(self) -> bool:
        return all(cause.managing for cause in self.causes)


@dataclass(frozen=True, slots=True)
class NamedView:
    """A service, region or geography that an incident names; `role` is impacted or mentioned."""

    slug: str
    name: str
    role: str = Role.IMPACTED


@dataclass(frozen=True, slots=True)
class WindowView:
    label: str
    start: datetime
    end: datetime | None


@dataclass(frozen=True, slots=True)
class ImpactView:
    service: NamedView
    region: NamedView
    zones: tuple[str, ...]
    extent: str  # subset | zone | region
    level: str  # error | warning | informational
    start: datetime
    end: datetime | None
    # Of the region: its geography, and in how many regions of it the service is offered.
    geography: str = ""
    offered: int = 0
    worldwide: bool = False  # the cell of a non-regional service


@dataclass(frozen=True, slots=True)
class CommunicationView:
    """One public statement; `number` counts the public ones of an incident from 1 and makes the permalink.

    `text` has the words of `html` without markup. `announced`: it was sent to whom it may concern, and not
    written down afterwards.
    """

    number: int
    kind: str  # update | retraction | correction | note
    stage: str  # investigating | identified | mitigating | mitigated | resolved | planned | …
    at: datetime
    html: str
    text: str
    language: str
    automated: bool = False
    next_update_by: datetime | None = None
    announced: bool = True
    from_facts: bool = False  # no person's words are in it
    translations: tuple[tuple[str, str, str], ...] = ()  # (language, html, text) of what facts say

    def said(self) -> CommunicationView:
        """In the language being written, where facts alone were told; a person's words stay as they are."""
        for language, html, text in self.translations:
            if language == get_language():
                return replace(self, html=html, text=text, language=language)
        return self


@dataclass(frozen=True, slots=True)
class SectionView:
    kind: str
    heading: str
    html: str


@dataclass(frozen=True, slots=True)
class TimelineView:
    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class RepairItemView:
    text: str
    owner: str
    state: str  # done | in-progress | planned
    due: str  # YYYY-MM or empty


@dataclass(frozen=True, slots=True)
class ReviewView:
    """The newest published version of a post-incident review; `versions` lists all of them, oldest first."""

    kind: str  # preliminary | final
    version: int
    published_at: datetime | None
    sections: tuple[SectionView, ...]
    timeline: tuple[TimelineView, ...]
    repair_items: tuple[RepairItemView, ...]
    video: str
    survey: str
    versions: tuple[tuple[int, str, datetime | None], ...] = ()
    dated: bool = True  # `published_at` was recorded or read, and not merely assumed
    earlier: tuple[
        ReviewView, ...
    ] = ()  # the public versions before it, oldest first, without theirs


@dataclass(frozen=True, slots=True)
class ResponseView:
    """When we did what, as far as recorded; `detected`: by monitoring, else a person declared it."""

    opened_at: datetime | None
    detected: bool
    targeted_at: datetime | None  # the affected were first told
    public_at: datetime | None


@dataclass(frozen=True, slots=True)
class IncidentView:
    tracking_id: str
    kind: str  # service-issue | planned-maintenance | health-advisory | security-advisory
    level: str
    title: str
    stage: str
    active: bool
    started_at: datetime
    ended_at: datetime | None
    updated_at: datetime
    scenario: int | None
    note: str
    windows: tuple[WindowView, ...]
    impacts: tuple[ImpactView, ...]
    services: tuple[NamedView, ...]
    regions: tuple[NamedView, ...]
    geographies: tuple[NamedView, ...]
    communications: tuple[CommunicationView, ...]  # newest first
    review: ReviewView | None
    scheduled_for: datetime | None = None
    scheduled_until: datetime | None = None
    backfilled: bool = False
    response: ResponseView | None = None
    reviews_due: tuple[tuple[str, datetime], ...] = ()  # (kind, due) of public reviews still owed
    language: str = "en"  # of the operator's words: title, note and review

    closed_at: datetime | None = None
    heading_month: str = ""  # of an imported entry: the month (YYYY-MM) it stood under

    @property
    def listed_at(self) -> datetime:
        """Its place in the history: its start, or when it was called off before that."""
        return min(self.started_at, self.closed_at or self.started_at)

    def months_until(self, now: datetime) -> list[str]:
        """The months (`YYYY-MM`, UTC) whose history shows it, from its start to its end; none before it began."""
        first = self.listed_at
        if first > now:
            return []
        last = max(first, self.ended_at or (now if self.active else first))
        months = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
        found = [f"{month // 12}-{month % 12 + 1:02}" for month in months]
        return found if self.heading_month in ("", *found) else [*found, self.heading_month]

    def moments_ahead(self) -> tuple[datetime | None, ...]:
        """What it has planned and promised, past or to come, while it is open."""
        if not self.active:
            return ()
        promised = self.communications[0].next_update_by if self.communications else None
        return self.scheduled_for, self.scheduled_until, promised

    @property
    def month(self) -> str:
        """The page of the history that shows it: `YYYY-MM` of its start (UTC)."""
        return f"{self.listed_at.year}-{self.listed_at.month:02d}"


@dataclass(frozen=True, slots=True)
class BesideView:
    """What the page of the incident before or after it says of an incident."""

    tracking_id: str
    title: str
    language: str


@dataclass(frozen=True, slots=True)
class GoneView:
    """An entry that was public and has been withdrawn; its URL answers 410 with `sentence`."""

    tracking_id: str
    withdrawn_at: datetime
    sentence: str


@dataclass(frozen=True, slots=True)
class FiguresView:
    """How fast we tell, as it was published (UTC). `document`: as `how_fast.schema.json` describes it."""

    published_at: datetime
    document: Mapping[str, Any]


@dataclass(frozen=True)
class Snapshot:
    """`cells` has only what is not good; `offered` all pairs (service slug, region slug) that exist.

    `site`: the installation's own id, a UUID that outlives names and addresses.
    `dependents` has what may be affected because of those cells, and is none of them.
    """

    revision: int
    as_of: datetime
    geographies: tuple[GeographyView, ...]
    non_regional: RegionView | None
    categories: tuple[CategoryView, ...]
    offered: frozenset[Cell]
    cells: Mapping[Cell, CellView]
    incidents: tuple[IncidentView, ...]  # newest first, by `listed_at`
    gone: tuple[GoneView, ...] = ()
    redirects: Mapping[str, str] = field(
        default_factory=dict
    )  # absorbed tracking ID -> surviving one
    old_paths: Mapping[str, str] = field(
        default_factory=dict
    )  # path on the page that it was moved over from -> tracking ID
    site: str = str(UUID(int=0))
    dependencies: tuple[DependencyView, ...] = ()
    dependents: Mapping[Cell, DependentView] = field(default_factory=dict)
    figures: FiguresView | None = None

    @cached_property
    def service_names(self) -> Mapping[str, str]:
        return {one.slug: one.name for category in self.categories for one in category.services}

    @cached_property
    def region_names(self) -> Mapping[str, str]:
        """Of the regions that lie somewhere."""
        return {one.slug: one.name for place in self.geographies for one in place.regions}

    @cached_property
    def by_id(self) -> Mapping[str, IncidentView]:
        return {one.tracking_id: one for one in self.incidents}

    @cached_property
    def neighbours(self) -> Mapping[str, tuple[BesideView | None, BesideView | None]]:
        """Tracking ID -> the next newer and the next older one in the history; None at its ends."""
        beside = [BesideView(one.tracking_id, one.title, one.language) for one in self.incidents]
        around = [None, *beside, None]
        return {
            one.tracking_id: (newer, older)
            for one, newer, older in zip(beside, around, around[2:], strict=False)
        }

    @cached_property
    def next_moment(self) -> datetime | None:
        """When the clock alone will next change what is said: a plan begins or ends, something promised is due."""
        moments = [
            moment
            for one in self.incidents
            for moment in (*one.moments_ahead(), *(due for _, due in one.reviews_due))
            if moment is not None and moment > self.as_of
        ]
        return min(moments, default=None)

    @cached_property
    def months(self) -> Mapping[str, Sequence[IncidentView]]:
        """The incidents of each month (`YYYY-MM`) that has some, newest month first."""
        found: dict[str, list[IncidentView]] = {}
        for one in self.incidents:
            for month in one.months_until(self.as_of):
                found.setdefault(month, []).append(one)
        return dict(sorted(found.items(), reverse=True))
