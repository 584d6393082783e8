"""`demo`: the whole product on this machine, under one supervisor, until Ctrl-C."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from statuspage.local import demo, entry, ports


class Command(BaseCommand):
    help = "Runs the whole product on this machine, servers included, until Ctrl-C."
    requires_system_checks = []  # prepare_demo runs them, with a database

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--port",
            default=os.environ.get("PORT", "").strip() or "8000",
            help="where the pages are served (default: PORT, else 8000)",
        )
        parser.add_argument(
            "--state",
            type=Path,
            default=entry.state_folder(),
            help="folder that keeps the data between two runs (default: STATE, else .local)",
        )

    def handle(self, *args: Any, port: str, state: Path, **options: Any) -> None:
        demo.run(ports.port_number(port), state)
