"""The small files that machines ask for at fixed addresses: robots.txt, sitemap.xml, security.txt, the manifest, and
what services and regions are called besides."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta

from django.conf import settings
from django.utils.html import escape

from incidents.texts.timestamps import seconds
from statuspage import languages
from statuspage.public.render import vocabulary
from statuspage.public.render.page import JSON, Page
from statuspage.public.snapshot.values import RegionView, ServiceView, Snapshot

TEXT = "text/plain; charset=utf-8"
A_DAY = 24 * 3600
NAMES = "/status/names.json"


def pages(snapshot: Snapshot, shown: Mapping[str, datetime | None]) -> dict[str, Page]:
    """`shown`: the addresses that make the site map, and when each changed last (UTC), if known."""
    base = str(settings.BASE_URL).rstrip("/")
    return {
        "/robots.txt": Page(_robots(base), TEXT, max_age=A_DAY),
        "/sitemap.xml": Page(_sitemap(base, shown), "application/xml; charset=utf-8", max_age=3600),
        "/.well-known/security.txt": Page(_security(snapshot), TEXT, max_age=A_DAY),
        "/manifest.webmanifest": Page(_manifest(), "application/manifest+json", max_age=A_DAY),
        NAMES: Page(_names(snapshot), JSON, max_age=300),
    }


def _names(snapshot: Snapshot) -> bytes:
    """Aliases by kind and slug, and the words of a question: fetched by the search of the front page, which is read by
    many who ask nothing."""
    kinds: dict[str, list[ServiceView] | list[RegionView]] = {
        "services": [one for category in snapshot.categories for one in category.services],
        "regions": [one for geography in snapshot.geographies for one in geography.regions],
    }
    known = vocabulary.every()
    names: dict[str, object] = {
        kind: {one.slug: one.aliases for one in found if one.aliases}
        for kind, found in kinds.items()
    }
    names |= {"asides": sorted(known.asides), "words": known.words}
    return json.dumps(names, ensure_ascii=False, separators=(",", ":")).encode()


def _robots(base: str) -> bytes:
    closed = ("/admin/", "/service-health/", "/subscribe/", "/feedback/", "/report/", "/-/")
    rules = "\n".join(f"Disallow: {path}" for path in closed)
    return f"User-agent: *\n{rules}\nSitemap: {base}/sitemap.xml\n".encode()


def _sitemap(base: str, shown: Mapping[str, datetime | None]) -> bytes:
    """Each address with those of the other languages beside it (sitemaps.org, and Google's xhtml:link)."""
    codes = list(languages.names()) if languages.others() else []
    urls = "".join(_address(base, path, shown[path], codes) for path in sorted(shown))
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    space = "http://www.sitemaps.org/schemas/sitemap/0.9"
    xhtml = "http://www.w3.org/1999/xhtml"
    return f'{head}<urlset xmlns="{space}" xmlns:xhtml="{xhtml}">\n{urls}</urlset>\n'.encode()


def _address(base: str, path: str, changed: datetime | None, codes: list[str]) -> str:
    day = f"<lastmod>{seconds(changed)}</lastmod>" if changed else ""
    others = "".join(
        f'<xhtml:link rel="alternate" hreflang="{code}" href="{escape(base + languages.root(code) + path)}"/>'
        for code in codes
    )
    return f"<url><loc>{escape(base + path)}</loc>{day}{others}</url>\n"


def _manifest() -> bytes:
    """What a phone needs to put the page on its home screen (W3C Web Application Manifest)."""
    icons = [
        {"src": "/favicon.svg", "sizes": "any", "type": "image/svg+xml"},
        {"src": "/apple-touch-icon.png", "sizes": "180x180", "type": "image/png"},
    ]
    manifest = {
        "name": settings.SITE_NAME,
        "short_name": settings.SITE_NAME,
        "start_url": "/status/",
        "scope": "/",
        "display": "minimal-ui",
        "background_color": "#fbfaf8",
        "theme_color": "#fbfaf8",
        "icons": icons,
    }
    return json.dumps(manifest, ensure_ascii=False).encode()


def _security(snapshot: Snapshot) -> bytes:
    """RFC 9116. It expires half a year after it was written, in whole months so that it rarely changes."""
    first = snapshot.as_of.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    expires = seconds(first + timedelta(days=180))
    contact = " ".join(str(settings.SECURITY_CONTACT).split())
    return f"Contact: {contact}\nExpires: {expires}\nPreferred-Languages: en\n".encode()
