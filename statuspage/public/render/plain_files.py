"""The small files that machines ask for at fixed addresses: robots.txt, sitemap.xml, security.txt."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.conf import settings
from django.utils.html import escape

from statuspage.public.render import times
from statuspage.public.render.page import Page
from statuspage.public.snapshot.values import Snapshot

TEXT = "text/plain; charset=utf-8"
A_DAY = 24 * 3600


def pages(snapshot: Snapshot, shown: Iterable[str]) -> dict[str, Page]:
    """`shown`: the addresses that make the site map."""
    base = str(settings.BASE_URL).rstrip("/")
    return {
        "/robots.txt": Page(_robots(base), TEXT, max_age=A_DAY),
        "/sitemap.xml": Page(_sitemap(base, shown), "application/xml; charset=utf-8", max_age=3600),
        "/.well-known/security.txt": Page(_security(snapshot), TEXT, max_age=A_DAY),
    }


def _robots(base: str) -> bytes:
    closed = ("/admin/", "/service-health/", "/subscribe/", "/feedback/", "/-/")
    rules = "\n".join(f"Disallow: {path}" for path in closed)
    return f"User-agent: *\n{rules}\nSitemap: {base}/sitemap.xml\n".encode()


def _sitemap(base: str, shown: Iterable[str]) -> bytes:
    urls = "".join(f"<url><loc>{escape(base + path)}</loc></url>\n" for path in sorted(shown))
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    space = "http://www.sitemaps.org/schemas/sitemap/0.9"
    return f'{head}<urlset xmlns="{space}">\n{urls}</urlset>\n'.encode()


def _security(snapshot: Snapshot) -> bytes:
    """RFC 9116. It expires half a year after it was written, in whole months so that it rarely changes."""
    first = snapshot.as_of.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    expires = times.iso(first + timedelta(days=180))
    contact = " ".join(str(settings.SECURITY_CONTACT).split())
    return f"Contact: {contact}\nExpires: {expires}\nPreferred-Languages: en\n".encode()
