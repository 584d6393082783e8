"""Public snapshots to render: a calm day, a bad night, and one as large as the budgets speak of."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from incidents.importers.catalogue_file import read_catalogue_file
from incidents.vocabulary import Plane
from statuspage.public.snapshot.dependents import may_be_affected
from statuspage.public.snapshot.values import (
    CategoryView,
    CellView,
    CommunicationView,
    DependencyView,
    GeographyView,
    GoneView,
    ImpactView,
    IncidentView,
    NamedView,
    RegionView,
    RepairItemView,
    ResponseView,
    ReviewView,
    SectionView,
    ServiceView,
    Snapshot,
    TimelineView,
    WindowView,
)

CATALOGUE = Path(__file__).parents[2] / "incidents/data/catalogue.yaml"
NIGHT = datetime(2024, 1, 21, 4, 30, tzinfo=UTC)
LATER = datetime(2024, 2, 20, 9, 42, 10, tzinfo=UTC)

REGIONS = {
    "Americas": (
        "Brazil South", "Canada Central", "Central US", "East US", "East US 2", "North Central US",
        "South Central US", "West Central US", "West US", "West US 2",
    ),
    "Europe": (
        "France Central", "Germany West Central", "Italy North", "North Europe", "Norway East",
        "Poland Central", "Sweden Central", "Switzerland North", "UK South", "West Europe",
    ),
    "Asia Pacific": ("Australia East", "Central India", "Japan East", "Korea Central", "Southeast Asia"),
}  # fmt: skip
SERVICES = {
    "Compute": ("Virtual Machines", "App Service", "Functions", "Kubernetes Service", "Batch"),
    "Databases": ("SQL Database", "Database for MySQL", "Database for PostgreSQL", "Cosmos DB"),
    "Integration": ("API Management", "Event Hubs", "Relay", "Service Bus"),
    "Management": ("Resource Manager", "Portal", "Log Analytics", "Backup", "Migrate"),
    "Networking": ("Front Door", "Load Balancer", "VPN Gateway", "Bastion", "CDN"),
    "Security": ("Key Vault", "Identity"),
    "Storage": ("Storage", "Data Lake", "Container Registry"),
}
WORLDWIDE = ("Front Door", "CDN", "Portal", "Identity")
NOT_EVERYWHERE = ("Batch", "Migrate", "Data Lake")


def slug(name: str) -> str:
    return name.lower().replace(" ", "-")


def at(text: str) -> datetime:
    """`2024-01-21 01:30`, UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def calm(now: datetime = LATER) -> Snapshot:
    """Nothing is going on; the two incidents of winter 2024 are in the history."""
    geographies = tuple(
        GeographyView(slug(name), name, tuple(RegionView(slug(r), r, ("1", "2", "3")) for r in regions))
        for name, regions in REGIONS.items()
    )  # fmt: skip
    categories = tuple(
        CategoryView(slug(name), name, tuple(_service(service) for service in services))
        for name, services in SERVICES.items()
    )
    return Snapshot(
        revision=7,
        as_of=now,
        geographies=geographies,
        non_regional=RegionView("global", "Global"),
        categories=categories,
        offered=_offered(geographies, categories),
        cells={},
        incidents=(february(), january()),
        gone=(GoneView("GONE-001", at("2024-02-15 10:00"), "Its review has reached the affected customers."),),
        redirects={"OLD1-111": "MANA-GER"},
    )  # fmt: skip


def _service(name: str) -> ServiceView:
    aliases = {"Resource Manager": ("ARM", "Control plane"), "Kubernetes Service": ("AKS", "K8s")}
    return ServiceView(slug(name), name, aliases.get(name, ()))


def _offered(
    geographies: tuple[GeographyView, ...], categories: tuple[CategoryView, ...]
) -> frozenset[tuple[str, str]]:
    pairs = set()
    for category in categories:
        for service in category.services:
            if service.name in WORLDWIDE:
                pairs.add((service.slug, "global"))
                continue
            for geography in geographies:
                for number, region in enumerate(geography.regions):
                    if service.name not in NOT_EVERYWHERE or number % 3:
                        pairs.add((service.slug, region.slug))
    return frozenset(pairs)


