"""Questions past the ORM: statements that the server has prepared, values in binary. What a queryset takes to be put
into SQL is more than most answers take, and the first message of an incident waits for a dozen of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections

DatabaseRow = Sequence[Any]

# Django sets no number, and then psycopg prepares nothing, not even what is asked for by `prepare`. Past so many
# executions it would prepare any other statement, too, which nobody reaches.
_ONLY_ON_REQUEST = 2**31


@contextmanager
def executed(statement: str, facts: Mapping[str, Any]) -> Iterator[psycopg.Cursor[DatabaseRow]]:
    """The statement on Django's connection, in its transaction if there is one. Raises what Django raises."""
    connection = connections[DEFAULT_DB_ALIAS]  # once: the proxy looks it up for each attribute
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    connection.connection.prepare_threshold = _ONLY_ON_REQUEST
    cursor: psycopg.Cursor[DatabaseRow] = psycopg.Cursor(connection.connection)
    with connection.wrap_database_errors, cursor:
        cursor.execute(statement, facts, prepare=True, binary=True)
        yield cursor


def answers(statement: str, facts: Mapping[str, Any]) -> list[DatabaseRow]:
    """All rows of it."""
    with executed(statement, facts) as cursor:
        return cursor.fetchall()


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
