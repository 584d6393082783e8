"""How fast we tell, for programs: `/how-fast.json` and its schema, where an operator has published it."""

from __future__ import annotations

from pathlib import Path

from incidents.texts.timestamps import seconds
from statuspage.public.formats.plain import dump
from statuspage.public.render.page import JSON, Page
from statuspage.public.snapshot.values import Snapshot

FIGURES = "/how-fast.json"
FIGURES_SCHEMA = "/how-fast.schema.json"
SCHEMA = Path(__file__).with_name("how_fast.schema.json")
MAX_AGE = 3600


def pages(snapshot: Snapshot) -> dict[str, Page]:
    if snapshot.figures is None:
        return {}
    schema = Page(SCHEMA.read_bytes(), "application/schema+json; charset=utf-8", max_age=MAX_AGE)
    document = {**snapshot.figures.document, "published_at": seconds(snapshot.figures.published_at)}
    return {FIGURES: Page(dump(document), JSON, max_age=MAX_AGE), FIGURES_SCHEMA: schema}
