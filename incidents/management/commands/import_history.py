"""`import_history FILE [--json] [--dry-run]`: reads a status-history text, all of it or none."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from incidents.access import CONFIRM
from incidents.importers.catalogue_file import load_shipped
from incidents.importers.history_text import HistoryError, NameEntry, NameIndex, read_history
from incidents.importers.history_text.names.index import NameKind
from incidents.importers.text_file import TextFileError, read_text
from incidents.management.acting import ActingCommand
from incidents.models import Geography, Region, Service
from incidents.services.errors import EntryError
from incidents.services.imports.history import record_history
from incidents.vocabulary import RepairState

MOST_BYTES = 8 * 1024 * 1024
MOST_UNREAD = 20


class Command(ActingCommand):
    help = (
        "Reads a status-history text into the history. Silent: nobody is mailed, no clock starts."
    )
    permissions = (CONFIRM,)
    requires_system_checks: list[str] = []  # a dry run needs no server

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "file", help="text as copied from a status-history page, UTF-8, ≤ 8 MiB"
        )
        parser.add_argument("--json", action="store_true", help="print what was read as JSON")
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="only read; names come from the shipped catalogue and no server is needed",
        )

    def handle(self, *args: Any, file: str, json: bool, dry_run: bool, **options: Any) -> None:
        try:
            text = read_text(file, most_bytes=MOST_BYTES)
            names = NameIndex(_shipped_names() if dry_run else _loaded_names())
            found = read_history(text, names, today=timezone.now().date())
            entries = [incident.to_dict() for incident in found]
            recorded = None if dry_run else record_history(entries=entries, now=timezone.now())
        except TextFileError as error:
            raise CommandError(str(error), returncode=2) from error
        except (HistoryError, EntryError) as error:
            raise CommandError(f"{file}: {error}", returncode=2) from error
        if json:
            self.stdout.write(_as_json(entries))
            return
        for line in _report(entries):
            self.stdout.write(line)
        if recorded:
            for tracking_id in recorded.undated:
                self.stdout.write(
                    f"{tracking_id} not stored: the text states no start of impact; add it there."
                )
            self.stdout.write(
                f"{len(recorded.new)} stored, {len(recorded.known)} were there already."
            )
        else:
            self.stdout.write("Dry run: nothing was stored.")


def _as_json(entries: list[dict[str, Any]]) -> str:
    return json.dumps({"incidents": entries}, indent=2, ensure_ascii=False)


def _report(entries: list[dict[str, Any]]) -> Iterator[str]:
    """What was read, for a person: counts per incident, and every line that found no place."""
    for entry in entries:
        windows = ", ".join(
            f"{window['start']} to {window['end'] or 'open'}" for window in entry["windows"]
        )
        done = sum(item["state"] == RepairState.DONE for item in entry["repair_items"])
        yield f"{entry['tracking_id']}  {entry['title']}"
        yield f"  {entry['kind']}, scenario {entry['scenario'] or 'not stated'}; {windows}"
        yield (
            f"  {len(entry['services'])} services, {len(entry['regions'])} regions,"
            f" {len(entry['sections'])} sections, {len(entry['timeline'])} timeline rows,"
            f" {len(entry['repair_items'])} repair items ({done} done)"
        )
        if entry["unknown_names"]:
            yield f"  not in the catalogue: {', '.join(entry['unknown_names'])}"
        for line in entry["unread"][:MOST_UNREAD]:
            yield f"  unread: {line[:160]}"
        if len(entry["unread"]) > MOST_UNREAD:
            yield f"  … and {len(entry['unread']) - MOST_UNREAD} more unread lines (--json has all)"


def _shipped_names() -> Iterator[NameEntry]:
    for kind, slug, name, aliases in load_shipped().names():
        yield NameEntry(kind=kind, slug=slug, name=name, aliases=tuple(aliases))


def _loaded_names() -> Iterator[NameEntry]:
    """The catalogue in the database, retired services and regions included: old texts name them."""
    kinds: Iterable[tuple[NameKind, Any]] = (
        ("service", Service.objects.prefetch_related("aliases")),
        ("region", Region.objects.prefetch_related("aliases")),
        ("geography", Geography.objects.prefetch_related("aliases")),
    )
    for kind, rows in kinds:
        for row in rows:
            aliases = tuple(alias.name for alias in row.aliases.all())
            yield NameEntry(kind=kind, slug=row.slug, name=row.name, aliases=aliases)
