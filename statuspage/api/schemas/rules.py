"""What an alert rule matches, as scripts write and read it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StringConstraints

from incidents.vocabulary import Kind
from notifications.models import AlertRule
from notifications.models.tenants import REF
from statuspage.api.schemas.requests import Slug, Strict

Ref = Annotated[str, StringConstraints(pattern=REF, max_length=64)]
LeastLevel = Literal["", "error", "warning", "informational"]
Certain = Literal["", "estimated", "confirmed"]


class RuleConditions(Strict):
    active: bool = True
    kinds: list[Kind] = []
    services: list[Slug] = []
    categories: list[Slug] = Field([], description="All of their services, also later ones.")
    regions: list[Slug] = Field([], description="`global` holds what has no region.")
    geographies: list[Slug] = []
    subscriptions: list[Ref] = []
    least_level: LeastLevel = Field(
        "", description="This level or a graver one; empty: every level."
    )
    certainty: Certain = Field("", description="Empty: estimated and confirmed.")
    ends_only: bool = Field(False, description="The first and the last statements only.")
    dependents: bool = Field(False, description="Also what may be affected by dependency.")


class ToldConditions(BaseModel):
    active: bool
    kinds: list[str]
    services: list[str]
    categories: list[str]
    regions: list[str]
    geographies: list[str]
    subscriptions: list[str]
    least_level: str
    certainty: str
    ends_only: bool
    dependents: bool


def conditions_of(rule: AlertRule) -> dict[str, Any]:
    """The values of ToldConditions."""
    return {
        "active": rule.active,
        "kinds": rule.kinds,
        "services": sorted(row.slug for row in rule.services.all()),
        "categories": sorted(row.slug for row in rule.categories.all()),
        "regions": sorted(row.slug for row in rule.regions.all()),
        "geographies": sorted(row.slug for row in rule.geographies.all()),
        "subscriptions": sorted(row.ref for row in rule.subscriptions.all()),
        "least_level": rule.least_level,
        "certainty": rule.certainty,
        "ends_only": rule.ends_only,
        "dependents": rule.dependents,
    }
