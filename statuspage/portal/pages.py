"""Long lists in pages that are counted. A screen may have several, each with a name of its own in the address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.http import HttpRequest


@dataclass(frozen=True, slots=True)
class Paged:
    """One page; `before` and `after`: the queries of its neighbours, empty where there is none."""

    page: Page[Any]
    before: str
    after: str

    @property
    def rows(self) -> list[Any]:
        return list(self.page)


def paged(request: HttpRequest, rows: Any, size: int, *, name: str = "page") -> Paged:
    """The page that the address asks for by `name`; what is no page is the nearest."""
    page = Paginator(rows, size).get_page(request.GET.get(name))

    def query(number: int) -> str:
        asked = request.GET.copy()
        asked[name] = str(number)
        return asked.urlencode()

    return Paged(
        page,
        query(page.previous_page_number()) if page.has_previous() else "",
        query(page.next_page_number()) if page.has_next() else "",
    )
