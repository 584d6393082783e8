"""What a page says once its publisher has gone silent. Pure.

The notice stands hidden in every page that states a time, and whoever serves the page shows it: so no second copy of
each page is kept for that case. The edge does the same (docker/edge.sh).
"""

from __future__ import annotations

# Whatever an operator writes is escaped, and so ends no tag.
HIDDEN, SHOWN = b" data-silent hidden>", b" data-silent>"


def shown(page: bytes) -> bytes:
    """The page with its notice shown; the same bytes where it has none."""
    return page.replace(HIDDEN, SHOWN, 1)
