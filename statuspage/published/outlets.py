"""The public picture for machines: feeds and formats, as pages of the site."""

from __future__ import annotations

from statuspage.published.picture import Picture
from statuspage.published.site import Page


def outlets(_picture: Picture) -> dict[str, Page]:
    """URL path -> page, for every feed and format."""
    return {}
