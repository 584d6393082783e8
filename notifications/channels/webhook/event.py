"""What every format of webhooks is written from: one statement as one receiver may hear it. Pure values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from incidents.identity import opaque
from incidents.status_mapping import GOOD, Shown, shown
from incidents.vocabulary import Kind, Level, Stage
from notifications.vocabulary.delivery_states import (
    CLOSING_STAGES,
    DeliveryAudience,
    Reason,
    Relevance,
)

MAINTENANCE = "planned-maintenance"
LEVELS = ("informational", "warning", "error")
EXTENTS = ("subset", "zone", "region")
# Of these nobody has to be woken, and nothing is open afterwards.
OVER = frozenset({"resolved", "complete", "cancelled"})


@dataclass(frozen=True, slots=True)
class Window:
    """What hit a cell from when to when, as it stood when the statement was made; no end: it goes on."""

    level: str
    extent: str
    zones: tuple[str, ...]
    started_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class NamedCell:
    """A cell of the statement by slug and name, with its windows, the oldest first. `own`: the receiver runs there."""

    service: str
    service_name: str
    region: str
    region_name: str
    windows: tuple[Window, ...] = ()
    own: bool = False

    @property
    def component_id(self) -> str:
        """What the public Statuspage files call it."""
        return opaque("component", self.service, self.region)

    @property
    def name(self) -> str:
        return f"{self.service_name} – {self.region_name}"


@dataclass(frozen=True, slots=True)
class OwnSubscription:
    """A subscription of the receiver's that is concerned; its cells among those of the statement as slugs."""

    name: str
    cells: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Own:
    """`concerned` of all `subscriptions` of these tenants (by name); `named`: some of them."""

    tenants: tuple[str, ...]
    confirmed: bool
    subscriptions: int
    concerned: int
    named: tuple[OwnSubscription, ...]


@dataclass(frozen=True, slots=True)
class Earlier:
    """A statement that others had heard before this receiver was told of the incident. `heading`: when, and the
    stage, in the language of the receiver."""

    number: int
    stage: str
    at: datetime
    text: str
    heading: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """Times are aware. `text`: Markdown in `language`, empty for "you were not affected"; `sentence`: the
    same, or what is told then. `level` is empty for planned maintenance, `url` unless the entry is public.
    `told_along`: older updates that a digest tells, the oldest first; `earlier`: the story so far for who joins late,
    the oldest first, under `earlier_head`.
    """

    site: str
    site_id: UUID
    base_url: str
    tracking_id: str
    number: int
    kind: str
    statement: str
    title: str
    stage: str
    previous_stage: str
    previous_at: datetime | None
    level: str
    drill: bool
    audience: str
    relevance: str
    reason: str
    text: str
    sentence: str
    language: str
    at: datetime
    created_at: datetime
    started_at: datetime
    mitigated_at: datetime | None
    scheduled_for: datetime | None
    scheduled_until: datetime | None
    next_update_by: datetime | None
    url: str
    cells: tuple[NamedCell, ...]
    own: Own | None
    limit_reached: bool = False
    is_test: bool = False
    told_along: Sequence[Event] = ()
    earlier: Sequence[Earlier] = ()
    earlier_head: str = ""

    @property
    def id(self) -> str:
        """The same for everybody who is told this statement, and for every repeat."""
        return f"{self.tracking_id}/{self.number}"

    @property
    def uuid(self) -> UUID:
        """The same as a UUID, for formats that want one."""
        return uuid5(self.site_id, self.id)

    @property
    def incident_uuid(self) -> UUID:
        return uuid5(self.site_id, self.tracking_id)

    @property
    def is_maintenance(self) -> bool:
        return self.kind == MAINTENANCE

    @property
    def retracted(self) -> bool:
        return self.statement == "retraction" or self.relevance == Relevance.NOT_IMPACTED

    @property
    def own_over(self) -> bool:
        """Whether all of the receiver's was well again before the incident was over everywhere."""
        ends = [one.ended_at for cell in self.cells if cell.own for one in cell.windows]
        if not ends or None in ends or self.is_maintenance:
            return False
        last = max(end for end in ends if end)
        return self.mitigated_at is None or last < self.mitigated_at

    @property
    def is_over(self) -> bool:
        """Nothing is open for this receiver any more."""
        return self.stage in OVER or self.retracted or self.own_over

    @property
    def is_mitigated(self) -> bool:
        return self.stage in CLOSING_STAGES or self.is_over

    def cells_of(self, service_name: str) -> list[NamedCell]:
        return [cell for cell in self.cells if cell.service_name == service_name]

    @property
    def headline(self) -> str:
        """One line: whether it is a drill, the title, and where."""
        places = ", ".join(dict.fromkeys(cell.name for cell in self.cells[:3]))
        more = f" and {len(self.cells) - 3} more" if len(self.cells) > 3 else ""
        where = f" ({places}{more})" if places else ""
        return f"{'[Drill] ' if self.drill else ''}{self.title}{where}"

    @property
    def page(self) -> str:
        """Where its receiver can read all of it."""
        if self.url or self.drill or self.audience == DeliveryAudience.PUBLIC:
            return self.url or f"{self.base_url}/status/"
        return f"{self.base_url}/service-health/events/{self.tracking_id}/"

    @property
    def told_text(self) -> str:
        """The sentence, and beneath it what else a digest tells, for formats that know one event a message."""
        along = [f"[{each.id}] {each.title}: {each.sentence}" for each in self.told_along]
        return "\n\n".join((self.sentence, *along))

    @property
    def whole_text(self) -> str:
        """The same with the story so far beneath it, for formats that know one text a message."""
        story = [f"**{one.heading}**\n\n{one.text}" for one in self.earlier]
        return "\n\n".join(
            (self.told_text, *([f"**{self.earlier_head}**"] if story else []), *story)
        )

    def fitted(self, text: str, most: int) -> str:
        """The text, or as much of it as fits, with how much that is and where all of it stands."""
        if len(text) <= most:
            return text
        rest = f"\n\n[… {most}/{len(text)}: {self.page}]"
        return text[: most - len(rest)] + rest


