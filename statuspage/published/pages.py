"""Renders the public picture into the public site: every page a visitor can open, as bytes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.utils.safestring import SafeString
from django.utils.translation import override

from statuspage.published import assets, history, incident, labels, languages, matrix, plain_files
from statuspage.published.chrome import Frame, fragment, render
from statuspage.published.formats import format_index, format_pages
from statuspage.published.picture import GeographyView, IncidentView, Picture
from statuspage.published.sentences import Headline, headline, is_upcoming, open_incidents
from statuspage.published.site import Page, Site

STATUS, HISTORY = "/status/", "/status/history/"
HOT, WARM = 10, 60  # seconds a cache may keep the status pages, and the history's


def render_site(picture: Picture) -> Site:
    """The site in English, with what has no language: feeds, JSON, badges, styles and the index of queries.

    A pure function of the picture, the settings and the templates.
    """
    who = {"site_name": settings.SITE_NAME, "base_url": settings.BASE_URL}
    site = render_language(picture, languages.DEFAULT)
    with override(languages.DEFAULT):
        index = history.index(picture, _said(picture)) | format_index(picture, **who)
        pages = {**site.pages, **plain_files.pages(picture, site.pages), **assets.pages()}
        pages |= format_pages(picture, **who, index=index)
    return replace(site, pages=pages, index=index)


def render_language(picture: Picture, language: str) -> Site:
    """The pages people read, in one language, below its prefix. Without an index."""
    with override(language):
        frame = Frame(picture.as_of, picture.revision)
        said = headline(picture)
        parts = {
            history.part_name(one.tracking_id): history.entry(one) for one in picture.incidents
        }
        listed = _history(picture, frame, parts)
        pages = _status(picture, frame, said) | listed
        stale = _status(picture, frame, said, stale=True)
        stale |= _history(picture, frame, parts, stale=True)
        pages = _placed(pages) | _incidents(picture, frame) | _gone(picture, frame)
        pages |= _errors(frame)
        return Site(picture.revision, picture.as_of, pages, _placed(stale), parts)


def render_all(picture: Picture) -> Site:
    """The whole site in all languages."""
    others = (render_language(picture, code) for code in languages.others())
    return with_languages(render_site(picture), others)


def with_languages(english: Site, others: Iterable[Site]) -> Site:
    """One site: the pages of the others beside the English one's."""
    sites = (english, *others)
    return replace(
        english,
        pages={path: page for site in sites for path, page in site.pages.items()},
        stale={path: page for site in sites for path, page in site.stale.items()},
        parts={name: body for site in sites for name, body in site.parts.items()},
    )


def _placed(pages: Mapping[str, Page]) -> dict[str, Page]:
    root = languages.root()
    return {f"{root}{path}": page for path, page in pages.items()}


def _said(picture: Picture) -> dict[str, Headline]:
    found = {}
    for code in languages.names():
        with override(code):
            found[code] = headline(picture)
    return found


def _status(
    picture: Picture, frame: Frame, said: Headline, *, stale: bool = False
) -> dict[str, Page]:
    context = {**_cards(picture), **_lists(picture), "headline": said, "stale": stale}
    context |= {"tabs": matrix.tabs(picture), "legend": legend(), "last": last_closed(picture)}
    ready = {
        f"{STATUS}{geography.slug}/": _matrix_page(picture, frame, context, geography)
        for geography in picture.geographies
    }
    first = matrix.most_affected(picture)
    if first is None:
        return {STATUS: Page(render("status/empty.html", frame, STATUS, context))}
    # The same matrix under the short name: its canonical address is its own.
    ready[STATUS] = _matrix_page(picture, frame, context, first, path=STATUS)
    return ready


def _matrix_page(
    picture: Picture,
    frame: Frame,
    context: Mapping[str, Any],
    geography: GeographyView,
    path: str = "",
) -> Page:
    path = path or f"{STATUS}{geography.slug}/"
    own = {"geography": geography, "table": matrix.table(picture, geography)}
    return Page(render("status/matrix.html", frame, path, {**context, **own, "live": True}))


def _lists(picture: Picture) -> dict[str, Any]:
    """The answer lists: what is not good by service, and everything else, collapsed."""
    hit_services, hit_regions = matrix.service_chips(picture), matrix.region_chips(picture)
    everywhere = picture.non_regional
    regions = [r for geography in picture.geographies for r in geography.regions]
    services = [s for category in picture.categories for s in category.services]
    now = picture.as_of

    def item(name: str, aliases: tuple[str, ...], chips: list[matrix.Chip]) -> SafeString:
        return matrix.found_item(name, aliases, chips, now)

    troubled = sorted(
        (s for s in services if s.slug in hit_services),
        key=lambda s: min(labels.TROUBLE.index(chip.state) for chip in hit_services[s.slug]),
    )
    return {
        "hit_services": [item(s.name, s.aliases, hit_services[s.slug]) for s in troubled],
        "good_services": [item(s.name, s.aliases, []) for s in services if s.slug not in hit_services],
        "region_items": [
            item(r.name, (), hit_regions.get(r.slug, []))
            for r in ([*regions, everywhere] if everywhere and hit_regions.get(everywhere.slug) else regions)
        ],
    }  # fmt: skip


