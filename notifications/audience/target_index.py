"""The target index: kept equal to what footprints, rules, groups and contacts say, tenant by tenant.

Database triggers mark every tenant whose data changed, whoever changed it and how, in the same transaction.
Before anybody chooses an audience, `refresh` works the marks off; so an audience is never chosen from an
index that is behind what is committed. The command that loads customers catches up when it has stored them, and
the sweep does for the rest, so that an incident finds nothing to do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import connection, transaction

from incidents import prepared_statements
from notifications.audience import target_index_sql as sql

# So many tenants at a time: a transaction stays short, memory bounded.
BATCH = 10_000


def refresh(*, progress: Callable[[str], object] = lambda _: None) -> int:
    """Bring the index up to date with what is committed (and written by this transaction).

    Returns how many tenants were looked at; without a mark it costs one look at an empty table.
    """
    done = 0
    while prepared_statements.answers(sql.ANY_MARK, {}):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql.TAKE_MARKS, {"most": BATCH})
            tenants = sorted({tenant for (tenant,) in cursor.fetchall()})
            # Marks taken first, data read after: a change that is committed in between is either read
            # here, or has left a mark of its own.
            _replace(cursor, tenants)
        done += len(tenants)
        if done > BATCH:
            progress(f"targets of {done} tenants brought up to date")
    return done


def catch_up(*, progress: Callable[[str], object] = lambda _: None) -> None:
    """Refresh before anybody asks; after much, tidy up as well."""
    if refresh(progress=progress) > BATCH:
        tidy()


def rebuild(*, progress: Callable[[str], object] = lambda _: None) -> int:
    """Make the whole index anew, in place and in batches; returns how many tenants it is about."""
    done, after = 0, 0
    with connection.cursor() as cursor:
        while tenants := _next(cursor, after):
            with transaction.atomic():
                _replace(cursor, tenants)
            done, after = done + len(tenants), tenants[-1]
            progress(f"targets of {done} tenants made")
    tidy()
    return done


def differences(*, progress: Callable[[str], object] = lambda _: None) -> int:
    """Rows that the index lacks or has too many, found by doing the join again; 0 is right."""
    found = done = after = 0
    with connection.cursor() as cursor:
        while tenants := _next(cursor, after):
            cursor.execute(sql.DIFFERENCES, {"tenants": tenants})
            ((rows,),) = cursor.fetchall()
            found, done, after = found + rows, done + len(tenants), tenants[-1]
            progress(f"targets of {done} tenants compared")
    return found


def tidy() -> None:
    """After much was written: statistics, and pages marked as visible, so that the index alone is read; and the marks
    that are worked off, as each slice of an audience looks through them.

    Does nothing inside a transaction, where VACUUM cannot run; autovacuum gets there later.
    """
    if not connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("VACUUM (ANALYZE) notifications_target, notifications_staletenant")


def _next(cursor: Any, after: int) -> list[int]:
    cursor.execute(sql.NEXT_TENANTS, {"after": after, "most": BATCH})
    return [tenant for (tenant,) in cursor.fetchall()]


def _replace(cursor: Any, tenants: list[int]) -> None:
    cursor.execute(sql.LOCK_TENANTS, {"tenants": tenants})
    cursor.execute(sql.REPLACE, {"tenants": tenants})
