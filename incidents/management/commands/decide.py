"""manage.py decide [--policy NAME|FILE] < facts.json"""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from incidents.policy import (
    PRESETS,
    FactsError,
    Policy,
    PolicyError,
    RefusedError,
    explain,
    load_json,
    load_yaml,
    parse_facts,
    parse_policy,
)
from incidents.policy.documents import decode_text

MAX_FACTS = 16 * 1024 * 1024  # bytes: some fifty thousand facts objects
MAX_POLICY = 64 * 1024  # bytes


class Command(BaseCommand):
    help = (
        "Decide who is told: reads one facts object (or a list of them) as JSON from standard "
        "input and prints the decision (or a list). Needs no database. RefusedError input: one line "
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
            answer = decide_all(sys.stdin.buffer.read(MAX_FACTS + 1), policy)
        except RefusedError as refused:
            raise CommandError(str(refused), returncode=2) from None
        self.stdout.write(json.dumps(answer, indent=2))


def decide_all(data: bytes, policy: Policy) -> object:
    """Decisions in the JSON shape, a list for a list. Raises FactsError; then nothing counts."""
    text = decode_text(data, MAX_FACTS, "standard input", FactsError)
    loaded = load_json(text, "standard input", FactsError)
    if not isinstance(loaded, list):
        return explain(parse_facts(loaded), policy).as_dict()
    every = [parse_facts(item, f"[{index}]") for index, item in enumerate(loaded)]
    return [explain(facts, policy).as_dict() for facts in every]


def read_policy(name_or_file: str) -> Policy:
    """A built-in policy by name, else the file of that name. Raises PolicyError."""
    if name_or_file in PRESETS:
        return PRESETS[name_or_file]
    source = ascii(name_or_file)[1:-1]
    try:
        with Path(name_or_file).open("rb") as file:
            data = file.read(MAX_POLICY + 1)
    except (OSError, ValueError) as bad:
        why = bad.strerror if isinstance(bad, OSError) else "no file has such a name"
        raise PolicyError(
            f'--policy: "{source}" is neither one of {", ".join(PRESETS)} '
            f"nor a readable file ({why})"
        ) from None
    text = decode_text(data, MAX_POLICY, source, PolicyError)
    load = load_json if Path(name_or_file).suffix == ".json" else load_yaml
    return parse_policy(load(text, source, PolicyError))
