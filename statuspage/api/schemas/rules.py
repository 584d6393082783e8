"""What an alert rule matches, as scripts write and read it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import time
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, Field, StringConstraints, WithJsonSchema

from incidents.vocabulary import Kind
from notifications.customers.rules.alert_rules import (
    CATALOGUE,
    Conditions,
    plain,
    subscriptions_of,
)
from notifications.models import Tenant
from notifications.models.customers.tenants import REF
from statuspage.api.catalogue_lookup import found
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


def conditions_of(
    new: RuleConditions, *, tenant: Tenant, name: str, action_groups: Iterable[int] = ()
) -> Conditions:
    """The rule of this name that a script has sent. Raises ProblemError (422), EntryError."""
    rows = {
        each: tuple(sorted(row.pk for row in found(each, getattr(new, each), model)))
        for each, model in CATALOGUE.items()
    }
    return Conditions(
        name=name,
        subscriptions=subscriptions_of(tenant, new.subscriptions),
        action_groups=tuple(sorted(action_groups)),
        **(plain(new) | rows),
    )
