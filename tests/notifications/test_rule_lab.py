"""Seventy tenants and eight incidents: whom each reaches, written down before anything was run.

Incidents: A, F and H fail (Error), B is degraded (Warning), C is planned maintenance (a Warning, as each is), D a
health advisory (Warning), E a security advisory (Error), G fails (Error) and has an impacted list. A capital is
told at the address of the rule, a small letter at the tenant's contact.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from incidents.models import Incident
from incidents.services.incident import declare
from notifications.delivery import plan
from tests.conftest import declaration, hit
from tests.notifications.cast import confirm_audience, last, rule, subscription, tenant, told

pytestmark = pytest.mark.usefixtures("catalogue")

Cell = tuple[str, str]
KW, KE = ("key-vault", "west-europe"), ("key-vault", "east-us")
SW, SN = ("storage", "west-europe"), ("storage", "north-europe")
BRICKS, BENEATH = ("databricks", "west-europe"), ("azure-resource-manager", "north-europe")
ALL = (KW, KE, SW, SN)
ISSUE, PLANNED = "service-issue", "planned-maintenance"
HEALTH, SECURITY = "health-advisory", "security-advisory"

INCIDENTS: Mapping[str, tuple[tuple[Cell, ...], str, str]] = {
    "A": ((KW,), ISSUE, "error"),
    "B": ((SN,), ISSUE, "warning"),
    "C": ((KW,), PLANNED, "warning"),
    "D": ((KE,), HEALTH, "warning"),
    "E": ((SW,), SECURITY, "error"),
    "F": ((KW, KE), ISSUE, "error"),
    "G": ((KW,), ISSUE, "error"),
    "H": ((BENEATH,), ISSUE, "error"),
}

# Cells of the tenant, its rules (None: no contact either), who hears what; "listed" adds it to the list of G.
LAB: list[tuple[tuple[Cell, ...], list[dict[str, Any]] | None, str] | tuple[Any, ...]] = [
    # No rule: its contact hears of all that runs in its cells.
    ((KW,), [], "acf"),
    ((KE,), [], "df"),
    ((SN,), [], "b"),
    ((SW,), [], "e"),
    ((BRICKS,), [], ""),
    ((KW, SN), [], "abcf"),
    (ALL, [], "abcdef"),
    ((KW, KE), [], "acdf"),
    ((SW, SN), [], "be"),
    ((), [], ""),
    ((KW,), [], "acfg", "listed"),
    ((KE,), [], "dfg", "listed"),
    ((), [], "g", "listed"),
    ((KW,), None, ""),
    # A rule that asks for nothing in particular; its address is told instead of the contact.
    ((KW,), [{}], "ACF"),
    ((KE,), [{}], "DF"),
    ((SN,), [{}], "B"),
    ((SW,), [{}], "E"),
    (ALL, [{}], "ABCDEF"),
    ((BRICKS,), [{}], ""),
    ((KW,), [{}], "ACFG", "listed"),
    # A rule that is off, or leads nowhere, is none.
    ((KW,), [{"active": False}], "acf"),
    (ALL, [{"active": False}], "abcdef"),
    ((KW,), [{"nowhere": True}], "acf"),
    # Kinds.
    ((KW,), [{"kinds": (ISSUE,)}], "AF"),
    ((KW,), [{"kinds": (PLANNED,)}], "C"),
    ((KW,), [{"kinds": (HEALTH,)}], ""),
    ((KE,), [{"kinds": (HEALTH,)}], "D"),
    ((SW,), [{"kinds": (SECURITY,)}], "E"),
    (ALL, [{"kinds": (ISSUE, SECURITY)}], "ABEF"),
    (ALL, [{"kinds": (PLANNED, HEALTH)}], "CD"),
    # Levels: that or a graver one.
    (ALL, [{"least_level": "error"}], "AEF"),
    (ALL, [{"least_level": "warning"}], "ABCDEF"),
    (ALL, [{"least_level": "informational"}], "ABCDEF"),
    ((KW,), [{"least_level": "error", "kinds": (PLANNED,)}], ""),
    ((SN,), [{"least_level": "error"}], ""),
    ((SN,), [{"least_level": "warning"}], "B"),
    # Regions: of the cells that the tenant has.
    (ALL, [{"regions": ("west-europe",)}], "ACEF"),
    (ALL, [{"regions": ("east-us",)}], "DF"),
    (ALL, [{"regions": ("north-europe",)}], "B"),
    (ALL, [{"regions": ("west-europe", "north-europe")}], "ABCEF"),
    ((KW,), [{"regions": ("east-us",)}], ""),
    # Services.
    (ALL, [{"services": ("key-vault",)}], "ACDF"),
    (ALL, [{"services": ("storage",)}], "BE"),
    (ALL, [{"services": ("databricks",)}], ""),
    (ALL, [{"services": ("key-vault",), "regions": ("east-us",)}], "DF"),
    (ALL, [{"services": ("key-vault", "storage")}], "ABCDEF"),
    # Categories and geographies stand for what is in them, beside what is named.
    (ALL, [{"categories": ("storage",)}], "ABCDEF"),
    (ALL, [{"categories": ("management",)}], ""),
    (ALL, [{"categories": ("analytics",)}], ""),
    (ALL, [{"categories": ("analytics",), "services": ("storage",)}], "BE"),
    (ALL, [{"geographies": ("europe",)}], "ABCEF"),
    (ALL, [{"geographies": ("americas",)}], "DF"),
    (ALL, [{"geographies": ("americas",), "kinds": (PLANNED,)}], ""),
    (ALL, [{"geographies": ("europe",), "regions": ("east-us",)}], "ABCDEF"),
    # Certainty: by footprint, or by a list alone.
    (ALL, [{"certainty": "estimated"}], "ABCDEF"),
    ((KW,), [{"certainty": "estimated"}], "ACF", "listed"),
    ((KW,), [{"certainty": "confirmed"}], "G", "listed"),
    ((KW,), [{"certainty": "confirmed"}], ""),
    (ALL, [{"certainty": "confirmed", "least_level": "error"}], "G", "listed"),
    # One of two subscriptions: the first runs in these cells, the second in KE; only the first is listed.
    ((KW,), [{"subscriptions": "second"}], "DF"),
    ((KW,), [{"subscriptions": "first"}], "ACF"),
    ((KW,), [{"subscriptions": "second"}], "DF", "listed"),
    ((KW,), [{"subscriptions": "first"}], "ACFG", "listed"),
    # Two rules: what either asks for, once.
    (ALL, [{"kinds": (PLANNED,)}, {"least_level": "error"}], "ACEF"),
    (
        ALL,
        [{"kinds": (ISSUE,), "regions": ("west-europe",)}, {"geographies": ("americas",)}],
        "ADF",
    ),
    ((KW,), [{"active": False}, {"kinds": (PLANNED,)}], "C"),
    # The first statement is one of the first and last.
    ((KW,), [{"ends_only": True}], "ACF"),
    # What depends on what fails: storage on the resource manager beneath it, in the same region.
    ((SN,), [{"services": ("storage",), "dependents": True}], "BH"),
    ((SN,), [{"services": ("storage",)}], "B"),
    ((SW,), [{"services": ("storage",), "dependents": True}], "E"),
]


def people(number: int, cells: tuple[Cell, ...], rules: list[dict[str, Any]] | None) -> None:
    name = f"t{number}"
    owner = tenant(name, *cells, contact=rules is not None)
    if any("subscriptions" in each for each in rules or ()):
        subscription(owner, f"{name}-2", KE)
    refs = {"first": (f"{name}-1",), "second": (f"{name}-2",)}
    for each in rules or ():
        more = dict(each)
        addresses = () if more.pop("nowhere", False) else (f"{name}-ops@example.com",)
        if "subscriptions" in more:
            more["subscriptions"] = refs[more["subscriptions"]]
        rule(owner, *addresses, **more)


def happens(letter: str, operator: User, now: datetime) -> Incident:
    cells, kind, level = INCIDENTS[letter]
    planned = kind == PLANNED
    start = now + timedelta(days=1) if planned else now - timedelta(minutes=5)
    window = {"scheduled_for": start, "scheduled_until": start + timedelta(hours=1)}
    return declare(
        declaration=declaration(
            *(hit(*cell) for cell in cells),
            kind=kind,
            level=level,
            started_at=start,
            **(window | {"stage": "planned"} if planned else {}),
        ),
        now=now,
        actor=operator,
    )


def test_every_tenant_hears_what_its_rules_say(operator: User, now: datetime) -> None:
    assert len(LAB) >= 60
    for number, (cells, rules, *_) in enumerate(LAB):
        people(number, cells, rules)
    listed = [f"t{number}-1" for number, each in enumerate(LAB) if each[-1] == "listed"]
    heard: dict[str, str] = {}
    for letter in INCIDENTS:
        incident = happens(letter, operator, now)
        if letter == "G":
            confirm_audience(incident, *listed)
        plan.plan(communication_id=last(incident).pk, now=now)
        for address in told(last(incident)):
            name, _, way = address.partition("@")[0].partition("-")
            heard[name] = heard.get(name, "") + (letter if way else letter.lower())
    assert {f"t{number}": heard.get(f"t{number}", "") for number in range(len(LAB))} == {
        f"t{number}": each[2] for number, each in enumerate(LAB)
    }
