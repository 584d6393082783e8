"""Moving over from another page: silent, once, all or nothing, and to be undone as a whole."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from difflib import get_close_matches
from typing import Any

from django.db import transaction

from incidents.importers.catalogue_file import fold_name
from incidents.importers.site.found import FoundOnSite
from incidents.models import Alias, ImportBatch, ImportedIncident, Incident, Region, Service
from incidents.services.errors import EntryError
from incidents.services.imports.documents import store
from incidents.services.tracking import ALPHABET
from incidents.vocabulary import Kind, Stage

MOST_TEXT = 20_000
Place = tuple[str, str]  # ("service" or "region", slug)


@dataclass
class ImportReport:
    """What an import has done. `unknown`: names that no service or region has, with what is close;
    `unread`: fields of the file that nothing was made of, and how often.
    """

    new: list[str] = field(default_factory=list)
    known: list[str] = field(default_factory=list)
    unknown: dict[str, list[str]] = field(default_factory=dict)
    unread: Counter[str] = field(default_factory=Counter)
    updates: int = 0
    batch: int | None = None


class Names:
    """The catalogue's names, and the table that says what other names mean (name to a slug, or to nothing)."""

    def __init__(self, table: Mapping[str, str | None]) -> None:
        self._known: dict[str, Place] = {}
        for kind, rows in (("region", Region.objects.all()), ("service", Service.objects.all())):
            for row in rows:
                for name in (row.name, row.slug):
                    self._known[fold_name(name)] = (kind, row.slug)
        for alias in Alias.objects.select_related("service", "region"):
            if owner := alias.service or alias.region:
                kind = "service" if alias.service else "region"
                self._known.setdefault(alias.folded, (kind, owner.slug))
        self._table = {fold_name(name): slug for name, slug in table.items()}
        for name, slug in table.items():
            if slug is not None and fold_name(slug) not in self._known:
                raise EntryError(
                    "mapping", f"{name!r} means {slug!r}, which is not in the catalogue."
                )

    def place(self, name: str) -> Place | None:
        """Raises KeyError for a name that nobody knows; None for one that the table leaves out."""
        folded = fold_name(name)
        if folded in self._table:
            slug = self._table[folded]
            return self._known[fold_name(slug)] if slug else None
        return self._known[folded]

    def close(self, name: str) -> list[str]:
        slugs = {slug for _, slug in self._known.values()}
        return get_close_matches(fold_name(name).replace(" ", "-"), slugs, 3, 0.6)


@transaction.atomic
def import_found(
    *,
    found: Sequence[FoundOnSite],
    names: Names,
    name: str,
    now: datetime,
    unread: Mapping[str, int] | None = None,
    dry_run: bool = False,
) -> ImportReport:
    """Store what other pages state. A tracking ID follows from the other page's id, so again is once.

    `unread`: what their files have beside that, for the report.
    """
    report = ImportReport(unread=Counter(unread))
    documents = []
    for each in found:
        places = _places(each, names, report)
        report.unread.update(each.unread)
        documents.append((each.external_id, each.path, _document(each, places, now)))
    _store(documents, report, name=name, now=now)
    if dry_run:
        transaction.set_rollback(True)
    return report


@transaction.atomic
def import_documents(
    *, documents: Iterable[Mapping[str, Any]], name: str, now: datetime, dry_run: bool = False
) -> ImportReport:
    """Store our own documents (`export_incidents`). Raises EntryError with line and place."""
    report = ImportReport()
    _store(
        (
            (f"own:{each.get('tracking_id')}", "", {**each, "backfilled_line": number})
            for number, each in enumerate(documents, 1)
        ),
        report,
        name=name,
        now=now,
    )
    if dry_run:
        transaction.set_rollback(True)
    return report


@transaction.atomic
def undo(*, batch_id: int) -> int:
    """Remove everything that a batch brought; how many incidents. Raises EntryError."""
    batch = ImportBatch.objects.select_for_update().filter(pk=batch_id).first()
    if batch is None:
        raise EntryError("batch", f"there is no import {batch_id}; --list names them.")
    incidents = Incident.objects.filter(imported__batch=batch, backfilled=True)
    count = incidents.count()
    incidents.delete()
    batch.delete()
    return count


