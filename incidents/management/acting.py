"""Commands that change something: in whose name, and what that person must be able to do."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser

from incidents.access import may, named
from incidents.services.access import audit_trail


class ActingCommand(BaseCommand):
    """A command whose writes the audit trail shows with `manage.py NAME` and, by `--as USER`, with that user.

    `permissions`: what the user must have. Without `--as` it acts for whoever has a shell on this host,
    whom no check of ours could stop; the trail then names the command alone.
    """

    permissions: ClassVar[tuple[str, ...]]
    actor: User | None = None

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.add_argument(
            "--as",
            dest="actor",
            metavar="USER",
            help=f"in whose name; the user must have {named(*self.permissions) or 'the right to'}",
        )
        return parser

    def execute(self, *args: Any, **options: Any) -> str | None:
        name = type(self).__module__.rpartition(".")[2]
        self.actor = self._named(options.get("actor"))
        who = {"via": f"manage.py {name}", "actor": self.actor.get_username() if self.actor else ""}
        with audit_trail.acting(lambda: who):
            return super().execute(*args, **options)

    def _named(self, name: str | None) -> User | None:
        """Raises CommandError (2) for somebody who is not there or may not."""
        if name is None:
            return None
        user = User.objects.filter(username=name).first()
        if user is None:
            raise CommandError(f"--as {name!r}: there is no such user.", returncode=2)
        if not may(user, *self.permissions):
            needed = named(*self.permissions) or " and ".join(self.permissions)
            raise CommandError(
                f"--as {name!r}: may not do this; needs {needed}, as active staff.", returncode=2
            )
        return user
