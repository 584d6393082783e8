"""Quiet hours of alert rules: when they are, and until when what falls into them waits. Pure.

The target index, deliveries and the tester know a window as one number; 0 means at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAY = 24 * 60  # minutes
AT_ONCE = 0


def window(start: time | None, end: time | None) -> int:
    """The number of a window from `start` to `end`, on the receiver's clock; past midnight where it ends earlier."""
    if start is None or end is None:
        return AT_ONCE
    return 1 + (start.hour * 60 + start.minute) * DAY + end.hour * 60 + end.minute


# The same of a rule `r`, in SQL.
WINDOW_SQL = "(1 + (extract(epoch FROM r.quiet_from)::int / 60) * 1440 + extract(epoch FROM r.quiet_until)::int / 60)"


def ends_at(window: int, zone: str, *, now: datetime) -> datetime | None:
    """When the quiet hours are over (UTC); None outside of them. A zone nobody knows has UTC's clock.

    Where clocks change, the hours are as the clock on the wall shows them.
    """
    if window == AT_ONCE:
        return None
    start, end = divmod(window - 1, DAY)
    try:
        here = now.astimezone(ZoneInfo(zone))
    except (KeyError, OSError, ValueError):  # not in this host's data
        here = now.astimezone(UTC)
    minute = here.hour * 60 + here.minute
    if not (start <= minute < end if start < end else minute >= start or minute < end):
        return None
    over = here.replace(hour=end // 60, minute=end % 60, second=0, microsecond=0)
    if over <= here:
        over += timedelta(days=1)
    return over.astimezone(UTC)


def held_until(windows: Iterable[int], zone: str, *, now: datetime) -> datetime | None:
    """When a message that rules with these windows want may leave; None: now, as one of them is not quiet."""
    ends = [ends_at(each, zone, now=now) for each in windows]
    if not ends or None in ends:
        return None
    return min(each for each in ends if each is not None)
