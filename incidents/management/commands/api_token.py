"""`api_token USER [--scope S …] [--name N] [--days D] | --list | --revoke NUMBER`: keys for the desk's API."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from incidents.management.acting import ActingCommand
from incidents.models import ApiToken
from incidents.services.access import tokens
from incidents.services.errors import EntryError


class Command(ActingCommand):
    help = (
        "Issues a token of a user for the desk's API and prints it this once; or lists the user's"
        " tokens, or revokes one."
    )
    permissions = ("incidents.change_apitoken",)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username", metavar="USER")
        parser.add_argument("--name", default="script", help="what it is for; shown with its acts")
        parser.add_argument(
            "--days", type=int, default=tokens.LIFETIME.days, help="how long it is valid"
        )
        parser.add_argument(
            "--scope",
            action="append",
            metavar="ACT",
            help="the one thing it may do, such as impacted-list:replace (docs/roles.md lists them); may be"
            " given several times. Without it: whatever the user may",
        )
        instead = parser.add_mutually_exclusive_group()
        instead.add_argument("--list", action="store_true", help="the user's tokens")
        instead.add_argument(
            "--revoke", type=int, metavar="NUMBER", help="ends a token, by its number"
        )

    def handle(
        self,
        *args: Any,
        username: str,
        name: str,
        days: int,
        scope: Sequence[str] | None,
        list: bool,
        revoke: int | None,
        **options: Any,
    ) -> None:
        user = User.objects.filter(username=username).first()
        if user is None:
            raise CommandError(f"there is no user {username!r}.", returncode=2)
        if list:
            self._list(user)
        elif revoke is not None:
            self._revoke(user, revoke)
        else:
            self._issue(user, name, days, scope)

    def _issue(self, user: User, name: str, days: int, scopes: Sequence[str] | None) -> None:
        try:
            token, secret = tokens.issue(
                user=user, name=name, now=timezone.now(), lifetime=_days(days), scopes=scopes
            )
        except EntryError as error:
            raise CommandError(str(error), returncode=2) from error
        self.stderr.write(
            f"Token {token.pk} ({token.name}) of {user} is valid until {token.expires_at:%Y-%m-%d},"
            f" for {token.reach}."
            " It is printed this once:"
        )
        self.stdout.write(secret)

    def _list(self, user: User) -> None:
        now = timezone.now()
        for token in user.api_tokens.order_by("pk"):
            used = f"{token.last_used_at:%Y-%m-%d %H:%M}" if token.last_used_at else "never"
            self.stdout.write(
                f"{token.pk}  {token.name}  {token.state(now)}, until {token.expires_at:%Y-%m-%d},"
                f" used {used}, for {token.reach}"
            )

    def _revoke(self, user: User, number: int) -> None:
        if not ApiToken.objects.filter(pk=number, user=user).exists():
            raise CommandError(f"{user} has no token {number}; see --list.", returncode=2)
        done = tokens.revoke(token_id=number, now=timezone.now())
        self.stderr.write(f"Token {number} is revoked." if done else "It was revoked before.")


def _days(number: int) -> timedelta:
    # Whatever is far too much is too much, and fits.
    return timedelta(days=max(-1, min(number, 10_000)))
