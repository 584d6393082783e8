"""`prepare_demo`: brings the demo's database from any state to the shown one, in one process."""

from __future__ import annotations

import io
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand

DATA = settings.BASE_DIR / "incidents" / "data"
# In order: what is said, the command, its arguments and options. Each may run any number of times.
STEPS: tuple[tuple[str, str, tuple[str, ...], dict[str, Any]], ...] = (
    (
        "migrating the database",
        "migrate",
        (),
        {"verbosity": 0, "interactive": False, "skip_checks": False},
    ),
    ("loading the catalogue", "load_catalogue", (str(DATA / "catalogue.yaml"),), {}),
    ("importing the status history", "import_history", (str(DATA / "history-2024.txt"),), {}),
    ("loading the demo's customers", "seed_demo", (), {}),
    ("creating the operator", "ensure_operator", (), {}),
    ("letting past events happen", "seed_demo_events", (), {}),
    ("publishing the pages", "publish", (), {}),
)
QUIET = ("ensure_operator",)  # the supervisor prints the login, last of all


class Command(BaseCommand):
    help = "Prepares the demo's data: migrations, catalogue, history, operator, first pages."

    def handle(self, *args: Any, **options: Any) -> None:
        for number, (words, command, arguments, settings_of_it) in enumerate(STEPS, 1):
            self.stdout.write(f"[{number}/{len(STEPS)}] {words}")
            self.stdout.flush()
            output = io.StringIO() if command in QUIET else self.stdout
            call_command(command, *arguments, stdout=output, **settings_of_it)
