"""manage.py decide [--policy NAME|FILE] < facts.json"""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from incidents.policy import (
    PRESETS,
    FactsError,
    Policy,
    RefusedError,
    explain,
    load_json,
    parse_facts,
)
from incidents.policy.documents import decode_text
from incidents.policy.files import read_policy

MAX_FACTS = 16 * 1024 * 1024  # bytes: some fifty thousand facts objects


class Command(BaseCommand):
    help = (
        "Decide who is told: reads one facts object (or a list of them) as JSON from standard "
        "input and prints the decision (or a list). Needs no database. Refused input: one line "
        "naming field and value on standard error, exit status 2, nothing on standard output."
    )
    # No checks: they may look at the database or at secrets, and neither matters here.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--policy",
            default="azure",
            metavar="NAME|FILE",
            help=f"{', '.join(PRESETS)}, or a YAML or JSON file (default: azure)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            policy = read_policy(options["policy"])
            answer = decide_all(_standard_input(), policy)
        except RefusedError as refused:
            raise CommandError(str(refused), returncode=2) from None
        self.stdout.write(json.dumps(answer, indent=2))


def _standard_input() -> bytes:
    """What was piped in; nothing where the caller closed it."""
    return sys.stdin.buffer.read(MAX_FACTS + 1) if sys.stdin else b""


def decide_all(data: bytes, policy: Policy) -> object:
    """Decisions in the JSON shape, a list for a list. Raises FactsError; then nothing counts."""
    text = decode_text(data, MAX_FACTS, "standard input", FactsError)
    loaded = load_json(text, "standard input", FactsError)
    if not isinstance(loaded, list):
        return explain(parse_facts(loaded), policy).as_dict()
    every = [parse_facts(item, f"[{index}]") for index, item in enumerate(loaded)]
    return [explain(facts, policy).as_dict() for facts in every]
