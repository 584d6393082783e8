"""One table for every way a level and an extent are shown: cell, Statuspage component, Google impact. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from incidents.vocabulary import Kind


@dataclass(frozen=True, slots=True)
class Shown:
    cell: str
    component: str
    google: str


GOOD = Shown("good", "operational", "AVAILABLE")
MAINTENANCE = Shown("information", "under_maintenance", "SERVICE_INFORMATION")

ISSUE = {
    ("error", "region"): Shown("critical", "major_outage", "SERVICE_OUTAGE"),
    ("error", "zone"): Shown("critical", "major_outage", "SERVICE_OUTAGE"),
    ("error", "subset"): Shown("critical", "partial_outage", "SERVICE_OUTAGE"),
    ("warning", "region"): Shown("warning", "degraded_performance", "SERVICE_DISRUPTION"),
    ("warning", "zone"): Shown("warning", "degraded_performance", "SERVICE_DISRUPTION"),
    ("warning", "subset"): Shown("warning", "degraded_performance", "SERVICE_DISRUPTION"),
    ("informational", "region"): Shown("information", "operational", "SERVICE_INFORMATION"),
    ("informational", "zone"): Shown("information", "operational", "SERVICE_INFORMATION"),
    ("informational", "subset"): Shown("information", "operational", "SERVICE_INFORMATION"),
}

STAGE_ON_STATUSPAGE = {
    "investigating": "investigating",
    "identified": "identified",
    "mitigating": "identified",
    "mitigated": "monitoring",
    "resolved": "resolved",
    "planned": "scheduled",
    "rescheduled": "scheduled",
    "in-progress": "in_progress",
    "complete": "completed",
    "cancelled": "completed",
}

# What Statuspage calls an incident by the worst of its components, and a page by the worst of its incidents.
IMPACT = {
    "operational": "none",
    "under_maintenance": "none",
    "degraded_performance": "minor",
    "partial_outage": "major",
    "major_outage": "critical",
}
IMPACTS = ("none", "minor", "major", "critical")
DESCRIPTIONS = {
    "none": "All Systems Operational",
    "minor": "Partially Degraded Service",
    "major": "Partial System Outage",
    "critical": "Major Service Outage",
}
UNDER_MAINTENANCE = "Service Under Maintenance"

# The worst wins where several incidents hit one cell.
GRAVITY = ("good", "information", "maintenance", "warning", "critical")


def shown(kind: str, level: str, extent: str) -> Shown:
    """How an open impact of this kind, level and extent is shown."""
    return MAINTENANCE if kind == Kind.PLANNED_MAINTENANCE else ISSUE[level, extent]


def cell_state(kind: str, level: str, extent: str) -> str:
    """The state of a cell: critical, warning, information, or maintenance (drawn with its own shape)."""
    return "maintenance" if kind == Kind.PLANNED_MAINTENANCE else ISSUE[level, extent].cell
