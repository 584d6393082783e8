"""Style sheet, scripts and icons, named after their content, so that caches may keep them for ever.

They are pages of the generation like any other: the site stays dressed when everything else is down,
and a static export is whole.
"""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from statuspage.public.render.page import Page

FOLDER = Path(__file__).resolve().parents[2] / "static"
SERVED = (
    "statuspage/site.css",
    "statuspage/site.js",
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


@lru_cache(maxsize=1)
def _read() -> dict[str, tuple[str, bytes]]:
    """Name below `static/` -> (URL path with the content's hash, bytes)."""
    found = {}
    for name in SERVED:
        body = slim(name, (FOLDER / name).read_bytes())
        stem, _, suffix = name.rpartition(".")
        found[name] = (f"/static/{stem}.{sha256(body).hexdigest()[:12]}.{suffix}", body)
    return found


def slim(name: str, body: bytes) -> bytes:
    """Our own styles and scripts without indentation and whole-line comments; others' as they are."""
    if name.startswith("vendor/"):
        return body
    comment = rb"/\*.*?\*/" if name.endswith(".css") else rb"(?m)^\s*//.*$"
    return re.sub(
        rb"\n\s*", b"\n", re.sub(comment, b"", body, flags=re.S if name.endswith(".css") else 0)
    )


def url(name: str) -> str:
    """The URL path of a served file, for example `statuspage/site.css`. Raises KeyError for others."""
    return _read()[name][0]


def pages() -> dict[str, Page]:
    """URL path -> page, for all served files and the icons."""
    ready = {
        path: Page(body, TYPES[name.rpartition(".")[2]], max_age=A_YEAR)
        for name, (path, body) in _read().items()
    }
    icons = {
        path: Page((FOLDER / name).read_bytes(), kind, max_age=24 * 3600)
        for path, (name, kind) in ICONS.items()
    }
    return ready | icons
