"""`import_site SOURCE… [--mapping FILE] [--dry-run] [--json]` · `--list` · `--undo NUMBER`: a page moves over."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from incidents.access import CONFIRM
from incidents.importers.site.found import SiteFileError
from incidents.importers.site.readers import READERS
from incidents.importers.text_file import TextFileError, read_text
from incidents.management.acting import ActingCommand
from incidents.models import ImportBatch
from incidents.policy import load_yaml
from incidents.services.errors import EntryError
from incidents.services.imports import site
from incidents.services.imports.site_files import Read
from incidents.validation import RefusedError
from notifications.channels.outbound import OutboundError
from statuspage.site_fetch import documents_at

MOST_BYTES = 200 * 1024 * 1024
MOST_SHOWN = 30


class Command(ActingCommand):
    help = (
        "Moves incidents of another status page over: JSON of Statuspage, Cachet, Google, AWS, Gatus and Uptime Kuma,"
        " Markdown files with front matter, and our own JSON Lines. Silent; again changes nothing; a batch can be"
        " undone."
    )
    permissions = (CONFIRM,)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "file", nargs="*", help="files, folders of Markdown files, or https:// addresses"
        )
        parser.add_argument("--format", choices=[*READERS, "auto"], default="auto")
        parser.add_argument(
            "--mapping",
            help="YAML: the other page's names, each with a slug of the catalogue or null",
        )
        parser.add_argument(
            "--name", default="", help="of the batch; the first file's, if left out"
        )
        parser.add_argument("--dry-run", action="store_true", help="count only, nothing is stored")
        parser.add_argument("--json", action="store_true", help="print the report as JSON")
        parser.add_argument("--list", action="store_true", help="the imports that can be undone")
        parser.add_argument(
            "--undo", type=int, metavar="NUMBER", help="remove what an import brought"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["list"]:
                for batch in ImportBatch.objects.order_by("id"):
                    count = batch.incidents.count()
                    self.stdout.write(
                        f"{batch.pk}  {batch.made_at:%Y-%m-%d %H:%M}  {count}  {batch.name}"
                    )
            elif options["undo"] is not None:
                self.stdout.write(f"{site.undo(batch_id=options['undo'])} incidents removed.")
            elif not options["file"]:
                raise CommandError("Name at least one file.", returncode=2)
            else:
                self._import(**options)
        except (TextFileError, SiteFileError, RefusedError, EntryError, OutboundError) as error:
            raise CommandError(str(error), returncode=2) from error

    def _import(self, *, file: list[str], dry_run: bool, **options: Any) -> None:
        now, name = timezone.now(), options["name"] or Path(file[0]).name
        read = _read(file, options["format"])
        if read.own:
            report = site.import_documents(documents=read.own, name=name, now=now, dry_run=dry_run)
        else:
            names = site.Names(_mapping(options["mapping"]))
            report = site.import_found(
                found=read.found,
                names=names,
                name=name,
                now=now,
                unread=read.unread,
                dry_run=dry_run,
            )
        if options["json"]:
            told = {
                "dry_run": dry_run,
                "batch": None if dry_run else report.batch,
                "new": report.new,
                "known": report.known,
                "updates": report.updates,
                "unknown": report.unknown,
                "unread": dict(report.unread.most_common()),
            }
            self.stdout.write(json.dumps(told, indent=2, ensure_ascii=False))
            return
        self._tell(report, dry_run=dry_run)

    def _tell(self, report: site.ImportReport, *, dry_run: bool) -> None:
        for name, close in list(report.unknown.items())[:MOST_SHOWN]:
            hint = f"; {' or '.join(close)}?" if close else ""
            self.stdout.write(f"not in the catalogue: {name}{hint}")
        if len(report.unknown) > MOST_SHOWN:
            self.stdout.write(
                f"… and {len(report.unknown) - MOST_SHOWN} more names (--json has all)"
            )
        for name, count in report.unread.most_common(MOST_SHOWN):
            self.stdout.write(f"not read: {name} ({count} times)")
        self.stdout.write(
            f"{len(report.new)} incidents with {report.updates} statements, {len(report.known)} there already."
        )
        if dry_run:
            self.stdout.write("Dry run: nothing was stored.")
        elif report.batch:
            self.stdout.write(f"Import {report.batch}; --undo {report.batch} removes it.")


def _read(files: list[str], chosen: str) -> Read:
    read = Read()
    for each in files:
        path = Path(each)
        if each.startswith(("https://", "http://")):
            for name, text in documents_at(each, most_bytes=MOST_BYTES):
                read.add(text, name, chosen)
        elif path.is_dir():
            for page in sorted(path.rglob("*.md")):
                if page.name != "_index.md":
                    text = read_text(str(page), most_bytes=MOST_BYTES)
                    read.add(text, page.relative_to(path).as_posix())
        else:
            read.add(read_text(each, most_bytes=MOST_BYTES), path.name, chosen)
    return read


def _mapping(file: str | None) -> Mapping[str, str | None]:
    if not file:
        return {}
    loaded = load_yaml(read_text(file, most_bytes=MOST_BYTES), file, RefusedError)
    if not isinstance(loaded, dict) or not all(
        value is None or isinstance(value, str) for value in loaded.values()
    ):
        raise SiteFileError(f"{file}: is no table of names; write: Other name: slug")
    return {str(name): value for name, value in loaded.items()}