def bad_night() -> Snapshot:
    """21 January 2024, 04:30: a control plane fails in five regions and takes others with it."""
    five = ("central-us", "east-us", "south-central-us", "west-central-us", "west-europe")
    since = at("2024-01-21 01:30")
    cells = {
        ("resource-manager", region): CellView("critical", ("MANA-GER",), since) for region in five
    }
    for service in ("key-vault", "service-bus", "app-service", "storage"):
        for region in ("east-us", "west-europe"):
            cells[service, region] = CellView("warning", ("MANA-GER",), at("2024-01-21 03:04"))
    cells["load-balancer", "uk-south"] = CellView(
        "maintenance", ("WORK-001",), at("2024-01-21 04:00")
    )
    cells["portal", "global"] = CellView("information", ("MANA-GER",), at("2024-01-21 03:57"))
    open_one = replace(
        january(), active=True, stage="mitigating", ended_at=None, review=None,
        windows=(WindowView("", since, None),), updated_at=at("2024-01-21 04:25"), backfilled=False,
        response=ResponseView(at("2024-01-21 01:59"), True, at("2024-01-21 02:23"), at("2024-01-21 03:57")),
        communications=(
            CommunicationView(
                2, "update", "mitigating", at("2024-01-21 04:25"),
                "<p>We know the cause and are preparing to switch off the feature behind it.</p>",
                "We know the cause and are preparing to switch off the feature behind it.",
                "en", next_update_by=at("2024-01-21 05:25"),
            ),
            CommunicationView(
                1, "update", "investigating", at("2024-01-21 03:57"),
                "<p>Management operations may fail in several regions. Running workloads go on.</p>",
                "Management operations may fail in several regions. Running workloads go on.",
                "en", automated=True,
            ),
        ),
    )  # fmt: skip
    return replace(calm(NIGHT), cells=cells, incidents=(maintenance(), planned(), open_one))


def night_of_the_whole_catalogue() -> Snapshot:
    """The bad night among all services and regions of the catalogue that the demo loads."""
    read = read_catalogue_file(CATALOGUE)
    night = bad_night()
    geographies = tuple(
        GeographyView(
            one.slug, one.name,
            tuple(
                RegionView(r.slug, r.name, r.zones, None, r.aliases)
                for r in read.regions if r.geography == one.slug
            ),
        )
        for one in read.geographies if one.slug != "global"
    )  # fmt: skip
    categories = tuple(
        CategoryView(
            one.slug, one.name,
            tuple(ServiceView(s.slug, s.name, s.aliases) for s in read.services if s.category == one.slug),
        )
        for one in read.categories
    )  # fmt: skip
    offered = frozenset(read.offerings)
    cells = {key: cell for key, cell in night.cells.items() if key in offered}
    needs = tuple(
        DependencyView(one.service, one.depends_on, one.plane == Plane.CONTROL)
        for one in read.dependencies
    )
    return replace(
        night, geographies=geographies, categories=categories, offered=offered, cells=cells,
        dependencies=needs, dependents=may_be_affected(cells, offered, needs, "global"),
    )  # fmt: skip


def maintenance() -> IncidentView:
    start = at("2024-01-21 04:00")
    return IncidentView(
        "WORK-001", "planned-maintenance", "informational", "Load balancer upgrade in UK South",
        "in-progress", True, start, None, start, None, "", (WindowView("", start, None),), (),
        (NamedView("load-balancer", "Load Balancer"),), (NamedView("uk-south", "UK South"),), (), (),
        None, scheduled_for=start, scheduled_until=at("2024-01-21 06:00"),
    )  # fmt: skip


def planned() -> IncidentView:
    start = at("2024-01-24 22:00")
    return replace(
        maintenance(), tracking_id="WORK-002", title="Router replacement in Norway East",
        stage="planned", started_at=start, scheduled_for=start, windows=(),
        scheduled_until=at("2024-01-25 00:00"), regions=(NamedView("norway-east", "Norway East"),),
    )  # fmt: skip


def january() -> IncidentView:
    """A broad incident with its final review."""
    start, end = at("2024-01-21 01:30"), at("2024-01-21 08:58")
    manager = NamedView("resource-manager", "Resource Manager")
    impacts = tuple(
        ImpactView(
            manager, NamedView(slug(name), name), (), "region", "error", at(begin), at(until)
        )
        for name, begin, until in (
            ("Central US", "2024-01-21 01:30", "2024-01-21 05:30"),
            ("East US", "2024-01-21 03:04", "2024-01-21 05:30"),
            ("South Central US", "2024-01-21 03:30", "2024-01-21 05:30"),
            ("West Europe", "2024-01-21 03:04", "2024-01-21 08:58"),
        )
    )
    downstream = ("Key Vault", "Service Bus", "App Service", "Storage", "Event Hubs", "Backup", "Relay",
                  "SQL Database", "Virtual Machines")  # fmt: skip
    return IncidentView(
        tracking_id="MANA-GER", kind="service-issue", level="error",
        title="Resource Manager operations failing in several regions", stage="resolved",
        active=False, started_at=start, ended_at=end, updated_at=end, scenario=1, note="",
        windows=(WindowView("", start, end),), impacts=impacts,
        services=(manager, *(NamedView(slug(name), name) for name in downstream)),
        regions=(
            *(impact.region for impact in impacts),
            NamedView("west-central-us", "West Central US"), NamedView("uk-south", "UK South", "mentioned"),
        ),
        geographies=(), communications=(), review=january_review(), backfilled=True,
    )  # fmt: skip


