"""What of an incident is a receiver's own: their subscriptions and cells, how grave, how sure, since when.

The catalogue's names and the windows of an incident are read once a statement; what is said of each receiver
is put together from them without a query.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property

from django.utils.translation import get_language, gettext, gettext_noop, ngettext

from incidents import prepared_statements, wording
from incidents.cells import CellIds, PlacedCell, grouped
from incidents.models import Communication, Impact
from incidents.services.automatic_text import cells_of
from incidents.vocabulary import EXTENT_RANK, LEVEL_RANK, CommunicationKind, Kind
from notifications.channels.wording import EFFECT, ENDED, EXTENTS
from notifications.models import Delivery
from notifications.models.delivery import rows
from notifications.models.delivery.concern import Concern
from notifications.vocabulary.delivery_states import Relevance

_WINDOWS = f"""
SELECT {rows.columns(Impact, "i")} FROM incidents_impact i JOIN incidents_occurrence o ON o.id = i.occurrence_id
WHERE o.incident_id = %(incident)s
ORDER BY i.started_at, i.id
"""  # noqa: S608 - names of columns


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table: a subscription, where it is hit, and what has become of it there."""

    name: str
    where: str
    what: str  # empty where there is nothing to fail, as in planned work
    sure: str
    quiet: bool  # nothing is wrong there any more

    @property
    def became(self) -> str:
        return ", ".join(filter(None, (self.what, self.sure)))

    def as_text(self) -> str:
        return f"- {self.name}: {self.where or '–'} ({self.became})"


@dataclass(frozen=True, slots=True)
class Yours:
    """`line`: all of it in one sentence. `rows`: the subscriptions that are named; `others`: the rest, counted."""

    line: str = ""
    rows: tuple[Row, ...] = ()
    others: str = ""
    since: datetime | None = None  # for them; None where nothing is known of theirs
    is_over: bool = False  # all of theirs is well again


NOTHING = Yours()
RELEASED = gettext_noop(
    "All of yours is well again: you hear no more of this incident, unless it hits you again. To hear of"
    " incidents to their end, choose so for this address at Service Health."
)


