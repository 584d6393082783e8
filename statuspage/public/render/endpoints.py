"""Every public address that programs may ask, with an example of each. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from statuspage.public.snapshot.values import Snapshot


@dataclass(frozen=True, slots=True)
class EndpointGroup:
    """`rows`: (path with query, what is there); `example`: lines to copy, if any."""

    heading: str
    lead: str
    rows: tuple[tuple[str, str], ...]
    example: str = ""


def sections(snapshot: Snapshot, base_url: str) -> tuple[EndpointGroup, ...]:
    """With places of the catalogue in the examples, so that each of them works."""
    service, region, geography = _places(snapshot)
    documents = "/api/v2"
    return (
        EndpointGroup(
            _("Documents of Statuspage, version 2"),
            _("By default a component is a service, as bad as the worst of its regions."),
            (
                (f"{documents}/summary.json", _("Everything that is on now")),
                (f"{documents}/status.json", _("The overall state")),
                (f"{documents}/components.json", _("The services, in groups by category")),
                (f"{documents}/incidents.json", _("The newest incidents")),
                (f"{documents}/incidents/unresolved.json", _("Incidents that are not over")),
                (f"{documents}/scheduled-maintenances.json", _("The newest maintenance")),
                (f"{documents}/scheduled-maintenances/upcoming.json", _("Maintenance to come")),
                (f"{documents}/scheduled-maintenances/active.json", _("Maintenance in progress")),
            ),
            f"curl -s {base_url}{documents}/status.json",
        ),
        EndpointGroup(
            _("The same for some places"),
            _(
                "Each of these documents with one component per service and region. Ask for what "
                "you depend on, and nothing elsewhere alarms you."
            ),
            (
                (f"{documents}/regions/{region}/summary.json", _("One region")),
                (f"{documents}/geographies/{geography}/summary.json", _("One geography")),
                (f"{documents}/services/{service}/summary.json", _("One service")),
                (
                    f"{documents}/summary.json?service={service}&region={region}",
                    _("Some services in some regions, with commas between several"),
                ),
                (f"{documents}/summary.json?pairs={service}:{region}", _("Chosen pairs")),
            ),
            f"curl -s {base_url}{documents}/regions/{region}/summary.json",
        ),
        EndpointGroup(
            _("Feeds and calendar"),
            _("Each of them can be had for some services and regions."),
            (
                ("/status/feed/", _("What is on now (RSS)")),
                (f"/status/feed/?service={service}&region={region}", _("The same for one place")),
                ("/history.rss", _("Every statement (RSS)")),
                ("/history.atom", _("Every statement (Atom)")),
                ("/feed.json", _("Every statement (JSON Feed)")),
                ("/maintenance.ics", _("Planned maintenance, for calendars")),
            ),
            f"curl -s '{base_url}/status/feed/?service={service}&region={region}'",
        ),
        EndpointGroup(
            _("In the shape of Google Cloud"),
            "",
            (
                ("/incidents.json", _("The newest incidents")),
                ("/incidents.schema.json", _("Their schema")),
                ("/products.json", _("The services")),
            ),
            f"curl -s {base_url}/incidents.json",
        ),
        *_figures(snapshot, base_url),
        EndpointGroup(
            _("For your own page"),
            _(
                "A policy of your page (Content-Security-Policy) has to allow our address: script-src "
                "and connect-src for the element, frame-src for the frame, img-src for the badge."
            ),
            (
                ("/badge/overall.svg", _("A badge for everything")),
                (f"/badge/{service}.svg", _("A badge for one service")),
                (f"/badge/{service}/{region}.svg", _("A badge for one service in one region")),
                ("/embed/", _("A frame for everything")),
                (f"/embed/services/{service}/", _("A frame for one service")),
                (f"/embed/regions/{region}/", _("A frame for one region")),
                ("/embed.js", _("An element that renews itself")),
            ),
            f'<script src="{base_url}/embed.js" defer></script>\n'
            f'<statuspage-state service="{service}" region="{region}"></statuspage-state>\n'
            f'<iframe src="{base_url}/embed/regions/{region}/" title="Status" '
            f'height="44" style="border: 0; color-scheme: light"></iframe>\n'
            f'<img src="{base_url}/badge/{service}.svg" alt="">',
        ),
    )


def _figures(snapshot: Snapshot, base_url: str) -> tuple[EndpointGroup, ...]:
    if snapshot.figures is None:
        return ()
    rows = (
        ("/how-fast.json", _("By quarter, in seconds")),
        ("/how-fast.schema.json", _("Its schema")),
    )
    example = f"curl -s {base_url}/how-fast.json"
    return (EndpointGroup(_("How fast we tell"), "", rows, example),)


def _places(snapshot: Snapshot) -> tuple[str, str, str]:
    """The first service that is offered somewhere, where, and in which geography."""
    homes = {region.slug: one.slug for one in snapshot.geographies for region in one.regions}
    for category in snapshot.categories:
        for service in category.services:
            for region, home in homes.items():
                if (service.slug, region) in snapshot.offered:
                    return service.slug, region, home
    return "storage", "east-us", "americas"
