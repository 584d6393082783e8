"""`erase ADDRESS`, `erase --tenant REF`: forgets an address or a customer; counts and proofs stay."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from incidents.access import ERASE
from incidents.management.acting import ActingCommand
from notifications.evidence import erasure


class Command(ActingCommand):
    help = (
        "Erases an address, or a customer with the addresses that are only its own. Without --yes it"
        " says what would go. It cannot be taken back."
    )
    permissions = (ERASE,)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("address", nargs="?", metavar="ADDRESS")
        parser.add_argument("--tenant", metavar="REF", help="a customer by its reference")
        parser.add_argument("--reason", default="", help="who asked, such as a ticket's number")
        parser.add_argument("--yes", action="store_true", help="erase, instead of looking")

    def handle(self, *args: Any, **options: Any) -> None:
        address, ref = options["address"], options["tenant"]
        if bool(address) == bool(ref):
            raise CommandError("name an ADDRESS or --tenant REF, one of them.", returncode=2)
        try:
            plan = erasure.plan_address(address) if address else erasure.plan_tenant(ref)
            if options["yes"]:
                erasure.erase(plan, reason=options["reason"], now=timezone.now(), actor=self.actor)
        except erasure.EraseError as error:
            raise CommandError(str(error), returncode=2) from error
        verb = "erased" if options["yes"] else "would be erased (add --yes and --reason)"
        self.stdout.write(
            f"{verb}: {len(plan.endpoints)} address(es), {plan.subscriptions} subscription(s);"
            f" {plan.deliveries} deliveries stay as counts and proofs,"
            f" {plan.kept} address(es) are somebody else's, too, and stay"
        )