@dataclass
class Book:
    """Of one statement: its cells by name, and what has become of each. Short-lived by intent."""

    communication: Communication
    _texts: dict[tuple[object, ...], str] = field(default_factory=dict)
    _shapes: dict[tuple[object, ...], Yours] = field(default_factory=dict)
    _groups: dict[tuple[CellIds, ...], list[tuple[CellIds, ...]]] = field(default_factory=dict)

    @cached_property
    def cells(self) -> Mapping[CellIds, PlacedCell]:
        return cells_of(self.communication.cell_ids)

    @cached_property
    def windows(self) -> Mapping[CellIds, list[Impact]]:
        """By cell, the oldest first."""
        found: dict[CellIds, list[Impact]] = {}
        for row in prepared_statements.answers(
            _WINDOWS, {"incident": self.communication.incident_id}
        ):
            one = rows.instance(Impact, row)
            found.setdefault((one.service_id, one.region_id), []).append(one)
        return found

    def where(
        self, pairs: Iterable[CellIds] | None = None, most: int = wording.MOST_GROUPS
    ) -> list[str]:
        """A line a group of cells; all of the statement's by default."""
        chosen = (
            self.cells.values()
            if pairs is None
            else [self.cells[p] for p in pairs if p in self.cells]
        )
        groups = grouped(chosen)
        lines = [wording.named(group) for group in groups[:most]]
        if groups[most:]:
            more = sum(group.cells for group in groups[most:])
            lines.append(
                ngettext(
                    "%(n)d more combination of service and region",
                    "%(n)d more combinations of service and region",
                    more,
                )
                % {"n": more}
            )
        return lines

    def standing(self, delivery: Delivery) -> dict[str, str]:
        """Of `wording.facts`, what is otherwise for this receiver, or for the cells of the statement alone."""
        said = self.communication
        if said.stage in ENDED or delivery.relevance == Relevance.NOT_IMPACTED:
            return {}
        if self.shape(delivery)[0].is_over:
            return {"state": "good", "state_word": gettext("Recovered for you")}
        if said.kind == CommunicationKind.UPDATE and self.has_recovered:
            word = gettext("Recovered in part")
            return {"state_word": f"{word} · {gettext(said.get_stage_display())}"}
        return {}

    @cached_property
    def has_recovered(self) -> bool:
        """Whether nothing is wrong any more in any cell that the statement is about."""
        windows = self._windows_of(self.cells)
        is_issue = self.communication.incident.kind == Kind.SERVICE_ISSUE
        return is_issue and bool(windows) and all(one.ended_at for one in windows)

    def yours(self, delivery: Delivery) -> Yours:
        """What a message says of its receiver; nothing of whom nothing is known."""
        shape, names = self.shape(delivery)
        rows = (replace(row, name=name) for row, name in zip(shape.rows, names, strict=True))
        return replace(shape, rows=tuple(rows))

    def shape(self, delivery: Delivery) -> tuple[Yours, Sequence[str]]:
        """The same without the names of subscriptions, which many receivers share, and the names."""
        concern, own = delivery.concern, same_shape(delivery)
        if concern is None or not own:
            return NOTHING, ()
        key = (get_language(), *own)
        if key not in self._shapes:
            self._shapes[key] = self._shaped(delivery, concern)
        return self._shapes[key], self.names(concern)

    def names(self, concern: Concern) -> list[str]:
        """One for each row."""
        return [hit.name for hit in concern.hits for _ in self._alike(hit.cells)]

    def _shaped(self, delivery: Delivery, concern: Concern) -> Yours:
        incident = self.communication.incident
        windows = self._windows_of(concern.cells)
        still = [one for one in windows if one.ended_at is None]
        is_over = (
            bool(windows)
            and not still
            and not concern.elsewhere
            and incident.kind == Kind.SERVICE_ISSUE
        )
        started = min((one.started_at for one in still or windows), default=None)
        line = self._line(delivery, concern)
        if is_over and incident.mitigated_at is None and not delivery.endpoint.follows_on:
            line = wording.joined(line, gettext(RELEASED))
        return Yours(
            line=line,
            rows=tuple(
                Row("", self._named(cells), self._became(cells), *self._sure(cells, delivery))
                for hit in concern.hits
                for cells in self._alike(hit.cells)
            ),
            others=self._others(concern),
            since=started if incident.kind == Kind.SERVICE_ISSUE else None,
            is_over=is_over,
        )

    def _alike(self, pairs: tuple[CellIds, ...]) -> list[tuple[CellIds, ...]]:
        """The cells of a subscription, apart by what has become of them: the worst first."""
        if pairs not in self._groups:
            found: dict[tuple[int, int], list[CellIds]] = {}
            for pair in pairs:
                still = [one for one in self.windows.get(pair, ()) if one.ended_at is None]
                rank = (
                    max((LEVEL_RANK[one.level] for one in still), default=-1),
                    max((EXTENT_RANK[one.extent] for one in still), default=-1),
                )
                found.setdefault(rank, []).append(pair)
            self._groups[pairs] = [tuple(found[rank]) for rank in sorted(found, reverse=True)]
        return self._groups[pairs]

    def _named(self, pairs: tuple[CellIds, ...]) -> str:
        key = (get_language(), pairs)
        if key not in self._texts:
            self._texts[key] = "; ".join(self.where(pairs, 3))
        return self._texts[key]

    def _became(self, pairs: tuple[CellIds, ...]) -> str:
        """`failing, the whole region`, of cells that are alike."""
        key = (get_language(), pairs, "became")
        if key not in self._texts:
            self._texts[key] = self._became_in_words(self._windows_of(pairs))
        return self._texts[key]

    def _became_in_words(self, windows: list[Impact]) -> str:
        if self.communication.incident.kind != Kind.SERVICE_ISSUE or not windows:
            return ""
        still = [one for one in windows if one.ended_at is None]
        if not still:
            return gettext("recovered")
        level = max((one.level for one in still), key=LEVEL_RANK.__getitem__)
        extent = max((one.extent for one in still), key=EXTENT_RANK.__getitem__)
        comma = gettext("%(one)s, %(other)s")
        return comma % {"one": str(EFFECT[level]).lower(), "other": EXTENTS[extent]}

    def _sure(self, pairs: tuple[CellIds, ...], delivery: Delivery) -> tuple[str, bool]:
        """How it is known, and whether all is well again."""
        windows = self._windows_of(pairs)
        is_over = bool(windows) and all(one.ended_at is not None for one in windows)
        if delivery.relevance == Relevance.IMPACTED:
            return gettext("confirmed"), is_over
        return gettext("estimated by where it runs"), is_over

    def _windows_of(self, pairs: Iterable[CellIds]) -> list[Impact]:
        return [one for pair in pairs for one in self.windows.get(pair, ())]

    def _line(self, delivery: Delivery, concern: Concern) -> str:
        counted = {"hit": concern.hit, "all": concern.subscriptions}
        confirmed = delivery.relevance == Relevance.IMPACTED
        text = how_many(concern, confirmed=confirmed, over=self.communication.stage in ENDED)
        own = sum(pair in self.cells for pair in concern.cells)
        if not own or len(self.cells) == 1:
            return text % counted
        cells = gettext("%(own)d of %(cells)d combinations of service and region are yours.") % {
            "own": own,
            "cells": len(self.cells),
        }
        return wording.joined(text % counted, cells)

    def _others(self, concern: Concern) -> str:
        if not (more := concern.hit - len(concern.hits)):
            return ""
        return ngettext(
            "and %(n)d more of your subscriptions", "and %(n)d more of your subscriptions", more
        ) % {"n": more}


