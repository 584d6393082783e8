"""The catalogue that comes with the product: large enough, and complete for the histories it reads."""

from __future__ import annotations

import pytest

from incidents.importers.catalogue_file import Catalogue, fold_name, load_shipped

NAMED_BY_HISTORIES = (
    "Azure Resource Manager, ARM, Azure Portal, Azure Resource Graph, ARG, Azure CLI, "
    "Azure PowerShell, Analysis Services, Azure Container Registry, Container Registry, "
    "API Management, App Service, Backup, Bastion, CDN, Center for SAP solutions, "
    "Chaos Studio, Data Factory, Database for MySQL flexible servers, "
    "Database for PostgreSQL, Databricks, Device Update for IoT Hub, Event Hubs, Event Hub, "
    "Front Door, Key Vault, Log Analytics, Migrate, Relay, Service Bus, SQL Database, "
    "Storage, Synapse Analytics, Virtual Machines, Entra, Microsoft Entra ID, Azure AD, "
    "Service Health, Azure Kubernetes Service, AKS, Cosmos DB, Virtual Desktop, VPN Gateway, "
    "ExpressRoute, Load Balancer, Application Gateway, Azure Firewall, Azure OpenAI Service, "
    "Cognitive Services, Machine Learning, Container Apps, Container Instances, "
    "Azure Functions, Function Apps, Logic Apps, Azure Monitor, Application Insights, "
    "Azure Automation, Site Recovery, HDInsight, Stream Analytics, Microsoft Purview, "
    "Communication Services, Azure Maps, SignalR, Cache for Redis, Azure DNS, "
    "Traffic Manager, NAT Gateway, Virtual Network, Microsoft Sentinel, "
    "Microsoft Defender for Cloud, Azure DevOps, Static Web Apps, Notification Hubs, "
    "Media Services, NetApp Files, Managed Disks, Azure Batch, Service Fabric, "
    "Azure Policy, Azure Arc, Azure Lighthouse, Data Explorer, Data Lake Storage, "
    "Power BI Embedded, Microsoft Fabric, Microsoft Copilot, Microsoft Intune, "
    "SQL Managed Instance, App Configuration, Healthcare APIs, Private Link, PowerBI, "
    "Azure Active Directory B2C, Virtual Machine Scale Sets, Video Indexer"
)
NAMED_BY_THE_EXAMPLE = (
    "azure-resource-manager analysis-services azure-container-registry api-management "
    "app-service backup bastion cdn center-for-sap-solutions chaos-studio data-factory "
    "database-for-mysql database-for-postgresql databricks device-update-for-iot-hub "
    "event-hubs front-door key-vault log-analytics migrate relay service-bus sql-database "
    "storage synapse-analytics virtual-machines"
)


@pytest.fixture(scope="module")
def shipped() -> Catalogue:
    return load_shipped()


def test_it_is_of_a_hyperscalers_size(shipped: Catalogue) -> None:
    assert sum(not region.is_global for region in shipped.regions) >= 60
    assert sum(bool(region.zones) for region in shipped.regions) >= 30
    assert len(shipped.services) >= 120
    assert len(shipped.categories) >= 14
    assert 4_000 < len(shipped.offerings) < 10_000


def test_every_region_offers_and_most_of_them_not_everything(shipped: Catalogue) -> None:
    offered = {
        region.slug: sum(slug == region.slug for _, slug in shipped.offerings)
        for region in shipped.regions
    }
    assert all(offered.values())
    assert offered["west-europe"] > offered["uk-west"] > offered["norway-west"]


@pytest.mark.parametrize(
    "name",
    NAMED_BY_HISTORIES.split(", "),
)
def test_it_knows_the_services_that_histories_name(shipped: Catalogue, name: str) -> None:
    known = {
        called
        for named in shipped.names()
        if named.kind == "service"
        for called in (named.name, *named.aliases)
    }
    assert name in known


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Storage", "storage"),
        ("Key Vault", "key-vault"),
        ("ARM", "azure-resource-manager"),
        ("Azure Portal", "azure-portal"),
        ("Entra", "entra-id"),
        ("East US", "east-us"),
        ("eastus", "east-us"),
        ("West Europe", "west-europe"),
        ("European", "europe"),
    ],
)
def test_slugs_are_short_and_do_not_change(shipped: Catalogue, name: str, slug: str) -> None:
    owners = [n.slug for n in shipped.names() if name in (n.name, *n.aliases)]
    assert owners == [slug]


def test_the_five_regions_of_the_example_have_every_service_it_names(shipped: Catalogue) -> None:
    cells = set(shipped.offerings)
    regions = ["central-us", "east-us", "south-central-us", "west-central-us", "west-europe"]
    services = NAMED_BY_THE_EXAMPLE.split()
    missing = [(s, r) for s in services for r in regions if (s, r) not in cells]
    assert missing == []


def test_the_control_plane_has_the_most_dependents(shipped: Catalogue) -> None:
    needed = [entry.depends_on for entry in shipped.dependencies]
    assert max(set(needed), key=needed.count) == "azure-resource-manager"
    pairs = {(entry.service, entry.depends_on) for entry in shipped.dependencies}
    assert ("virtual-machines", "storage") in pairs
    assert ("azure-resource-manager", "entra-id") in pairs
    assert ("azure-portal", "azure-resource-manager") in pairs


def test_what_failed_with_the_control_plane_in_january_2024_depends_on_it(
    shipped: Catalogue,
) -> None:
    needs = {e.service: e for e in shipped.dependencies if e.depends_on == "azure-resource-manager"}
    named = set(NAMED_BY_THE_EXAMPLE.split()) - {"azure-resource-manager"}
    assert all(needs[slug].strength == "hard" or needs[slug].plane == "data" for slug in named)
    # "once the cached data expired these services failed": their data plane, and later.
    for slug in ("storage", "key-vault", "event-hubs", "service-bus"):
        assert needs[slug][2:] == ("soft", "data")
    assert needs["databricks"][2:] == ("hard", "control")
    assert needs["nat-gateway"][2:] == ("soft", "control")


def test_what_fails_with_storage_is_what_lies_on_it(shipped: Catalogue) -> None:
    needs = {e.service: e for e in shipped.dependencies if e.depends_on == "storage"}
    hard = {slug for slug, entry in needs.items() if entry.strength == "hard"}
    assert {"managed-disks", "azure-files", "virtual-machines", "sql-database", "backup"} < hard
    assert not hard & {"service-bus", "cosmos-db", "virtual-network", "power-bi", "api-management"}
    assert len(hard) < 40
    assert needs["cosmos-db"][2:] == ("soft", "control")  # its backups


def test_every_region_is_found_by_its_name_without_spaces(shipped: Catalogue) -> None:
    for region in shipped.regions:
        if not region.is_global:
            assert region.slug.replace("-", "") in map(fold_name, region.aliases)
