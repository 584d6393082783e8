"""The public API of Statuspage, version 2: eight documents of one view of the catalogue. Pure.

Each has all fields that clients may ask for; what is unknown is null.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from incidents.identity import opaque
from incidents.status_mapping import DESCRIPTIONS, IMPACTS, UNDER_MAINTENANCE
from incidents.texts.timestamps import millis
from incidents.vocabulary import Kind
from statuspage.public.formats.catalogue import FormatCatalogue
from statuspage.public.formats.plain import dump, line
from statuspage.public.formats.statuspage.components import Components, JsonRow
from statuspage.public.formats.statuspage.incidents import (
    OPEN,
    RUNNING,
    UPCOMING,
    Incidents,
)
from statuspage.public.formats.views import View
from statuspage.public.render.page import JSON, Page
from statuspage.public.render.table.dependents import DependentRow as Dependent
from statuspage.public.snapshot.values import IncidentView

NEWEST = 50
LARGEST = 240_000  # bytes of a list of incidents: programs stop reading at limits of their own
MAX_AGE = 10

WORKS = "scheduled_maintenances"
# What each document has beside `page`.
DOCUMENTS = {
    "summary": ("components", "incidents", WORKS, "status"),
    "status": ("status",),
    "components": ("components",),
    "incidents": ("incidents",),
    "incidents/unresolved": ("incidents",),
    "scheduled-maintenances": (WORKS,),
    "scheduled-maintenances/upcoming": (WORKS,),
    "scheduled-maintenances/active": (WORKS,),
}


class Documents:
    """The documents of one view, all of one moment (`now`, UTC). `base_url` without a slash at its end.

    `incidents`: newest first, with whatever is still open; the view takes what concerns it. `dependents`:
    cells that may be affected, and why.
    """

    def __init__(
        self,
        view: View,
        catalogue: FormatCatalogue,
        incidents: Sequence[IncidentView],
        *,
        site_name: str,
        base_url: str,
        site: str,
        now: datetime,
        dependents: Iterable[Dependent] = (),
    ) -> None:
        page_id = opaque("page", site)
        self._page = {
            "id": page_id,
            "name": line(site_name),
            "url": base_url,
            "time_zone": "Etc/UTC",
            "updated_at": millis(now),
        }
        components = Components(view, catalogue, incidents, page_id, now, dependents)
        told = Incidents(view, catalogue, components, page_id=page_id, base_url=base_url, now=now)
        concerned = [one for one in incidents if told.concerns(one)]
        issues = [one for one in concerned if one.kind != Kind.PLANNED_MAINTENANCE]
        planned = [one for one in concerned if one.kind == Kind.PLANNED_MAINTENANCE]
        self._components = components.all
        self._issues = [told.row(one) for one in newest(issues)]
        self._works = [told.row(one) for one in newest(planned)]
        self._open = [row for row in self._issues if row["status"] in OPEN]
        self._status = roll_up(
            (row["status"] for row in components.all if not row["group"]), self._open
        )
        self._dumped: dict[str, bytes] = {}

    def page(self, name: str) -> Page:
        """One of DOCUMENTS."""
        fields = b",".join(
            b"%s:%s"
            % (dump(key), self._json(f"{name} {key}" if key in ("incidents", WORKS) else key))
            for key in ("page", *DOCUMENTS[name])
        )
        return Page(b"{%s}" % fields, JSON, max_age=MAX_AGE)

    def _json(self, name: str) -> bytes:
        """What several documents share is written once."""
        if name not in self._dumped:
            self._dumped[name] = self._made(name)
        return self._dumped[name]

    def _made(self, name: str) -> bytes:
        if name == "incidents incidents":
            return _fitting(self._issues)
        if name == f"scheduled-maintenances {WORKS}":
            return _fitting(self._works)
        return dump(self._values(name))

    def _values(self, name: str) -> object:
        planned = [row for row in self._works if row["status"] in UPCOMING]
        # What should have begun is not upcoming, and nobody has said that it is active.
        upcoming = [row for row in planned if row["scheduled_for"] > self._page["updated_at"]]
        running = [row for row in self._works if row["status"] in RUNNING]
        return {
            "page": self._page,
            "components": self._components,
            "status": self._status,
            "summary incidents": self._open,
            f"summary {WORKS}": [*running, *planned],
            "incidents/unresolved incidents": self._open,
            f"scheduled-maintenances/upcoming {WORKS}": upcoming,
            f"scheduled-maintenances/active {WORKS}": running,
        }[name]


def _fitting(rows: Iterable[JsonRow]) -> bytes:
    """The newest fifty, or as many as one document may hold; the first in any case."""
    found: list[bytes] = []
    size = 0
    for row in rows:
        body = dump(row)
        size += len(body)
        if len(found) == NEWEST or (found and size > LARGEST):
            break
        found.append(body)
    return b"[%s]" % b",".join(found)


def newest(incidents: Iterable[IncidentView], most: int = NEWEST) -> Iterator[IncidentView]:
    """The newest, and whatever is still open; newest first."""
    for position, one in enumerate(incidents):
        if position < most or one.active:
            yield one


def roll_up(components: Iterable[str], unresolved: Iterable[JsonRow]) -> dict[str, str]:
    """`{indicator, description}`: critical when most components are out, major when any is.

    An incident that is still worked on raises it to minor or major even where no window is open; one
    that is being watched does not. The indicator `maintenance` is left out: strict clients refuse it.
    """
    count = Counter(components)
    indicator = "none"
    if count["major_outage"] * 2 > count.total():
        indicator = "critical"
    elif count["major_outage"] or count["partial_outage"]:
        indicator = "major"
    elif count["degraded_performance"]:
        indicator = "minor"
    raised = [
        "major" if row["impact"] == "critical" else row["impact"]
        for row in unresolved
        if row["status"] != "monitoring"
    ]
    indicator = max((indicator, *raised), key=IMPACTS.index)
    if indicator == "none" and count["under_maintenance"]:
        return {"indicator": "none", "description": UNDER_MAINTENANCE}
    return {"indicator": indicator, "description": DESCRIPTIONS[indicator]}