def january_review() -> ReviewView:
    return ReviewView(
        kind="final", version=2, published_at=at("2024-02-02 12:00"),
        sections=(
            SectionView("what-happened", "What happened?", (
                "<p>Between 01:30 and 08:58 UTC on 21 January 2024, calls to the management interface failed "
                "or were slow. Five regions bore most of it; others saw it to a lesser degree, because the "
                "service is one worldwide.</p><p>Services that ask it for access rules failed once what "
                "they had kept grew old: <strong>Key Vault</strong>, Service Bus, Storage and others.</p>"
            )),
            SectionView("went-wrong", "What went wrong and why?", (
                "<p>A preview feature held a fault that showed only when a sign-in failed. A change to one "
                "internal tenant made it fail.</p><ul><li>Nodes restart by design.</li><li>Restarted nodes "
                "did not come up.</li><li>Those left were overrun by repeated calls.</li></ul>"
            )),
            SectionView("response", "How did we respond?", (
                "<p>Monitoring noticed at 01:59. We switched the feature off from 04:51; four regions were "
                "well by 05:30, the last at 08:58.</p>"
            )),
        ),
        timeline=tuple(
            TimelineView(at(when), text)
            for when, text in (
                ("2024-01-20 21:00", "A maintenance process changed an internal tenant."),
                ("2024-01-20 21:16", "The first nodes fail to start; no customer notices."),
                ("2024-01-21 01:30", "Customer impact begins in large regions."),
                ("2024-01-21 01:59", "Monitoring raises an alarm; engineers begin to look."),
                ("2024-01-21 03:57", "We post publicly."),
                ("2024-01-21 04:51", "The feature is being switched off."),
                ("2024-01-21 08:58", "West Europe is well; the incident is mitigated."),
            )
        ),
        repair_items=(
            RepairItemView("The preview feature has been switched off.", "Management", "done", ""),
            RepairItemView("Changes to tenants wait for canary regions.", "Identity", "done", ""),
            RepairItemView("Audit what a node needs to start.", "Management", "planned", "2024-02"),
            RepairItemView("Add fault injection for access rules.", "Key Vault", "in-progress", "2024-01"),
        ),
        video="https://video.example/retrospective", survey="https://survey.example/three-questions",
        versions=((1, "preliminary", at("2024-01-23 18:00")), (2, "final", at("2024-02-02 12:00"))),
    )  # fmt: skip


def february() -> IncidentView:
    """Public only for want of knowing whom to tell; two windows, the second across a geography."""
    start, end = at("2024-02-07 09:00"), at("2024-02-08 10:30")
    text = "Latency in the portal. We are looking for every contributing cause."
    return IncidentView(
        tracking_id="PORT-AL1", kind="service-issue", level="warning",
        title="Latency in the portal", stage="resolved", active=False, started_at=start, ended_at=end,
        updated_at=end, scenario=3,
        note="We could not tell quickly which customers were affected, hence this public entry.",
        windows=(
            WindowView("first occurrence", start, at("2024-02-07 10:48")),
            WindowView("second occurrence", at("2024-02-08 09:00"), end),
        ),
        impacts=(),
        services=(NamedView("portal", "Portal"), NamedView("resource-manager", "Resource Manager"),
                  NamedView("data-lake", "Data Lake", "mentioned")),
        regions=(NamedView("west-europe", "West Europe"),),
        geographies=(NamedView("europe", "Europe"),),
        communications=(
            CommunicationView(1, "update", "mitigated", at("2024-02-08 12:00"), f"<p>{text}</p>", text, "en"),
        ),
        review=None, backfilled=True,
    )  # fmt: skip


def large(regions: int = 60, services: int = 120, incidents: int = 36) -> Snapshot:
    """One geography with all regions, so that one page has the whole matrix."""
    geography = GeographyView(
        "everywhere", "Everywhere",
        tuple(RegionView(f"region-{n}", f"{('North', 'South', 'West')[n % 3]} Region {n}") for n in range(regions)),
    )  # fmt: skip
    per_category = 10
    categories = tuple(
        CategoryView(
            f"category-{c}", f"Category {c}",
            tuple(
                ServiceView(f"service-{n}", f"{('Data', 'Event', 'Cloud', 'Edge')[n % 4]} Service {n}")
                for n in range(c * per_category, (c + 1) * per_category)
            ),
        )
        for c in range(services // per_category)
    )  # fmt: skip
    offered = frozenset(
        (service.slug, region.slug)
        for c in categories
        for number, service in enumerate(c.services)
        for index, region in enumerate(geography.regions)
        if (number + index) % 7
    )
    cells = {
        (f"service-{n}", f"region-{n}"): CellView("warning", ("BIGG-000",), LATER - timedelta(hours=2))
        for n in range(12)
    }  # fmt: skip
    many = tuple(
        replace(
            january(), tracking_id=f"BIGG-{n:03}", started_at=january().started_at - timedelta(days=20 * n),
            ended_at=january().started_at - timedelta(days=20 * n) + timedelta(hours=5),
        )
        for n in range(incidents)
    )  # fmt: skip
    base = calm()
    return replace(
        base, geographies=(geography,), non_regional=None, categories=categories, offered=offered,
        cells=cells, incidents=many, gone=(), redirects={},
    )  # fmt: skip
