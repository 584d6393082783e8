"""Incidents that a monitor opens: a cell and a level, nothing more, and the affected are told at once.

The words come from a template with plain placeholders and are marked as automated. As soon as a person
has said anything, the operator has the incident: what the monitor says later is only noted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from django.conf import settings
from django.db import transaction

from incidents import wording
from incidents.cells import CellIds
from incidents.models import AlertOutcome, Impact, Incident, MonitorAlert
from incidents.services.automatic_text import cells_of, gravest_first, groups_of
from incidents.services.errors import EntryError
from incidents.services.incident import declare, post_update
from incidents.services.inputs import Changes, Declaration, Hit, Statement
from incidents.services.levels import has_operator
from incidents.services.statements import checked_text
from incidents.services.tracking import new_tracking_id
from incidents.texts.placeholders import fill
from incidents.vocabulary import Audience, Stage


@transaction.atomic
def open_from_monitor(
    *,
    source: str,
    key: str,
    cells: Sequence[Hit],
    level: str,
    started_at: datetime,
    now: datetime,
) -> tuple[Incident, bool]:
    """Open an incident for an alert; returns it, and whether it is new.

    An alert that is open already (`source`, `key`) stays one incident; while no person has it, cells and zones
    are added and its level follows the monitor, or the spread where the policy takes a Warning that spreads
    for an Error; afterwards the alert's row says what was only noted. A public verdict waits for a person
    until the policy's deadline; the targeted audience is told without waiting. `started_at` and `now` in
    UTC. Raises EntryError.
    """
    source, key = _named("source", source, 60), _named("key", key, 200)
    alert = _open_alert(source, key)
    if alert is not None and alert.incident is not None:
        _follow(alert, alert.incident, cells, level, started_at, now)
        return alert.incident, False
    tracking_id = new_tracking_id()
    incident = declare(
        declaration=Declaration(
            level=level,
            public_title=title_of(cells),
            hits=cells,
            started_at=started_at,
            # The footprint stands for it: who runs in these cells is told at once.
            audience=Audience.ESTIMATED,
            tracking_id=tracking_id,
            statement=words_of(tracking_id, cells, level, started_at),
            automated=True,
        ),
        now=now,
    )
    MonitorAlert.objects.create(
        source=source,
        key=key,
        incident=incident,
        cells=_pairs(cells),
        level=level,
        opened_at=now,
        heard_at=now,
    )
    return incident, True


def _follow(
    alert: MonitorAlert,
    incident: Incident,
    cells: Sequence[Hit],
    level: str,
    started_at: datetime,
    now: datetime,
) -> None:
    """The alert fires on: add the cells that are not open, and take over its level, in one statement."""
    impacts = Impact.objects.filter(occurrence__incident=incident).open()
    known = {(each.service_id, each.region_id): set(each.zones) for each in impacts}
    more = list(_news(cells, known))
    if incident.level_because:
        level = incident.level  # it has spread: a monitor that repeats itself takes nothing back
    alert.times += 1
    alert.heard_at = now
    if more or level != incident.level:
        if has_operator(incident):
            alert.outcome = AlertOutcome.NOTED
            alert.detail = f"it says {title_of(cells)}, {level}"[:300]
        else:
            words = words_of(incident.tracking_id, cells, level, started_at)
            post_update(
                incident_id=incident.pk,
                changes=Changes(level=level if level != incident.level else None, hits=more),
                statement=None if more else words,
                now=now,
            )
            incident.refresh_from_db()
            alert.outcome = AlertOutcome.WIDENED
        alert.cells = [
            *alert.cells,
            *(pair for pair in _pairs(more) if list(pair) not in alert.cells),
        ]
    alert.save()


def _news(cells: Sequence[Hit], known: Mapping[CellIds, set[str]]) -> Iterator[Hit]:
    for hit in cells:
        zones = known.get((hit.service.pk, hit.region.pk))
        if zones is None:
            yield hit
        elif further := set(hit.zones) - zones:
            yield replace(hit, zones=tuple(sorted(zones | further)))


@transaction.atomic
def resolve_from_monitor(*, source: str, key: str, now: datetime) -> Incident | None:
    """The alert is over. Mitigates its incident unless a person has it; None if none is open."""
    alert = _open_alert(_named("source", source, 60), _named("key", key, 200))
    if alert is None:
        return None
    alert.resolved_at = now
    alert.save(update_fields=["resolved_at"])
    incident = alert.incident
    if incident and incident.mitigated_at is None and not has_operator(incident):
        post_update(incident_id=incident.pk, stage=Stage.MITIGATED, now=now)
        incident.refresh_from_db()
    return incident


def _open_alert(source: str, key: str) -> MonitorAlert | None:
    return (
        MonitorAlert.objects.select_for_update(of=("self",))
        .select_related("incident")
        .filter(source=source, key=key, resolved_at__isnull=True)
        .first()
    )


def _named(field: str, value: str, most: int) -> str:
    value = checked_text(field, value, most, lines=False)
    if not value:
        raise EntryError(field, "is empty; name the monitor and its alert.")
    return value


def title_of(cells: Sequence[Hit]) -> str:
    """What an incident in these cells is called when no person has named it."""
    return wording.cells(groups_of(_pairs(cells)), 3)[:200]


def _pairs(cells: Sequence[Hit]) -> list[CellIds]:
    return [(hit.service.pk, hit.region.pk) for hit in cells]


def words_of(tracking_id: str, cells: Sequence[Hit], level: str, started_at: datetime) -> Statement:
    """The installation's own text, or one from the facts: of each level by itself, the gravest first."""
    groups = gravest_first((one.service.pk, one.region.pk, one.level or level) for one in cells)
    if settings.AUTOMATED_TEXT:
        texts = [_own_text(tracking_id, each, alike, started_at) for each, alike in groups]
        return Statement(targeted_text="\n\n".join(texts))
    return Statement(
        targeted_facts=[
            wording.WordingFacts(
                "monitored",
                level=each,
                hit=groups_of(alike),
                times={"since": started_at},
                other=tracking_id if each == groups[-1][0] else "",
            )
            for each, alike in groups
        ]
    )


def _own_text(tracking_id: str, level: str, pairs: Sequence[CellIds], started_at: datetime) -> str:
    placed = list(cells_of(pairs).values())
    groups = groups_of(pairs)
    services = list(dict.fromkeys(one.service for one in placed))
    return fill(
        settings.AUTOMATED_TEXT,
        {
            "cells": wording.cells(groups),
            "services": wording.listed(services),
            "regions": wording.listed([one.region for one in placed]),
            "effect": wording.effect(len(services), level),
            "level": level,
            "since": wording.clock(started_at),
            "tracking_id": tracking_id,
        },
        one_group=len(groups) == 1,
    )
