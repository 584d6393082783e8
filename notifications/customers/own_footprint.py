"""Where a tenant's subscriptions run, as its own people say it, where the operator allows.

Only of subscriptions that are there: which of them are whose is known to the provider alone. Who said so is noted
by the database (`FootprintChange`).
"""

from __future__ import annotations

import io
from datetime import datetime
from typing import Any

from django.db import transaction

from incidents.services.errors import EntryError
from incidents.texts import csv_file
from notifications.customers import load_customers
from notifications.customers.customer_file import COLUMNS, CustomerFile, CustomerFileError
from notifications.customers.new_customer import by_lines
from notifications.models import Tenant
from notifications.vocabulary import identifiers

LONGEST = 5 * 1024 * 1024  # characters
_NAME = "footprint"


@transaction.atomic
def save(*, tenant: Tenant, places: str, now: datetime) -> None:
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
    content = "".join(csv_file.lines(COLUMNS, rows)).encode()
    try:
        load_customers.load(files=[CustomerFile(_NAME, io.BytesIO(content))], now=now)
    except CustomerFileError as error:
        raise EntryError("places", by_lines(error.faults, _NAME)) from error


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
