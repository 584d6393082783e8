"""Files of impacted lists on their way to a draft: kept in the database, read by whoever comes first.

Web and worker share no disk, so a file is handed over in pieces. Whoever reads holds a lock that goes with
its connection; if it vanishes, the next one begins anew, and nothing of the first attempt is left.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import connection, transaction
from django.db.models import F, Q

from incidents.texts.csv_rows import text_of
from notifications.customers import impacted_lists, named_subscriptions
from notifications.customers.impacted_file import Faults, ImpactedFileError
from notifications.models import ListPiece, ListReading

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

PIECE = 256 * 1024  # bytes; after each of them the progress is noted
TRIES = 3
KEPT = timedelta(days=1)
LOCK = 0x6C697374  # the class of our advisory locks
GIVEN_UP = (
    "The file could not be read to its end in three attempts; hand it in again, or use the command"
    " load_impacted."
)


class _CancelledError(Exception):
    """The reading was called off, or another file took its place."""


@transaction.atomic
def hand_in(
    *,
    incident_id: int,
    pieces: Iterable[bytes],
    size: int,
    file_name: str,
    now: datetime,
    actor: AbstractBaseUser,
) -> ListReading:
    """Keep a file of `size` bytes until it is read. Takes the place of an earlier one of the incident."""
    ListReading.objects.filter(Q(incident=incident_id) | Q(handed_in_at__lt=now - KEPT)).delete()
    reading = ListReading.objects.create(
        incident_id=incident_id,
        file_name=file_name[:200],
        size=size,
        actor_id=actor.pk,
        handed_in_at=now,
    )
    for number, content in enumerate(pieces):
        ListPiece.objects.create(reading=reading, number=number, content=content)
    return reading


def unread(*, since: datetime) -> list[int]:
    """The files that wait, or that somebody is reading: their IDs, those handed in by `since`."""
    waiting = ListReading.objects.filter(ended_at=None, handed_in_at__lte=since)
    return list(waiting.order_by("pk").values_list("pk", flat=True))


def read(*, reading_id: int, now: datetime) -> bool:
    """Make a draft of a file, or note its faults. False if it is gone, or if another is at it.

    Progress is visible meanwhile, so this must not be called within a transaction.
    """
    with _alone(reading_id) as alone:
        reading = _begin(reading_id) if alone else None
        if reading is None:
            return False
        if reading.tries > TRIES:
            _end(reading, [GIVEN_UP], 0, now)
            return True
        faults = Faults()
        try:
            with connection.cursor() as cursor:
                named_subscriptions.name(cursor, _lines(reading, faults), faults)
                _finish(cursor, reading, faults, now)
        except ImpactedFileError as error:
            _end(reading, error.faults.told(), error.faults.total, now)
        except _CancelledError:
            return False
        return True


def cancel(*, reading_id: int) -> bool:
    """Call a reading off, or put its faults away. False if it is over: it may be a draft by now."""
    gone, _ = ListReading.objects.filter(pk=reading_id).delete()
    return bool(gone)


@contextmanager
def _alone(reading_id: int) -> Iterator[bool]:
    with connection.cursor() as cursor:
        key = [LOCK, reading_id % 2**31]
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", key)
        (alone,) = cursor.fetchone() or (False,)
        try:
            yield alone
        finally:
            if alone:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", key)


def _begin(reading_id: int) -> ListReading | None:
    fresh = ListReading.objects.filter(pk=reading_id, ended_at=None)
    fresh.update(tries=F("tries") + 1, bytes_read=0, lines_read=0, faults=0)
    return fresh.first()


@transaction.atomic
def _finish(cursor: Any, reading: ListReading, faults: Faults, now: datetime) -> None:
    # From here on calling off waits, and comes too late.
    if not ListReading.objects.select_for_update().filter(pk=reading.pk).first():
        raise _CancelledError
    named_subscriptions.choose(cursor, faults)
    impacted_lists.draft_chosen(
        cursor,
        incident_id=reading.incident_id,
        file_name=reading.file_name,
        actor_id=reading.actor_id,
        now=now,
    )
    reading.delete()


@transaction.atomic
def _end(reading: ListReading, told: list[str], faults: int, now: datetime) -> None:
    ListPiece.objects.filter(reading=reading).delete()
    ListReading.objects.filter(pk=reading.pk).update(told=told, faults=faults, ended_at=now)


def _lines(reading: ListReading, faults: Faults) -> io.TextIOWrapper:
    return text_of(io.BufferedReader(_Pieces(reading, faults), PIECE))


class _Pieces(io.RawIOBase):
    """A stored file as a stream. Before each piece it notes how far the reading is.

    Raises _CancelledError when there is nothing to note it in any more.
    """

    def __init__(self, reading: ListReading, faults: Faults) -> None:
        self._reading = reading
        self._faults = faults
        self._number = 0
        self._bytes = 0
        self._lines = 0
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        if not self._rest:
            self._rest = memoryview(self._next())
        view = memoryview(buffer)
        count = min(len(view), len(self._rest))
        view[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count

    def _next(self) -> bytes:
        noted = ListReading.objects.filter(pk=self._reading.pk).update(
            bytes_read=self._bytes, lines_read=self._lines, faults=self._faults.total
        )
        if not noted:
            raise _CancelledError
        pieces = ListPiece.objects.filter(reading=self._reading, number=self._number)
        content = bytes(pieces.values_list("content", flat=True).first() or b"")
        self._number += 1
        self._bytes += len(content)
        self._lines += content.count(b"\n")
        return content
