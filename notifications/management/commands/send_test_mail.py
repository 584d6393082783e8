"""`send_test_mail ADDRESS`: whether mails leave, by which relay, and what to do if not."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from incidents.management.acting import ActingCommand
from notifications.channels.email.test_mail import send_test_mail
from notifications.vocabulary.addresses import AddressError


class Command(ActingCommand):
    help = "Sends one mail and shows the relay's side of the conversation; exit status 1 if it was not taken."
    permissions = ("notifications.change_endpoint",)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("address", metavar="ADDRESS")
        parser.add_argument("--json", action="store_true", help="print a JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            tested = send_test_mail(address=options["address"], now=timezone.now())
        except AddressError as error:
            raise CommandError(f"ADDRESS: {error}", returncode=2) from error
        if options["json"]:
            told = {
                "relay": tested.relay,
                "taken": tested.taken,
                "kept": tested.kept,
                "steps": dict(tested.steps),
                "remedy": tested.remedy,
            }
            self.stdout.write(json.dumps(told))
        else:
            self.stdout.write(f"relay: {tested.relay}")
            for what, words in tested.steps:
                self.stdout.write(f"{what}: {words}")
            if tested.kept:
                self.stdout.write("nothing leaves this machine: unset MAIL_FOLDER to send")
        if not tested.taken:
            raise CommandError(f"the mail was not taken: {tested.remedy}.", returncode=1)
