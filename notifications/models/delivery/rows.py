"""Rows of the claim and of settling, past the ORM: statements that the server has prepared, values in binary, and
instances without a call of the model, which would take longer than all the rest of a worker's part.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, TypeVar

import psycopg
from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import Model
from django.db.models.base import ModelState
from django.db.models.expressions import RawSQL

M = TypeVar("M", bound=Model)
Row = Sequence[Any]

# Django sets no number, and then psycopg prepares nothing, not even what is asked for by `prepare`. Past so many
# executions it would prepare any other statement, too, which nobody reaches.
_ONLY_ON_REQUEST = 2**31


@contextmanager
def executed(statement: str, facts: Mapping[str, Any]) -> Iterator[psycopg.Cursor[Row]]:
    """The statement on Django's connection, in its transaction if there is one. Raises what Django raises."""
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    connection.connection.prepare_threshold = _ONLY_ON_REQUEST
    with (
        connection.wrap_database_errors,
        psycopg.Cursor[Row](connection.connection) as cursor,
    ):
        cursor.execute(statement, facts, prepare=True, binary=True)
        yield cursor


def array(values: Iterable[object]) -> str:
    """Of numbers, keys and words of ours, as PostgreSQL reads it: in a tenth of the time that a list takes."""
    return "{" + ",".join([_ELEMENTS.get(each) or str(each) for each in values]) + "}"


_ELEMENTS: Mapping[object, str] = {None: "NULL", "": '""'}


def texts(values: Iterable[str | None]) -> str:
    """The same of any text; None is NULL."""
    return "{" + ",".join(map(_quoted, values)) + "}"


def _quoted(text: str | None) -> str:
    if text is None:
        return "NULL"
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def among(ids: Iterable[int]) -> RawSQL:
    """For `__in`: one parameter, as a list of thousands takes longer to write than to be looked up."""
    return RawSQL("SELECT unnest(%s::bigint[])", [array(ids)])


def columns(model: type[Model], alias: str, *, later: frozenset[str] = frozenset()) -> str:
    """A model's, as `instance` wants them, but those that are read `later`, when somebody asks for them."""
    fields = [field for field in model._meta.concrete_fields if field.attname not in later]
    return ", ".join(f'{alias}."{field.column}"' for field in fields)


def instance(
    model: type[M], values: Row, *, later: frozenset[str] = frozenset(), **related: Model
) -> M:
    """What `model.from_db` makes of `columns`; `related`: the instances of foreign keys."""
    names, converted = _fields(model, later)
    made = model.__new__(model)
    held = made.__dict__
    held.update(zip(names, values, strict=True))
    for name, convert in converted:
        if held[name]:
            held[name] = convert(held[name])
    state = held["_state"] = ModelState()
    state.adding, state.db, state.fields_cache = False, DEFAULT_DB_ALIAS, related
    return made


@lru_cache
def _fields(model: type[Model], later: frozenset[str]) -> tuple[list[str], list[tuple[str, Any]]]:
    fields = [field for field in model._meta.concrete_fields if field.attname not in later]
    converted = [
        (each.attname, each.from_db_value) for each in fields if hasattr(each, "from_db_value")
    ]
    return [each.attname for each in fields], converted
