"""What the operations on customers share: the tenant of an address, looking only, and forgetting."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from django.contrib.auth.models import AbstractBaseUser
from django.utils import timezone
from ninja import Router
from pydantic import Field

from incidents.services.errors import EntryError
from notifications.evidence import erasure
from notifications.models import Tenant
from notifications.models.customers.tenants import called
from statuspage.api.answers.problems import problem
from statuspage.api.schemas.requests import Look

router = Router(tags=["Customers"])
Number = Annotated[int, Field(ge=1, lt=2**63)]


class Why(Look):
    reason: str = Field(
        max_length=erasure.LONGEST_REASON,
        description="Who asked for it, such as a ticket's number; kept.",
    )


def erase(plan: erasure.ErasurePlan, asked: Why, *, actor: AbstractBaseUser) -> None:
    """Raises EntryError for a reason that cannot be kept."""
    try:
        erasure.erase(plan, reason=asked.reason, now=timezone.now(), actor=actor)
    except erasure.EraseError as error:
        field, _, said = str(error).partition(": ")
        raise EntryError(field, said) from error


def tenant_row(ref: str) -> Tenant:
    """Raises ProblemError (404)."""
    tenant = Tenant.objects.select_related("contact").filter(called(ref)).first()
    if tenant is None:
        raise problem(HTTPStatus.NOT_FOUND, "There is no tenant with this identifier.")
    return tenant
