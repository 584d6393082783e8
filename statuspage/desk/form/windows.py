"""The windows of a maintenance that is being declared: by region, and by its rule."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from incidents.services.inputs import Declaration, RegionWindow
from incidents.services.scheduled.series import SeriesWindow, in_its_regions, windows_of
from incidents.vocabulary import Kind
from incidents.wording import listed
from statuspage.desk.form.incident_forms import DeclareForm
from statuspage.desk.form.mapping import typed_texts
from statuspage.desk.form.picker import NAMED, Picker


@dataclass(frozen=True, slots=True)
class Part:
    """Regions that share a window: what is declared of them first, and all their windows (UTC)."""

    declaration: Declaration
    windows: list[SeriesWindow]

    @property
    def where(self) -> str:
        names = dict.fromkeys(hit.region.name for hit in self.declaration.hits)
        return listed(list(names), NAMED)


@dataclass(frozen=True, slots=True)
class MaintenancePlan:
    """What is declared: `parts`; of anything but a maintenance one, without windows. `raw`: with the texts as typed."""

    raw: Declaration
    own: list[RegionWindow]
    rule: str
    parts: list[Part]

    @property
    def is_series(self) -> bool:
        return sum(len(part.windows) for part in self.parts) > 1

    @property
    def windows(self) -> list[tuple[str, datetime, datetime | None]]:
        """Where (empty: everywhere), from when, until when."""
        several = len(self.parts) > 1
        return [
            (part.where if several else "", start, end)
            for part in self.parts
            for start, end in part.windows
        ]


def plan_of(
    form: DeclareForm, picker: Picker, declaration: Declaration, *, now: datetime
) -> MaintenancePlan:
    """Raises EntryError for windows that cannot be."""
    raw = replace(declaration, statement=typed_texts(form))
    start, end = declaration.scheduled_for, declaration.scheduled_until
    if declaration.kind != Kind.PLANNED_MAINTENANCE or start is None:
        return MaintenancePlan(raw, [], "", [Part(declaration, [])])
    own = picker.own_windows(end - start if end else None, now)
    rule = form.cleaned_data["repeats"].strip()
    firsts = in_its_regions(raw, own, now=now) if own else [declaration]
    return MaintenancePlan(raw, own, rule, [Part(each, _windows(each, rule)) for each in firsts])


def _windows(first: Declaration, rule: str) -> list[SeriesWindow]:
    if first.scheduled_for is None:
        return []
    if not rule:
        return [(first.scheduled_for, first.scheduled_until)]
    return windows_of(rule, first.scheduled_for, first.scheduled_until)
