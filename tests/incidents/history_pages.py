"""A small catalogue and the sample pages for the tests of the history reader."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from incidents.importers.history_text import NameEntry, NameIndex, read_history
from incidents.importers.history_text.names.index import NameKind

SAMPLES = Path(__file__).parents[1] / "data" / "history"
SHIPPED = Path(__file__).parents[2] / "incidents" / "data" / "history-2024.txt"

_SERVICES = """
Azure Resource Manager = ARM, Resource Manager
Azure Resource Graph = ARG
Azure Portal = Azure portal
Azure CLI
Azure PowerShell
Analysis Services
Azure Container Registry = Container Registry
API Management
App Service
Backup
Bastion
CDN
Center for SAP solutions
Chaos Studio
Data Factory
Database for MySQL flexible servers
Database for PostgreSQL
Databricks
Device Update for IoT Hub
IoT Hub
Event Hubs
Front Door = AFD
Key Vault
Log Analytics
Migrate
Relay
Service Bus
SQL Database
Storage
Synapse Analytics
Virtual Machines
Virtual Desktop
Cosmos DB
Microsoft Entra ID = Azure Active Directory, Azure AD, Entra
Azure Active Directory B2C = Active Directory B2C
Azure Kubernetes Service (AKS) = AKS, Azure Kubernetes Service
Managed identities for Azure resources = Managed Identities
Network Infrastructure = Azure Networking
Virtual WAN
ExpressRoute
VPN Gateway
Azure Policy
"""
_REGIONS = """
Central US, East US, East US 2, West US, West US 2, South Central US, West Central US, West Europe,
North Europe, UK South, Australia East
"""


def _entry(line: str, kind: NameKind) -> NameEntry:
    name, _, aliases = line.partition(" = ")
    return NameEntry(
        slug=name.lower().replace(" ", "-"),
        name=name,
        aliases=tuple(aliases.split(", ")) if aliases else (),
        kind=kind,
    )


NAMES = NameIndex(
    [_entry(line, "service") for line in _SERVICES.strip().splitlines()]
    + [_entry(name.strip(), "region") for name in _REGIONS.split(",")]
    + [
        _entry(name, "geography")
        for name in ("Europe", "Asia Pacific = Asia", "United States = US regions")
    ]
)


def read(text: str) -> list[dict[str, Any]]:
    return [incident.to_dict() for incident in read_history(text, NAMES)]


def sample(name: str) -> list[dict[str, Any]]:
    return read((SAMPLES / f"{name}.txt").read_text(encoding="utf-8"))


def times(incident: dict[str, Any]) -> list[tuple[str, str | None]]:
    """Windows as pairs, shortened to the minute."""
    return [
        (window["start"][:16], window["end"][:16] if window["end"] else None)
        for window in incident["windows"]
    ]


def a_page(impact: str, *, month: str = "May 2024", heading: str = "Summary of Impact:") -> str:
    """The shortest page: a month and one statement of impact."""
    return f"{month}\n\n{heading} {impact}\n\nMitigation: Restarted.\n"