def _cards(picture: Picture) -> dict[str, Any]:
    upcoming = [one for one in picture.incidents if is_upcoming(one, picture.as_of)]
    return {
        "cards": sorted(map(card, open_incidents(picture)), key=_gravity),
        "upcoming": [card(one) for one in reversed(upcoming)],
    }


def card(one: IncidentView) -> dict[str, Any]:
    """An open incident in brief: what, where, since when, what was said last, when more is due."""
    latest = one.communications[0] if one.communications else None
    return {
        "incident": one,
        "state": labels.state_of(one.kind, one.level),
        "kind": labels.KINDS.get(one.kind, one.kind),
        "stage": labels.STAGES.get(one.stage, one.stage),
        "services": history.names(tuple(v for v in one.services if v.role == "impacted")),
        "places": history.names((*one.regions, *one.geographies)),
        "latest": latest,
        "latest_text": " ".join(latest.text.split()) if latest else "",
    }


def _gravity(value: Mapping[str, Any]) -> int:
    return labels.TROUBLE.index(value["state"])


def legend() -> list[tuple[str, Any, Any]]:
    order = (*labels.TROUBLE, "good")
    return [(state, labels.STATES[state], labels.STATES_EXPLAINED[state]) for state in order]


def last_closed(picture: Picture) -> IncidentView | None:
    return next((one for one in picture.incidents if not one.active), None)


def _history(
    picture: Picture, frame: Frame, parts: Mapping[str, bytes], *, stale: bool = False
) -> dict[str, Page]:
    known = history.months(picture.incidents)
    common = {**history.choices(picture), "months": known, "given": {}, "stale": stale}
    common["total"] = len(picture.incidents)

    def page(path: str, shown: list[IncidentView], month: str) -> Page:
        chosen = [(one.month, one.tracking_id) for one in shown]
        position = known.index(month) if month else None
        own = {
            "sections": history.by_month(chosen, parts),
            "count": len(shown),
            "month": month,
            "newer": known[position - 1] if position else None,
            "older": known[position + 1]
            if position is not None and position + 1 < len(known)
            else None,
        }
        return Page(render("history/list.html", frame, path, {**common, **own}), max_age=WARM)

    pages = {HISTORY: page(HISTORY, history.newest(picture.incidents), "")}
    if stale:
        return pages
    for month in known:
        shown = [one for one in picture.incidents if one.month == month]
        pages[f"{HISTORY}{month}/"] = page(f"{HISTORY}{month}/", shown, month)
    return pages


def _incidents(picture: Picture, frame: Frame) -> dict[str, Page]:
    pages = {}
    for one in picture.incidents:
        context = incident.context(one, picture.as_of)
        body = render("incident/page.html", frame, f"{HISTORY}{one.tracking_id}/", context)
        pages[matrix.incident_url(one.tracking_id)] = Page(body, max_age=WARM)
    for absorbed, surviving in picture.redirects.items():
        target = matrix.incident_url(surviving)
        if target in pages:  # the canonical link inside says where it belongs
            pages[matrix.incident_url(absorbed)] = pages[target]
    return pages


def _gone(picture: Picture, frame: Frame) -> dict[str, Page]:
    pages = {}
    for gone in picture.gone:
        body = render("errors/410.html", frame, f"{HISTORY}{gone.tracking_id}/", {"gone": gone})
        pages[matrix.incident_url(gone.tracking_id)] = Page(body, status=410, max_age=WARM)
    return pages


def _errors(frame: Frame) -> dict[str, Page]:
    """The keys that `generation` knows for answers without an address of their own."""
    return {
        f"{languages.folder()}404": Page(render("errors/404.html", frame, STATUS, {}), status=404),
        f"{languages.folder()}500": Page(
            render("errors/500.html", frame, STATUS, {}), status=500, max_age=0
        ),
    }


def unavailable() -> Page:
    """503, for a web process that has no generation to show yet: it needs no data at all."""
    context = {"site_name": settings.SITE_NAME, "language": languages.DEFAULT}
    return Page(fragment("errors/503.html", context), status=503, max_age=0)
