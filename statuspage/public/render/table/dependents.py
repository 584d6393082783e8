"""In words: what may be affected, as it depends on what has a public incident. Pure, in the current language."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext, gettext_lazy, ngettext

from statuspage.public.snapshot.values import Cause, Snapshot

Names = Mapping[str, str]  # by slug
DependentRow = tuple[str, str, Sequence[Cause]]  # service slug, region slug, why
REGIONS_NAMED = 5
# By whether only managing it depends on something.
SENTENCES = {
    False: gettext_lazy("may be affected: depends on %(what)s"),
    True: gettext_lazy("managing it may be affected: depends on %(what)s"),
}
SOME = gettext_lazy("some services may be affected by what they depend on")


def sentence(causes: Iterable[Cause], services: Names, regions: Names) -> str:
    """`may be affected: depends on Storage in West Europe`; a region without a name is left out.

    Where only managing it depends on something, that is said, after what is worse.
    """
    found: dict[bool, dict[str, set[str]]] = {}
    for cause in causes:
        places = found.setdefault(cause.managing, {}).setdefault(cause.depends_on, set())
        places.add(cause.region)
    return "; ".join(
        str(template)
        % {
            "what": ", ".join(
                _cause(
                    services.get(service, service),
                    [regions[slug] for slug in regions if slug in hit],
                )
                for service, hit in found[managing].items()
            )
        }
        for managing, template in SENTENCES.items()
        if managing in found
    )


def _cause(service: str, regions: Sequence[str]) -> str:
    if not regions:
        return service
    count = len(regions)
    if count > REGIONS_NAMED:
        template = ngettext("%(service)s in %(n)d region", "%(service)s in %(n)d regions", count)
        return template % {"service": service, "n": count}
    return gettext("%(service)s in %(region)s") % {"service": service, "region": ", ".join(regions)}


def rows(snapshot: Snapshot) -> list[DependentRow]:
    return [(*cell, one.causes) for cell, one in snapshot.dependents.items()]


def read(found: Iterable[Any]) -> list[DependentRow]:
    """The inverse of `rows`, from JSON."""
    return [(service, region, [Cause(*cause) for cause in why]) for service, region, why in found]


def by_service(found: Iterable[DependentRow], services: Names, regions: Names) -> dict[str, str]:
    """Service slug -> the sentence about all its cells that may be affected; those first that are not
    concerned in their management alone."""
    causes: dict[str, dict[Cause, None]] = {}
    for service, _region, some in found:
        causes.setdefault(service, {}).update(dict.fromkeys(some))
    ranked = sorted(causes, key=lambda service: all(cause.managing for cause in causes[service]))
    return {service: sentence(causes[service], services, regions) for service in ranked}


def needs(found: Iterable[DependentRow], nowhere: str) -> dict[str, str]:
    """Service slug -> the slugs of what it depends on and which fails, for the browser: `*` where only managing it
    does, `+` where that concerns it as what runs in no region (`nowhere`, a region's slug)."""
    marks: dict[str, dict[str, None]] = {}
    for service, region, causes in found:
        anywhere = "+" if region == nowhere else ""
        for cause in causes:
            mark = f"{cause.depends_on}{'*' if cause.managing else ''}{anywhere}"
            marks.setdefault(service, {})[mark] = None
    return {
        service: " ".join(mark for mark in each if f"{mark}+" not in each)
        for service, each in marks.items()
    }


def managed_only(found: Iterable[DependentRow]) -> set[str]:
    """The services that may be affected in their management alone, wherever they are."""
    rows = list(found)
    worse = {service for service, _, causes in rows if not all(one.managing for one in causes)}
    return {service for service, _, _ in rows} - worse


def by_region(found: Iterable[DependentRow]) -> dict[str, str]:
    """Region slug -> how many services may be affected there, as a sentence."""
    count = Counter(region for _service, region, _causes in found)
    return {
        region: ngettext("%(n)d service may be affected", "%(n)d services may be affected", n)
        % {"n": n}
        for region, n in count.items()
    }