def open_windows(cell: NamedCell, at: datetime | None = None) -> list[Window]:
    """What goes on there; `at`: what did at that moment."""
    if at is None:
        return [one for one in cell.windows if one.ended_at is None]
    begun = [one for one in cell.windows if one.started_at <= at]
    return [one for one in begun if one.ended_at is None or one.ended_at > at]


def state(event: Event, cell: NamedCell) -> Shown:
    """How the cell is shown by this statement."""
    if event.is_over:
        return GOOD
    if event.is_maintenance:
        return _under_maintenance(event.stage)
    return _worst(event.kind, open_windows(cell))


def state_before(event: Event, cell: NamedCell) -> Shown:
    """How it was shown by the statement before this one; as good where there was none."""
    if event.previous_at is None:
        return GOOD
    if event.is_maintenance:
        return _under_maintenance(event.previous_stage)
    return _worst(event.kind, open_windows(cell, event.previous_at))


def _under_maintenance(stage: str) -> Shown:
    return shown(MAINTENANCE, "informational", "region") if stage == Stage.IN_PROGRESS else GOOD


def _worst(kind: str, windows: Sequence[Window]) -> Shown:
    if not windows:
        return GOOD
    worst = max(windows, key=lambda one: (LEVELS.index(one.level), EXTENTS.index(one.extent)))
    return shown(kind, worst.level, worst.extent)


def example(
    base_url: str, site: str, site_id: UUID, now: datetime, *, title: str, text: str, language: str
) -> Event:
    """A made-up statement in which nothing is wrong: what a test message says."""
    return Event(
        site=site,
        site_id=site_id,
        base_url=base_url,
        tracking_id="TEST-001",
        number=1,
        kind=Kind.HEALTH_ADVISORY,
        statement="update",
        title=title,
        stage=Stage.RESOLVED,
        previous_stage="",
        previous_at=None,
        level=Level.INFORMATIONAL,
        drill=True,
        audience=DeliveryAudience.TARGETED,
        relevance=Relevance.RELATED,
        reason=Reason.ALERT_RULE,
        text=text,
        sentence=text,
        language=language,
        at=now,
        created_at=now,
        started_at=now - timedelta(minutes=1),
        mitigated_at=now,
        scheduled_for=None,
        scheduled_until=None,
        next_update_by=None,
        url="",
        cells=(),
        own=None,
        is_test=True,
    )
