"""API tokens: issued once, found by their digest, revoked for good."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import TypeVar

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q, QuerySet

from incidents import access
from incidents.models import ApiToken
from incidents.models.access.tokens import NAME_LENGTH, Token
from incidents.services.errors import EntryError
from incidents.services.statements import checked_text

LIFETIME, LONGEST = timedelta(days=90), timedelta(days=366)
# Written down at most this often, so that a busy script is no stream of writes.
USE_NOTED = timedelta(minutes=1)
_PREFIX = "desk"
_Any = TypeVar("_Any", bound=Token)


@transaction.atomic
def issue(
    *,
    user: User,
    name: str,
    now: datetime,
    lifetime: timedelta = LIFETIME,
    scopes: Collection[str] | None = None,
) -> tuple[ApiToken, str]:
    """A new token of a user, and its secret, which is nowhere else. Raises EntryError.

    `scopes`: acts named in `incidents.access`, each of which the user may; None: whatever the user may.
    """
    name = named(name, lifetime)
    if not (user.is_active and user.is_staff):
        raise EntryError(
            "user", f"{user.get_username()} may not enter the desk; make it staff first."
        )
    if scopes is not None:
        _check(user, scopes)
    secret = new_secret(_PREFIX)
    token = ApiToken.objects.create(
        user=user,
        name=name,
        digest=digest_of(secret),
        scopes=None if scopes is None else sorted(set(scopes)),
        created_at=now,
        expires_at=now + lifetime,
    )
    return token, secret


def _check(user: User, scopes: Collection[str]) -> None:
    possible = [name for name, act in access.SCOPES.items() if access.may(user, *act.permissions)]
    for scope in scopes or [""]:
        if scope not in possible:
            raise EntryError(
                "scope",
                f"{scope!r} is none that {user.get_username()} may have; use {', '.join(possible)}.",
            )


def find(*, secret: str, now: datetime) -> ApiToken | None:
    """The token, with its user, that this secret opens now; its use is noted."""
    rows = ApiToken.objects.select_related("user").filter(user__is_active=True)
    return opened(rows, secret=secret, prefix=_PREFIX, now=now)


def opened(rows: QuerySet[_Any], *, secret: str, prefix: str, now: datetime) -> _Any | None:
    """That of these tokens which a secret opens now; its use is noted."""
    if not re.fullmatch(rf"{prefix}_[A-Za-z0-9_-]{{43}}", secret):
        return None
    token = rows.filter(digest=digest_of(secret), revoked_at=None, expires_at__gt=now).first()
    if token and (token.last_used_at is None or token.last_used_at < now - USE_NOTED):
        unnoted = Q(last_used_at=None) | Q(last_used_at__lt=now - USE_NOTED)
        type(token)._base_manager.filter(unnoted, pk=token.pk).update(last_used_at=now)
    return token


def named(name: str, lifetime: timedelta) -> str:
    """The name as it is kept. Raises EntryError for none, and for a lifetime out of bounds."""
    name = checked_text("name", name, NAME_LENGTH, lines=False)
    if not name:
        raise EntryError("name", "is empty; say what the token is for.")
    if not timedelta() < lifetime <= LONGEST:
        raise EntryError("days", f"is not between 1 and {LONGEST.days}.")
    return name


def new_secret(prefix: str) -> str:
    return f"{prefix}_{secrets.token_urlsafe(32)}"


def revoke(*, token_id: int, now: datetime) -> bool:
    """False when it was revoked before, or is none."""
    return bool(ApiToken.objects.filter(pk=token_id, revoked_at=None).update(revoked_at=now))


def digest_of(secret: str) -> str:
    return hashlib.sha256(secret.encode("ascii")).hexdigest()
