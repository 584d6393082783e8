"""What an alert rule matches, as scripts write and read it."""

from __future__ import annotations

import re
from datetime import time
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field, StringConstraints, WithJsonSchema

from incidents.vocabulary import Kind
from notifications.models import AlertRule
from notifications.models.customers.tenants import REF
from statuspage.api.schemas.requests import Slug, Strict

_CLOCK = r"^([01]\d|2[0-3]):[0-5]\d$"


def _checked_clock(given: object) -> object:
    if isinstance(given, str) and not re.fullmatch(_CLOCK, given):
        raise ValueError("is no time of day; write it as 22:00")
    return given


Ref = Annotated[str, StringConstraints(pattern=REF, max_length=64)]
LeastLevel = Literal["", "error", "warning", "informational"]
ClockTime = Annotated[
    time,
    BeforeValidator(_checked_clock),
    WithJsonSchema({"type": "string", "pattern": _CLOCK, "example": "22:00"}),
]
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
    quiet_from: ClockTime | None = Field(
        None,
        description="When quiet hours begin on each receiver's clock; what comes waits for their end.",
    )
    quiet_until: ClockTime | None = None
    quiet_level: LeastLevel = Field(
        "", description="This level or a graver one comes at once all the same."
    )
    quiet_kinds: list[Kind] = Field([], description="These kinds come at once all the same.")


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
    quiet_from: str | None = Field(description="Such as 22:00.")
    quiet_until: str | None
    quiet_level: str
    quiet_kinds: list[str]


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
        "quiet_from": rule.quiet_from and f"{rule.quiet_from:%H:%M}",
        "quiet_until": rule.quiet_until and f"{rule.quiet_until:%H:%M}",
        "quiet_level": rule.quiet_level,
        "quiet_kinds": rule.quiet_kinds,
    }
