"""`demo`: the whole product on this machine, under one supervisor, until Ctrl-C.

Here for `manage.py help`: asked for by its name it runs without Django (`local.entry`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from statuspage.local import demo, ports


class Command(BaseCommand):
    help = "Runs the whole product on this machine, servers included, until Ctrl-C."
    requires_system_checks = []  # prepare_demo runs them, with a database

    def add_arguments(self, parser: CommandParser) -> None:
        demo.add_arguments(parser)

    def handle(self, *args: Any, port: str, state: Path, **options: Any) -> None:
        demo.run(ports.port_number(port), state)
