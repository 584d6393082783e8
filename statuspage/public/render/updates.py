"""The page that leads to every way of hearing of it, and that reads as the feeds read: the newest statements. Pure.

The feeds name it as their page for people; with a query both are of a service, a region or one incident alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from django.conf import settings
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext

from incidents.wording import isolated
from statuspage import languages
from statuspage.public.render.layout import Layout, render
from statuspage.public.render.page import Page
from statuspage.public.render.table import labels

UPDATES = "/status/updates/"
SHOWN = 20
MAX_AGE = 60


class Statement(NamedTuple):
    title: str
    href: str
    at: datetime
    html: SafeString


def page(
    layout: Layout, entries: Sequence[Mapping[str, Any]], query: str = "", names: Sequence[str] = ()
) -> Page:
    """`entries` as `feed_entries` makes them, newest first; `query` as it is in the address, `names` what it
    chooses in words. In the current language, but for the statements."""
    base, root = str(settings.BASE_URL).rstrip("/"), languages.root()
    template = gettext("%(subject)s: %(state)s")
    statements = [
        # Safe: statements and reviews are sanitised when they are stored and read.
        Statement(
            # A generation of a former release has no parts of it.
            template % {"subject": labels.said(one["state"]), "state": isolated(one["about"])}
            if "about" in one
            else one["title"],
            root + one["url"].removeprefix(base),
            datetime.fromisoformat(one["at"]),
            mark_safe(one["html"]),  # noqa: S308
        )
        for one in entries[:SHOWN]
    ]
    context = {
        "statements": statements,
        "asked": f"?{query}" if query else "",
        "query": query,
        "names": names,
    }
    layout = replace(layout, dated=False)
    return Page(render("status/updates.html", layout, UPDATES, context), max_age=MAX_AGE)
