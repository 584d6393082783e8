"""Style sheet, scripts and icons, named after their content, so that caches may keep them for ever.

They are pages of the generation like any other: the site stays dressed when everything else is down,
and a static export is whole.
"""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from django.conf import settings

from statuspage.configuration.brand import Brand
from statuspage.public.render.page import Page

FOLDER = Path(__file__).resolve().parents[3] / "static"
MAIN = "statuspage/site.css"
SERVED = (
    MAIN,
    "statuspage/site.js",
    "statuspage/search.js",
    "statuspage/history.css",
    "statuspage/history.js",
    "statuspage/print.css",
    "statuspage/theme.js",
    "vendor/htmx-4.0.1.min.js",
)
ICONS = {
    "/favicon.svg": ("statuspage/favicon.svg", "image/svg+xml; charset=utf-8"),
    "/favicon.ico": ("statuspage/favicon.ico", "image/x-icon"),
    "/apple-touch-icon.png": ("statuspage/touch-icon.png", "image/png"),
}
A_YEAR = 365 * 24 * 3600
# Written down, as the system's own list differs from machine to machine, and an edge has to say the same.
TYPES = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8"}


@lru_cache(maxsize=2)
def _read(brand: Brand) -> dict[str, tuple[str, bytes]]:
    """Name below `static/` -> (URL path with the content's hash, bytes)."""
    found = {}
    for name in SERVED:
        body = slim(name, (FOLDER / name).read_bytes())
        if name == MAIN:
            body += branded(brand)
        stem, _, suffix = name.rpartition(".")
        found[name] = (f"/static/{stem}.{sha256(body).hexdigest()[:12]}.{suffix}", body)
    return found


def slim(name: str, body: bytes) -> bytes:
    """Our own styles and scripts without indentation and comments, styles without what only people need between
    their signs; others' as they are."""
    if name.startswith("vendor/"):
        return body
    if not name.endswith(".css"):
        bare = re.sub(rb"(?m)^\s*//.*$| ?/\* .*? \*/", b"", body)
        return re.sub(rb"\n\s*", b"\n", bare)
    # Every second part is a text in quotes, and stays.
    parts = re.split(rb'("[^"\n]*")', re.sub(rb"/\*.*?\*/", b"", body, flags=re.S))
    for at in range(0, len(parts), 2):
        tight = re.sub(rb" ?([{};,>]) ?", rb"\1", re.sub(rb"\s+", b" ", parts[at]))
        parts[at] = tight.replace(b": ", b":").replace(b";}", b"}")
    return b"".join(parts)


def branded(brand: Brand) -> bytes:
    """What an operator's brand adds to the styles; nothing without one."""
    rules = ""
    if brand.accent:
        light, dark = brand.accent.light, brand.accent.dark
        rules += f"@layer tokens{{:root{{--accent:light-dark({light},{dark})}}}}\n"
    if brand.stripe:
        light, dark = brand.stripe.light, brand.stripe.dark
        rules += f"@layer components{{.top{{border-block-start:4px solid light-dark({light},{dark})}}}}\n"
    if brand.light:
        size = "block-size:32px;inline-size:auto;max-inline-size:min(14rem,42vw);object-fit:contain"
        rules += f"@layer components{{.brand img{{{size}}}}}\n"
    if brand.light != brand.dark:
        # The reader's choice of a theme, else the device's.
        rules += (
            "@layer components{.brand .dark,:root[data-theme=dark] .brand .light{display:none}"
            ":root[data-theme=dark] .brand .dark{display:block}"
            "@media (prefers-color-scheme:dark){:root:not([data-theme=light]) .brand{.light{display:none}"
            ".dark{display:block}}}}\n"
        )
    return rules.encode()


def url(name: str) -> str:
    """The URL path of a served file, for example `statuspage/site.css`. Raises KeyError for others."""
    return _read(settings.BRAND)[name][0]


def pages() -> dict[str, Page]:
    """URL path -> page, for all served files, the icons and the operator's logos."""
    ready = {
        path: Page(body, TYPES[name.rpartition(".")[2]], max_age=A_YEAR)
        for name, (path, body) in _read(settings.BRAND).items()
    }
    icons = {
        path: Page((FOLDER / name).read_bytes(), kind, max_age=24 * 3600)
        for path, (name, kind) in ICONS.items()
    }
    logos = {
        one.path: Page(one.body, one.content_type, max_age=3600) for one in settings.BRAND.logos
    }
    return ready | icons | logos
