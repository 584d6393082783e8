"""Tokens of a tenant: issued and revoked by its owners, found by their digest."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import transaction

from incidents.services.access import tokens
from incidents.services.errors import EntryError
from notifications.models import Membership, Tenant, TenantScope, TenantToken

PREFIX = "tenant"
MOST = 50


@transaction.atomic
def issue(
    *,
    by: Membership,
    name: str,
    scopes: Collection[str],
    lifetime: timedelta,
    now: datetime,
) -> tuple[TenantToken, str]:
    """A new token of the member's tenant, and its secret, which is nowhere else. Raises EntryError."""
    tenant = Tenant.objects.select_for_update(no_key=True).get(pk=by.tenant_id)
    name = tokens.named(name, lifetime)
    if not scopes:
        raise EntryError("scopes", "are empty; choose what the token is for.")
    if strange := set(scopes) - set(TenantScope.values):
        raise EntryError("scopes", f"{min(strange)[:40]!r} is not known; choose from the list.")
    if TenantScope.SECURITY in scopes and not by.sees_security:
        raise EntryError("scopes", f"{TenantScope.SECURITY!s} is for whoever sees such events.")
    if tenant.tokens.filter(revoked_at=None, expires_at__gt=now).count() >= MOST:
        raise EntryError("name", f"would be one token too many; {MOST} are valid. Revoke one.")
    secret = tokens.new_secret(PREFIX)
    token = TenantToken.objects.create(
        tenant=tenant,
        name=name,
        digest=tokens.digest_of(secret),
        scopes=sorted(set(scopes)),
        issued_by=by.person,
        created_at=now,
        expires_at=now + lifetime,
    )
    return token, secret


def find(*, secret: str, now: datetime) -> TenantToken | None:
    """The token, with its tenant, that this secret opens now; its use is noted."""
    rows = TenantToken.objects.select_related("tenant")
    return tokens.opened(rows, secret=secret, prefix=PREFIX, now=now)


def revoke(*, tenant: Tenant, token_id: int, now: datetime) -> bool:
    """False when it was revoked before, or is none of the tenant's."""
    return bool(tenant.tokens.filter(pk=token_id, revoked_at=None).update(revoked_at=now))
