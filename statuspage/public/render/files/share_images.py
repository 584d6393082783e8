"""The pictures that chats and networks show beside a link: one per state, and one per incident. Pure.

Drawn when published, and again only when the words on it change: a state has none that change. English, as the
address has no language; names in a script that the font lacks are left out.
"""

from __future__ import annotations

import io
from functools import lru_cache
from textwrap import wrap
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.translation import gettext, override

from statuspage import languages
from statuspage.configuration.brand import Brand
from statuspage.public.render.page import Page
from statuspage.public.render.table import labels
from statuspage.public.snapshot.values import IncidentView

if TYPE_CHECKING:
    from PIL import Image, ImageDraw

FOLDER = "/status/share/"
PNG = "image/png"
A_DAY = 24 * 3600
SIZE = WIDTH, HEIGHT = 1200, 630  # what the networks ask for
MUTED, INK, WHITE, COLOUR = 150, 200, 201, 202  # places in the palette
# State -> colour and tint, as on the pages in light.
COLOURS = {
    "critical": ("#b3261e", "#fbe9e7"),
    "warning": ("#9a5b00", "#fbf0dd"),
    "maintenance": ("#5b4a9e", "#ece9f6"),
    "information": ("#2563b8", "#e8f0fb"),
    "good": ("#1a754d", "#e8f4ee"),
}
WORDS_OF_STATES = {
    "critical": "Services are disrupted",
    "warning": "Services are degraded",
    "maintenance": "Maintenance is in progress",
    "information": "There is a notice",
    "good": "No public incidents",
}


def path(name: str) -> str:
    """The address of the picture of a state or of an incident (its tracking ID)."""
    return f"{FOLDER}{name}.png"


def of_states() -> dict[str, Page]:
    """URL path -> page: one picture for each state that the status page may be in."""
    site, brand = str(settings.SITE_NAME), settings.BRAND
    return {
        path(state): _page(state, words, "", site, brand)
        for state, words in WORDS_OF_STATES.items()
    }


def name_of(incident: IncidentView) -> str:
    """Which picture its page shows: its own while it is open or has a review, else none but that of all being well.

    Of a long history without reviews nobody shares single entries, and a picture costs as much as some pages.
    """
    return incident.tracking_id if incident.active or incident.review else "good"


def of_incident(incident: IncidentView) -> Page:
    """Title, stage and tracking ID over the colour of its state; that of what is over is good's."""
    state = labels.state_of(incident.kind, incident.level) if incident.active else "good"
    with override(languages.DEFAULT):
        kind = gettext(str(labels.KINDS.get(incident.kind, incident.kind)))
        stage = gettext(str(labels.STAGES.get(incident.stage, incident.stage)))
    words = f"{kind} · {stage} · {incident.tracking_id}"
    return _page(state, incident.title, words, str(settings.SITE_NAME), settings.BRAND)


@lru_cache(maxsize=256)
def _page(state: str, title: str, below: str, site: str, brand: Brand) -> Page:
    # Here, as most processes never draw.
    from PIL import Image, ImageDraw, ImageFont

    colour, tint = COLOURS[state]
    image = Image.new("P", SIZE, 0)
    image.putpalette(_palette(tint, colour))
    canvas = Image.new("L", SIZE, 0)
    draw = ImageDraw.Draw(canvas)
    draw.rectangle((0, 0, 20, HEIGHT), fill=COLOUR)
    _shape(draw, state)
    font, small = ImageFont.load_default(64), ImageFont.load_default(34)
    lines = wrap(_legible(title), 32, max_lines=4, placeholder=" …")
    text = "\n".join(lines)
    draw.multiline_text((90, 210), text, INK, font, spacing=16, stroke_width=1, stroke_fill=INK)
    draw.text((90, HEIGHT - 90), _legible(below), MUTED, small)
    if brand.picture is None:
        draw.text((190, 92), _legible(site), INK, small)
    image.putdata(canvas.tobytes())
    image = _branded(image, brand)
    out = io.BytesIO()
    image.save(out, "PNG", compress_level=6)
    return Page(out.getvalue(), PNG, max_age=A_DAY)


def _branded(image: Image.Image, brand: Brand) -> Image.Image:
    """With the operator's line at the foot and logo instead of the name, where they have some."""
    from PIL import Image as Images

    if brand.stripe is None and brand.picture is None:
        return image
    image = image.convert("RGB")
    if brand.stripe:
        image.paste(brand.stripe.light, (0, HEIGHT - 12, WIDTH, HEIGHT))
    if brand.picture:
        with Images.open(io.BytesIO(brand.picture.body), formats=["PNG"]) as opened:
            logo = opened.convert("RGBA")
        logo.thumbnail((480, 72))
        image.paste(logo, (190, 114 - logo.height // 2), logo)
    return image.quantize(256)


def _palette(tint: str, colour: str) -> list[int]:
    """From the tint to ink, so that letters have soft edges; then white, and the state's colour."""
    from PIL import ImageColor

    start, end = ImageColor.getrgb(tint), ImageColor.getrgb("#1c1f24")
    steps = [
        round(from_ + (to - from_) * step / INK)
        for step in range(INK + 1)
        for from_, to in zip(start, end, strict=True)
    ]
    return [*steps, *ImageColor.getrgb("#ffffff"), *ImageColor.getrgb(colour)]


def _shape(draw: ImageDraw.ImageDraw, state: str) -> None:
    """The state's shape as on the pages, 72 pixels wide: colour is never alone."""
    left, top, right, bottom = 90, 78, 162, 150
    box = (left, top, right, bottom)
    if state == "critical":
        draw.regular_polygon(((left + right) / 2, (top + bottom) / 2, 38), 8, fill=COLOUR)
        draw.rectangle((left + 16, top + 30, right - 16, bottom - 30), fill=WHITE)
    elif state == "warning":
        draw.polygon(((left + 36, top), (right, bottom), (left, bottom)), fill=COLOUR)
        draw.rectangle((left + 32, top + 26, left + 40, bottom - 24), fill=WHITE)
        draw.rectangle((left + 32, bottom - 18, left + 40, bottom - 10), fill=WHITE)
    elif state == "good":
        draw.ellipse(box, fill=COLOUR)
    else:
        draw.rounded_rectangle(box, 14, fill=COLOUR)
        draw.rectangle((left + 32, top + 30, left + 40, bottom - 14), fill=WHITE)
        draw.rectangle((left + 32, top + 14, left + 40, top + 22), fill=WHITE)


def _legible(text: str) -> str:
    """What the font can draw: Latin letters and the marks between them; nothing, where there is more."""
    return text if all(ord(one) < 0x250 or 0x2000 <= ord(one) < 0x2070 for one in text) else ""
