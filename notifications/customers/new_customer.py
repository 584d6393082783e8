"""A tenant in one go: its subscriptions, whom a first rule tells, and who may sign in."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from incidents.services.errors import EntryError
from incidents.texts import csv_file
from incidents.vocabulary import Kind, Level
from notifications.customers import load_customers, members, records
from notifications.customers.customer_file import COLUMNS, CustomerFile, CustomerFileError
from notifications.customers.rules.alert_rules import Conditions
from notifications.models import Channel, CustomerSubscription, Footprint, MemberRole, Tenant
from notifications.models.customers.tenants import called

FIRST_RULE = "Service issues"
_NAME = "customer"


@dataclass(frozen=True, slots=True)
class NewCustomer:
    """`places`: a line each, "subscription, service, region". `tell`, `owner`: addresses, or empty."""

    ref: str
    name: str
    contact: str
    places: str
    tell: str = ""
    owner: str = ""


@transaction.atomic
def add(new: NewCustomer, *, now: datetime) -> Tenant:
    """All of it or nothing. Raises EntryError."""
    if Tenant.objects.filter(called(new.ref)).exists():
        raise EntryError("ref", "is a customer's already; look for it in the list.")
    content = "".join(csv_file.lines(COLUMNS, _rows(new))).encode()
    try:
        load_customers.load(files=[CustomerFile(_NAME, io.BytesIO(content))], now=now)
    except CustomerFileError as error:
        raise EntryError("places", by_lines(error.faults, _NAME)) from error
    tenant = Tenant.objects.get(called(new.ref))
    if new.tell:
        end, _ = records.make_endpoint(
            channel=Channel.MAIL,
            address=new.tell,
            tenant=tenant,
            language=tenant.language,
            time_zone=tenant.time_zone,
            now=now,
        )
        rule = Conditions(name=FIRST_RULE, kinds=(Kind.SERVICE_ISSUE,), least_level=Level.WARNING)
        records.save_rule(tenant=tenant, conditions=rule, endpoints=[end.pk])
    if new.owner:
        role, by = MemberRole.OWNER, settings.SITE_NAME
        members.invite(tenant=tenant, address=new.owner, role=role, security=True, by=by)
    return tenant


def _rows(new: NewCustomer) -> Iterator[dict[str, Any]]:
    for line in new.places.splitlines() or [""]:
        subscription, service, region, *more = [*(each.strip() for each in line.split(",")), "", ""]
        if any(more):
            raise EntryError(
                "places", f"{line[:80]!r} has too many commas; write subscription, service, region."
            )
        yield {
            "tenant": new.ref,
            "tenant_name": new.name,
            "contact": new.contact,
            "subscription": subscription,
            "service": service,
            "region": region,
        }


def by_lines(faults: Sequence[str], name: str) -> str:
    """The faults of the file that was made of it, by the lines that were typed: the first is the heading's."""
    line = re.compile(rf"\b{name}:(\d+): ")
    return line.sub(lambda found: f"line {int(found[1]) - 1}: ", " ".join(faults))


def exported(tenant: Tenant) -> Iterator[str]:
    """The tenant as a customer file, line by line, which `load_customers` takes again."""
    return csv_file.lines(COLUMNS, _exported(tenant))


def _exported(tenant: Tenant) -> Iterator[dict[str, Any]]:
    same = {
        "tenant": tenant.ref,
        "tenant_name": tenant.name,
        "contact": tenant.contact.address if tenant.contact else "",
    }
    cells = Footprint.objects.filter(subscription__tenant=tenant)
    for ref, name, service, region in (
        cells.order_by("subscription", "service", "region")
        .values_list("subscription__ref", "subscription__name", "service__slug", "region__slug")
        .iterator()
    ):
        yield same | {
            "subscription": ref, "subscription_name": name, "service": service, "region": region
        }  # fmt: skip
    for ref, name in (
        CustomerSubscription.objects.filter(tenant=tenant, footprint=None)
        .values_list("ref", "name")
        .iterator()
    ):
        yield same | {"subscription": ref, "subscription_name": name}
