"""Badges: small SVG images with a shape and a word, for other people's pages. Pure.

Presentation attributes only, so that they can be shown where inline style is forbidden.
"""

from __future__ import annotations

import re
from datetime import datetime
from html import escape
from unicodedata import east_asian_width

from django.utils.translation import gettext as _

from statuspage.public.formats.plain import line
from statuspage.public.render import times
from statuspage.public.render.page import HTML, Page
from statuspage.public.render.table import labels

MAX_AGE = 30
LONGEST = 60  # characters of the left half
HEIGHT, EDGE, ICON = 20, 6, 16
TARGET = 24
# Pixels of a character at 11 pixels, about as in Verdana; any other one takes the usual width.
USUAL, WIDE = 6.7, 11.0
WIDTHS = (
    dict.fromkeys("ijl.,:;'|!I ", 3.9) | dict.fromkeys("frt()-", 4.7) | dict.fromkeys("mwMW", 10.2)
)
INK = "#343a43"
COLOURS = {
    "good": "#1d7f54",
    "information": "#2563b8",
    "maintenance": "#5a6270",
    "possible": "#6a4c93",
    "warning": "#9a5b00",
    "critical": "#b3261e",
}
# In a square of 12 by 12; what is cut out shows the colour below.
SHAPES = {
    "good": '<circle cx="6" cy="6" r="5" fill="#fff"/>',
    "information": '<path fill="#fff" fill-rule="evenodd" d="M1 1h10v10H1zM5 2.5h2v2H5zM5 5.5h2v4H5z"/>',
    "maintenance": '<path fill="none" stroke="#fff" stroke-width="2.4" stroke-linecap="round" '
    'd="M2 10l5-5M6 3.5a2.6 2.6 0 0 0 3 3a2.6 2.6 0 0 0 1.6-3.2"/>',
    "possible": '<path fill="none" stroke="#fff" stroke-width="2" d="M6 2a4 4 0 0 1 4 4M6 10a4 4 0 0 1-4-4"/>',
    "warning": '<path fill="#fff" fill-rule="evenodd" d="M6 .5L12 11.5H0zM5.2 4h1.6v3.6H5.2zM5.2 8.6h1.6v1.6H5.2z"/>',
    "critical": '<path fill="#fff" fill-rule="evenodd" '
    'd="M3.6 0h4.8L12 3.6v4.8L8.4 12H3.6L0 8.4V3.6zM2.5 5h7v2h-7z"/>',
}


def badge(subject: str, state: str, as_of: datetime) -> Page:
    """`subject` beside the word and shape of `state`; an unknown state is drawn as information."""
    known = state if state in COLOURS else "information"
    left = line(subject)
    left = left if len(left) <= LONGEST else f"{left[: LONGEST - 1].rstrip()}…"
    left = left or _("Status")
    right = str(labels.STATES[known])
    words = _("%(subject)s: %(state)s") % {"subject": left, "state": right}
    said = escape(words)
    title = escape(_("%(words)s (as of %(time)s)") % {"words": words, "time": times.full(as_of)})
    split = 2 * EDGE + _width(left)
    total = split + 2 * EDGE + ICON + _width(right)
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{total}" height="{HEIGHT}" '
        f'viewBox="0 0 {total} {HEIGHT}" role="img" aria-label="{said}"><title>{title}</title>'
        f'<rect width="{total}" height="{HEIGHT}" rx="4" fill="{COLOURS[known]}"/>'
        f'<path d="M4 0H{split}V{HEIGHT}H4A4 4 0 0 1 0 {HEIGHT - 4}V4A4 4 0 0 1 4 0z" fill="{INK}"/>'
        f'<g transform="translate({split + EDGE - 1} 4)">{SHAPES[known]}</g>'
        '<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">'
        f"{_text(left, EDGE)}{_text(right, split + EDGE + ICON)}</g></svg>"
    )
    return Page(svg.encode(), "image/svg+xml; charset=utf-8", max_age=MAX_AGE)


def framed(drawn: Page, base_url: str) -> Page:
    """A badge that leads to the status page, as a document for a frame on other pages; asks again by itself. It is as
    high as a finger needs it (WCAG 2.5.8)."""
    body = re.sub(
        rb'width="(\d+)" height="%d"' % HEIGHT,
        lambda size: b'width="%d" height="%d"' % (round(int(size[1]) * TARGET / HEIGHT), TARGET),
        drawn.body,
        count=1,
    )
    html = (
        b'<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="60">'
        b'<title>Status</title><main><a href="%s/status/" target="_top">%s</a></main></html>'
    ) % (escape(base_url).encode(), body)
    return Page(html, HTML, max_age=MAX_AGE)


def _text(words: str, x: int) -> str:
    # With a length of its own the text fits whatever font the reader has.
    return f'<text x="{x}" y="14" textLength="{_width(words)}">{escape(words)}</text>'


def _width(words: str) -> int:
    return round(sum(_of_character(character) for character in words))


def _of_character(character: str) -> float:
    if character in WIDTHS:
        return WIDTHS[character]
    return WIDE if east_asian_width(character) in "WF" else USUAL
