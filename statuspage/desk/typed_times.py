"""Moments as an operator types them: `09:00`, `2026-01-10 09:00`, `+30`. Pure; all times are UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
FULL = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[ T]([01]?\d|2[0-3]):([0-5]\d)(?::[0-5]\d(?:\.\d+)?)?(?:Z|\+00:00)?"
)
AHEAD = re.compile(r"\+\s*(\d{1,4})\s*(m|min|h)?")
ZONE = re.compile(r"\s*(utc|z)$", re.IGNORECASE)
LONGEST = 60


class MomentError(ValueError):
    """Not a time; the message says which forms are."""


def past_moment(text: str, now: datetime) -> datetime:
    """A time that has been. A bare time of day that is still to come today was yesterday's."""
    moment, bare = _moment(text, now, "09:00 or 2026-01-10 09:00")
    return moment - timedelta(days=1) if bare and moment > now else moment


def coming_moment(text: str, now: datetime) -> datetime:
    """A time to come. `+30` is in 30 minutes, `+2h` in two hours; a bare time that is over is tomorrow's."""
    if ahead := AHEAD.fullmatch(text.strip()):
        amount = int(ahead[1])
        return _minute(now + timedelta(minutes=amount * 60 if ahead[2] == "h" else amount))
    moment, bare = _moment(text, now, "+30, 09:00 or 2026-01-10 09:00")
    return moment + timedelta(days=1) if bare and moment <= now else moment


def typed(moment: datetime) -> str:
    """A moment in the form that a field accepts."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}"


def _moment(text: str, now: datetime, forms: str) -> tuple[datetime, bool]:
    """The moment, and whether it was a bare time of day (then of today)."""
    bare_text = ZONE.sub("", text.strip())
    if found := CLOCK.fullmatch(bare_text):
        today = now.astimezone(UTC)
        return _minute(today.replace(hour=int(found[1]), minute=int(found[2]))), True
    found = FULL.fullmatch(bare_text)
    try:
        if found:
            return datetime(*(int(part) for part in found.groups()), tzinfo=UTC), False  # type: ignore[arg-type,misc]  # five numbers
    except ValueError:
        pass
    shown = text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
    raise MomentError(f"“{shown}” is not a time; write {forms} (UTC).")


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)