def _store(
    documents: Iterable[tuple[str, str, dict[str, Any]]],
    report: ImportReport,
    *,
    name: str,
    now: datetime,
) -> None:
    batch = ImportBatch.objects.create(name=name[:200], made_at=now)
    known = set(ImportedIncident.objects.values_list("external_id", flat=True))
    taken = set(Incident.objects.values_list("tracking_id", flat=True))
    for external_id, path, document in documents:
        line = document.pop("backfilled_line", 0)
        tracking_id = str(document.get("tracking_id"))
        if external_id in known or tracking_id in taken:
            report.known.append(tracking_id)
            continue
        try:
            incident = store(document)
        except EntryError as error:
            where = f"line {line}: " if line else f"{external_id}: "
            raise EntryError(where + error.field, error.message) from error
        ImportedIncident.objects.create(
            batch=batch,
            incident=incident,
            external_id=external_id[:300],
            path=path.rstrip("/")[:500],
        )
        known.add(external_id)
        taken.add(tracking_id)
        report.new.append(tracking_id)
        report.updates += len(document.get("updates", []))
    report.batch = batch.pk
    if not report.new:
        batch.delete()
        report.batch = None


def tracking_id_of(external_id: str) -> str:
    """Derived, so that reading twice is once and the address stays the same."""
    number = int.from_bytes(hashlib.sha256(external_id.encode()).digest()[:8])
    letters = ""
    for _ in range(7):
        number, digit = divmod(number, len(ALPHABET))
        letters += ALPHABET[digit]
    return f"{letters[:4]}-{letters[4:]}"


def _places(each: FoundOnSite, names: Names, report: ImportReport) -> list[Place]:
    places: list[Place] = []
    for name in dict.fromkeys(name.strip() for name in each.names if name.strip()):
        try:
            place = names.place(name)
        except KeyError:
            report.unknown.setdefault(name, names.close(name))
            continue
        if place is not None and place not in places:
            places.append(place)
    return places


def _document(each: FoundOnSite, places: Sequence[Place], now: datetime) -> dict[str, Any]:
    ended = each.ended_at
    if ended is not None and ended < each.started_at:
        ended = each.started_at
    said = sorted(each.updates, key=lambda update: update.at)
    planned = each.kind == Kind.PLANNED_MAINTENANCE
    over = "complete" if planned else "resolved"
    stage = (
        over
        if ended
        else (said[-1].stage if said else (Stage.PLANNED if planned else Stage.INVESTIGATING))
    )
    # A page that has stopped stating anything has no open incidents.
    closed = ended or (said[-1].at if said else each.started_at)
    published = min([each.started_at, *(update.at for update in said)]) if planned else (
        said[0].at if said else each.started_at
    )  # fmt: skip
    return {
        "tracking_id": tracking_id_of(each.external_id),
        "kind": each.kind,
        "level": each.level,
        "public_title": _line(each.title) or each.external_id,
        "stage": stage,
        "started_at": each.started_at.isoformat(),
        "mitigated_at": ended.isoformat() if ended else None,
        "closed_at": closed.isoformat(),
        "scheduled_for": each.scheduled_for.isoformat() if each.scheduled_for else None,
        "scheduled_until": each.scheduled_until.isoformat() if each.scheduled_until else None,
        "published_at": published.isoformat(),
        "created_at": now.isoformat(),
        "updated_at": (said[-1].at if said else closed).isoformat(),
        "occurrences": [
            {
                "started_at": each.started_at.isoformat(),
                "ended_at": ended.isoformat() if ended else None,
            }
        ],
        "mentions": [{kind: slug, "role": "impacted"} for kind, slug in places],
        "updates": [
            {
                "number": number,
                "stage": update.stage,
                "public_text": _text(update.text),
                "at": update.at.isoformat(),
                "public_at": update.at.isoformat(),
            }
            for number, update in enumerate((one for one in said if one.text.strip()), 1)
        ],
    }


def _line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:200]


def _text(text: str) -> str:
    kept = "".join(c for c in text.replace("\r\n", "\n") if c.isprintable() or c in "\n\t")
    return kept.strip()[:MOST_TEXT]
