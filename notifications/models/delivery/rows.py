"""Rows of the claim and of settling, past the ORM: prepared statements, and instances without a call of the model,
which would take longer than all the rest of a worker's part.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS
from django.db.models import JSONField, Model
from django.db.models.base import ModelState
from django.db.models.expressions import RawSQL

from incidents.prepared_statements import DatabaseRow, array

M = TypeVar("M", bound=Model)


def among(ids: Iterable[int]) -> RawSQL:
    """For `__in`: one parameter, as a list of thousands takes longer to write than to be looked up."""
    return RawSQL("SELECT unnest(%s::bigint[])", [array(ids)])


def columns(model: type[Model], alias: str, *, later: frozenset[str] = frozenset()) -> str:
    """A model's, as `instance` wants them, but those that are read `later`, when somebody asks for them."""
    fields = [field for field in model._meta.concrete_fields if field.attname not in later]
    return ", ".join(f'{alias}."{field.column}"' for field in fields)


def instance(
    model: type[M], values: DatabaseRow, *, later: frozenset[str] = frozenset(), **related: Model
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
        (each.attname, each.from_db_value)
        for each in fields
        if hasattr(each, "from_db_value") and not isinstance(each, JSONField)  # read already
    ]
    return [each.attname for each in fields], converted