def same_shape(delivery: Delivery) -> tuple[object, ...]:
    """Of one statement and in one language, receivers with the same are told alike of what is theirs, but for names;
    empty where nothing is said of it."""
    concern = delivery.concern
    # Neither had whoever is not affected anything of theirs in it, nor anybody in a false alarm.
    if concern is None or not concern.hit or delivery.relevance == Relevance.NOT_IMPACTED:
        return ()
    if delivery.communication.kind == CommunicationKind.RETRACTION:
        return ()
    return (
        delivery.relevance,
        delivery.endpoint.follows_on,
        concern.elsewhere,
        concern.hit,
        concern.subscriptions,
        concern.cells,
        *(hit.cells for hit in concern.hits),
    )


def how_many(concern: Concern, *, confirmed: bool, over: bool = False) -> str:
    """Which share of the subscriptions: the one, all, or some; or at least so many. `over`: in the past tense."""
    if confirmed:
        return _were_impacted(concern) if over else _are_impacted(concern)
    return _was_touched(concern) if over else _is_touched(concern)


def _are_impacted(concern: Concern) -> str:
    if concern.hit < concern.subscriptions:
        return ngettext(
            "%(hit)d of your %(all)d subscriptions is impacted, as our analysis confirms.",
            "%(hit)d of your %(all)d subscriptions are impacted, as our analysis confirms.",
            concern.hit,
        )
    return ngettext(
        "Your subscription is impacted, as our analysis confirms.",
        "All your subscriptions (%(all)d) are impacted, as our analysis confirms.",
        concern.subscriptions,
    )


def _were_impacted(concern: Concern) -> str:
    if concern.hit < concern.subscriptions:
        return ngettext(
            "%(hit)d of your %(all)d subscriptions was impacted, as our analysis confirms.",
            "%(hit)d of your %(all)d subscriptions were impacted, as our analysis confirms.",
            concern.hit,
        )
    return ngettext(
        "Your subscription was impacted, as our analysis confirms.",
        "All your subscriptions (%(all)d) were impacted, as our analysis confirms.",
        concern.subscriptions,
    )


def _is_touched(concern: Concern) -> str:
    if concern.hit < concern.subscriptions:
        return ngettext(
            "It touches services and regions where %(hit)d of your %(all)d subscriptions runs.",
            "It touches services and regions where %(hit)d of your %(all)d subscriptions run.",
            concern.hit,
        )
    return ngettext(
        "It touches services and regions where your subscription runs.",
        "It touches services and regions where all your subscriptions run (%(all)d).",
        concern.subscriptions,
    )


def _was_touched(concern: Concern) -> str:
    if concern.hit < concern.subscriptions:
        return ngettext(
            "It touched services and regions where %(hit)d of your %(all)d subscriptions runs.",
            "It touched services and regions where %(hit)d of your %(all)d subscriptions run.",
            concern.hit,
        )
    return ngettext(
        "It touched services and regions where your subscription runs.",
        "It touched services and regions where all your subscriptions run (%(all)d).",
        concern.subscriptions,
    )
