"""`bounces FILE…|-`, `bounces --maildir DIR`: takes in what came back to the return path."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from incidents.management.acting import ActingCommand
from notifications.inbound import bounces
from notifications.inbound.reports import LARGEST, read_report

# sysexits.h: a mail server that runs this as a pipe keeps the report and comes again.
TRY_AGAIN_LATER = 75


class Command(ActingCommand):
    help = (
        "Reads delivery reports (RFC 3464) and complaints (RFC 5965) that came back to RETURN_PATH."
        " Only a report with a return path of ours is believed. Safe to run twice."
    )
    permissions = ("notifications.change_endpoint",)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="*", metavar="FILE", help="a message each; - reads one")
        parser.add_argument("--maildir", help="read what is new there, and mark it as seen")
        parser.add_argument(
            "--judge",
            action="store_true",
            help="say what each message is, whomever it was sent to; looks nothing up, notes nothing",
        )
        parser.add_argument("--json", action="store_true", help="print a JSON object a message")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["files"] and not options["maildir"]:
            raise CommandError("name files, - or --maildir DIR: nothing is read otherwise.")
        if options["judge"] and options["maildir"]:
            raise CommandError("--judge reads files: --maildir marks what it has read as seen.")
        self.judging = options["judge"]
        counts: Counter[str] = Counter()
        try:
            for name, raw in self._messages(options["files"]):
                counts[self._take(name, raw, as_json=options["json"])] += 1
            if options["maildir"]:
                counts += self._maildir(options["maildir"], as_json=options["json"])
        except (OperationalError, InterfaceError) as error:
            raise CommandError(
                "the database is away: nothing of this message was noted; run it again later.",
                returncode=TRY_AGAIN_LATER,
            ) from error
        if not options["json"]:
            said = ", ".join(f"{number} {kind}" for kind, number in sorted(counts.items()))
            self.stdout.write(said or "nothing new")

    def _take(self, name: str, raw: bytes, *, as_json: bool) -> str:
        report = read_report(raw)
        if self.judging:
            kind, words = report.kind, report.why
        else:
            kind, words = bounces.by_report(report, now=timezone.now())
        outcome = {"message": name, "kind": kind or "ignored", "why": words}
        line = json.dumps(outcome) if as_json else f"{name}: {outcome['kind']}, {words}"
        self.stdout.write(line)
        return outcome["kind"]

    def _messages(self, files: list[str]) -> Iterator[tuple[str, bytes]]:
        for name in files:
            if name == "-":
                raw = sys.stdin.buffer.read(LARGEST)
                while sys.stdin.buffer.read(LARGEST):
                    pass  # a mail server takes a pipe that closes early for a failure
                yield "standard input", raw
                continue
            try:
                with Path(name).open("rb") as file:
                    yield name, file.read(LARGEST)
            except OSError as error:
                raise CommandError(f"{name}: cannot be read ({error.strerror}).") from error

    def _maildir(self, path: str, *, as_json: bool) -> Counter[str]:
        counts: Counter[str] = Counter()
        if not (Path(path) / "new").is_dir():
            raise CommandError(f"--maildir {path}: is no maildir; it has no folder “new”.")
        # Files are moved as the format has it (cr.yp.to/proto/maildir.html); a library that parses what it
        # moves is stopped by what nobody can parse.
        for file in sorted((Path(path) / "new").glob("[!.]*")):
            with file.open("rb") as opened:
                raw = opened.read(LARGEST)
            counts[self._take(file.name, raw, as_json=as_json)] += 1
            # Marked only after it was noted: a run that is killed here reads it again, once.
            file.rename(Path(path) / "cur" / f"{file.name.partition(':')[0]}:2,S")
        return counts
