"""What a query asks, read with care; and the plain page that says why one is not looked at."""

from __future__ import annotations

from collections.abc import Collection
from html import escape
from urllib.parse import parse_qsl

from statuspage.public.render.page import HTML, Page
from statuspage.public.store import prepared_responses

QUERY_LIMIT = 2000  # characters; the longest filter anybody can choose is far shorter
FIELD_LIMIT = 100
LISTS = frozenset({"services", "regions"})  # ticked boxes arrive one by one


class QueryRefusedError(Exception):
    """A query that is not looked at; carries the page that says why."""

    def __init__(self, page: Page) -> None:
        super().__init__(page.status)
        self.page = page


def read_query(query: str, keys: Collection[str] | None) -> dict[str, str]:
    """The fields of a query that are among `keys` (None: all of them), one value a name.

    The last value counts; a name of LISTS that comes again has all of them, with commas between. Raises
    RefusedError for what is longer than anybody can choose.
    """
    if len(query) > QUERY_LIMIT:
        raise QueryRefusedError(note(414, f"The query is longer than {QUERY_LIMIT} characters."))
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=FIELD_LIMIT)
    except ValueError:
        reason = f"The query has more than {FIELD_LIMIT} fields."
        raise QueryRefusedError(note(400, reason)) from None
    fields: dict[str, str] = {}
    for name, value in pairs:
        if keys is None or name in keys:
            fields[name] = f"{fields[name]},{value}" if name in LISTS and name in fields else value
    return fields


def note(status: int, sentence: str, link: str = "") -> Page:
    """A page without any file or style: for answers that must work when there is nothing else."""
    title = prepared_responses.status_line(status)
    anchor = f' <a href="{escape(link)}">{escape(link)}</a>.' if link else ""
    return Page(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><h1>{title}</h1>'
        f"<p>{escape(sentence)}{anchor}</p></html>\n".encode(),
        HTML,
        status,
    )
