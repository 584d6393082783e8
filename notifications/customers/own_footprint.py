"""Where a tenant's subscriptions run, as its own people say it, where the operator allows; and who said so.

Only of subscriptions that are there: which of them are whose is known to the provider alone.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction

from incidents.services.errors import EntryError
from incidents.texts import csv_file
from notifications.customers import load_customers
from notifications.customers.customer_file import COLUMNS, CustomerFile, CustomerFileError
from notifications.customers.new_customer import by_lines
from notifications.models import Footprint, FootprintChange, Person, Tenant
from notifications.vocabulary import identifiers

NAMED = 20  # cells of a change that are named
LONGEST = 5 * 1024 * 1024  # characters
_NAME = "footprint"
Cells = dict[str, set[str]]


@transaction.atomic
def save(
    *,
    tenant: Tenant,
    places: str,
    by: Person,
    now: datetime,
) -> list[FootprintChange]:
    """Whatever subscription is named runs exactly where its lines say, "subscription, service, region" each.

    A subscription alone on a line runs nowhere. All or nothing. Raises EntryError.
    """
    if len(places) > LONGEST:
        raise EntryError("places", f"is longer than {LONGEST:,} characters; send it in parts.")
    owned = {
        identifiers.key(ref): (ref, name)
        for ref, name in tenant.subscriptions.values_list("ref", "name")
    }
    rows = []
    for line in places.splitlines():
        cells = [each.strip() for each in line.split(",")]
        if not any(cells) or cells[0].lower() == "subscription":
            continue
        subscription, service, region, *more = [*cells, "", ""]
        known = owned.get(identifiers.key(subscription))
        if known is None:
            raise EntryError(
                "places", f"{subscription[:64]!r} is none of your subscriptions; remove the line."
            )
        if any(more):
            raise EntryError(
                "places", f"{line[:80]!r} has too many commas; write subscription, service, region."
            )
        rows.append(_row(tenant, *known, service, region))
    if not rows:
        raise EntryError("places", "is empty; write subscription, service, region, a line each.")
    named = {row["subscription"] for row in rows}
    before = cells_of(tenant, named)
    content = "".join(csv_file.lines(COLUMNS, rows)).encode()
    try:
        load_customers.load(files=[CustomerFile(_NAME, io.BytesIO(content))], now=now)
    except CustomerFileError as error:
        raise EntryError("places", by_lines(error.faults, _NAME)) from error
    return noted(tenant, before, cells_of(tenant, named), by=by, now=now)


def noted(
    tenant: Tenant, before: Cells, after: Cells, *, by: Person, now: datetime
) -> list[FootprintChange]:
    """Who changed what, a row for each subscription that runs elsewhere now."""
    rows = []
    for ref in sorted(before.keys() | after.keys()):
        one, other = before.get(ref, set()), after.get(ref, set())
        if one != other:
            rows.append(
                FootprintChange(
                    tenant=tenant,
                    at=now,
                    person=by,
                    subscription=ref,
                    added=sorted(other - one)[:NAMED],
                    removed=sorted(one - other)[:NAMED],
                    more=max(0, len(other - one) - NAMED) + max(0, len(one - other) - NAMED),
                )
            )
    return FootprintChange.objects.bulk_create(rows)


def cells_of(tenant: Tenant, refs: Iterable[str]) -> Cells:
    """By subscription, its cells in words."""
    found: Cells = {}
    cells = Footprint.objects.filter(subscription__tenant=tenant, subscription__ref__in=list(refs))
    for ref, service, region in cells.values_list(
        "subscription__ref", "service__name", "region__name"
    ):
        found.setdefault(ref, set()).add(f"{service} in {region}")
    return found


def _row(tenant: Tenant, ref: str, name: str, service: str, region: str) -> dict[str, Any]:
    return {
        "tenant": tenant.ref,
        "tenant_name": tenant.name,
        "contact": tenant.contact.address if tenant.contact else "",
        "subscription": ref,
        "subscription_name": name,
        "service": service,
        "region": region,
    }
