"""Pages by cursor: where the last one ended, so that what is added meanwhile shifts nothing.

Cursors are sealed: the ids in them would tell a customer how much goes on between two rows of its own.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any, TypeVar

from django.db.models import Model, Q, QuerySet
from pydantic import Field

from incidents.sealing import FINDABLE, seal_findable, unseal_findable
from statuspage.api.answers.problems import Wrong, problem
from statuspage.api.schemas.requests import Question

Row = TypeVar("Row", bound=Model)
Item = TypeVar("Item")
LARGEST_PAGE = 200


class PageAsked(Question):
    limit: int = Field(50, ge=1, le=LARGEST_PAGE)
    cursor: str = Field("", max_length=400, description="`next` of the page before.")


def page(rows: QuerySet[Row], asked: PageAsked, key: Sequence[str]) -> tuple[list[Row], str | None]:
    """Rows in falling order of `key` (fields; together unique, the last one the id), and the next cursor.

    Raises ProblemError for a cursor that was not made here.
    """
    found = rows.order_by(*(f"-{name}" for name in key))
    if asked.cursor:
        found = found.filter(_beyond(key, _read(asked.cursor, key)))
    page = list(found[: asked.limit + 1])
    if len(page) <= asked.limit:
        return page, None
    last = page[asked.limit - 1]
    return page[: asked.limit], _written([getattr(last, name) for name in key])


def page_of_texts(
    rows: Sequence[Item], asked: PageAsked, text: Callable[[Item], str]
) -> tuple[list[Item], str | None]:
    """A page of what is in memory in rising order of a text that no two share."""
    if asked.cursor:
        after = _read(asked.cursor, ("text",))[0]
        rows = [each for each in rows if text(each) > after]
    found = list(rows[: asked.limit])
    return found, _written([text(found[-1])]) if len(rows) > asked.limit else None


def place_of(asked: PageAsked, key: Sequence[str]) -> list[Any] | None:
    """The values of `key` that the page before ended with. Raises ProblemError."""
    return _read(asked.cursor, key) if asked.cursor else None


def cursor_of(values: Sequence[Any]) -> str:
    return _written(values)


def id_of(asked: PageAsked) -> int | None:
    """The id that the page before ended with, where a cursor is one. Raises ProblemError."""
    place = place_of(asked, ("id",))
    return int(place[0]) if place else None


def cursor_of_id(pk: int) -> str:
    return cursor_of([pk])


def _beyond(key: Sequence[str], values: Sequence[Any]) -> Q:
    """Before these values in rising order: the first less, or equal and the second less, ..."""
    condition = Q()
    for index, name in enumerate(key):
        equal = {each: values[place] for place, each in enumerate(key[:index])}
        condition |= Q(**equal, **{f"{name}__lt": values[index]})
    return condition


def _written(values: Sequence[Any]) -> str:
    plain = [each.isoformat() if isinstance(each, datetime) else each for each in values]
    return (
        seal_findable(json.dumps(plain, ensure_ascii=False))[0].removeprefix(FINDABLE).rstrip("=")
    )


def _read(cursor: str, key: Sequence[str]) -> list[Any]:
    try:
        values = json.loads(unseal_findable(f"{FINDABLE}{cursor}{'=' * (-len(cursor) % 4)}"))
        if not isinstance(values, list) or len(values) != len(key):
            raise ValueError
        return [_value(name, each) for name, each in zip(key, values, strict=True)]
    except (ValueError, TypeError, RecursionError, OverflowError):
        raise problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "This cursor was not made here.",
            Wrong("cursor", cursor, "can't be read", "send `next` of the page before, as it is"),
        ) from None


def _value(name: str, value: Any) -> Any:
    if name == "text":
        return _text(value)
    if not name.endswith("_at"):
        if type(value) is not int or not 0 <= value < 2**63:
            raise ValueError(name)
        return value
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError(name)
    return moment


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("text")
    return value
