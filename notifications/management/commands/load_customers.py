"""manage.py load_customers FILE…"""

from __future__ import annotations

from argparse import ArgumentParser
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from incidents.management.acting import ActingCommand
from notifications.audience import target_index
from notifications.customers.customer_file import CustomerFile, CustomerFileError, shown
from notifications.customers.load_customers import load


class Command(ActingCommand):
    help = (
        "Load tenants, their subscriptions and footprints from CSV files with the columns tenant, "
        "tenant_name, contact, subscription, subscription_name, service, region; one line per cell. "
        "A subscription that is named runs afterwards exactly where the files say; what is not "
        "named stays. Faulty files are refused with a line per fault, exit status 2, nothing stored."
    )
    permissions = ("notifications.change_tenant",)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", metavar="FILE", nargs="+", help="a CSV file in UTF-8")

    def handle(self, *args: Any, **options: Any) -> None:
        with ExitStack() as stack:
            files = []
            for name in options["files"]:
                words = name if name.isprintable() else shown(name)
                try:
                    stream = stack.enter_context(Path(name).open("rb"))
                except (OSError, ValueError) as error:
                    fault = getattr(error, "strerror", None) or error
                    message = f"{words}: cannot be read ({fault}); check the path."
                    raise CommandError(message, returncode=2) from None
                files.append(CustomerFile(words, stream))
            try:
                loaded = load(files=files, now=timezone.now(), progress=self.stdout.write)
            except CustomerFileError as error:
                raise CommandError(str(error), returncode=2) from None
        self.stdout.write(
            f"{loaded.tenants} tenants ({loaded.tenants_changed} new or changed), "
            f"{loaded.subscriptions} subscriptions ({loaded.subscriptions_changed} new or changed), "
            f"cells: {loaded.cells_added} added, {loaded.cells_removed} removed; "
            f"{loaded.duplicates} duplicate lines"
        )
        # Else the next incident would wait for it, or the sweep's first turn.
        target_index.catch_up(progress=self.stdout.write)
