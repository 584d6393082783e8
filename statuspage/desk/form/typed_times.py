"""Moments as an operator types them: `09:00`, `3am`, `-30`, `in 2 h`, `20:00 CET`, `2026-01-10 09:00`. Pure.

UTC unless a zone is named. Zones are the abbreviations that mean one thing only; `CST`, `IST` or `BST` mean
several, and are refused.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

CLOCK = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")
HALF_DAY = re.compile(r"(1[0-2]|0?[1-9])(?::([0-5][0-9]))?\s*([ap])\.?m\.?", re.IGNORECASE)
FULL = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[ T]([01]?[0-9]|2[0-3]):([0-5][0-9])"
    r"(?::[0-5][0-9](?:\.[0-9]+)?)?(?:Z|\+00:00)?"
)
_AMOUNT = r"([0-9]{1,4})\s*(m|min|mins|minutes?|h|hours?)?"
AHEAD = re.compile(rf"(?:\+|in\b)\s*{_AMOUNT}", re.IGNORECASE)
AGO = re.compile(rf"(?:[-\u2212]\s*{_AMOUNT}|{_AMOUNT.replace('?', '', 1)}\s*ago)", re.IGNORECASE)
DAY = re.compile(r"(today|yesterday|tomorrow)\s*,?\s*(?:at\s+)?(.+)", re.IGNORECASE)
DAYS = {"today": 0, "yesterday": -1, "tomorrow": 1}
ZONE = re.compile(r"\s*\b([A-Za-z]{1,5})$")
# Hours from UTC.
ZONES: dict[str, float] = {
    "UTC": 0, "Z": 0, "GMT": 0, "WET": 0, "WEST": 1, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3, "MSK": 3,
    "EST": -5, "EDT": -4, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7, "JST": 9, "KST": 9,
    "SGT": 8, "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13, "BRT": -3,
}  # fmt: skip
AMBIGUOUS = frozenset({"CST", "IST", "BST", "AST", "ECT"})
LONGEST = 60


class MomentError(ValueError):
    """Not a time; the message says which forms are."""


def past_moment(text: str, now: datetime) -> datetime:
    """A time that has been. A bare time of day that is still to come today was yesterday's."""
    if ago := AGO.fullmatch(text.strip()):
        amount, unit = (ago[1], ago[2]) if ago[1] else (ago[3], ago[4])
        return _minute(now - _span(amount, unit))
    moment, bare = _moment(text, now, "-30, 3am, 09:00 or 2026-01-10 09:00")
    return moment - timedelta(days=1) if bare and moment > now else moment


def coming_moment(text: str, now: datetime) -> datetime:
    """A time to come. `+30` is in 30 minutes, `in 2 h` in two hours; a bare time that is over is tomorrow's."""
    if ahead := AHEAD.fullmatch(text.strip()):
        return _minute(now + _span(ahead[1], ahead[2]))
    moment, bare = _moment(text, now, "+30, 3am, 09:00 or 2026-01-10 09:00")
    return moment + timedelta(days=1) if bare and moment <= now else moment


def typed(moment: datetime) -> str:
    """A moment in the form that a field accepts."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}"


def said(moment: datetime, now: datetime) -> str:
    """A moment as it is read back: `09:00 UTC tomorrow, in 8 h 30 min`."""
    at, today = moment.astimezone(UTC), now.astimezone(UTC).date()
    days = (at.date() - today).days
    day = {0: "today", 1: "tomorrow", -1: "yesterday"}.get(days, f"on {at:%a} {at.day} {at:%b %Y}")
    # From minute to minute, as moments are typed: half a minute more must not read as one.
    minutes = round((at - now.replace(second=0, microsecond=0)).total_seconds() / 60)
    hours, rest = divmod(abs(minutes), 60)
    span = f"{hours} h {rest} min" if hours else f"{rest} min"
    when = f"in {span}" if minutes > 0 else f"{span} ago" if minutes < 0 else "now"
    return f"{at:%H:%M} UTC {day}, {when}" if abs(minutes) < 48 * 60 else f"{at:%H:%M} UTC {day}"


def _span(amount: str, unit: str | None) -> timedelta:
    return timedelta(minutes=int(amount) * (60 if (unit or "").lower().startswith("h") else 1))


def _moment(text: str, now: datetime, forms: str) -> tuple[datetime, bool]:
    """The moment, and whether it was a bare time of day (then of today, in its zone)."""
    shown = text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
    rest, zone = _zone(text.strip(), shown)
    today = now.astimezone(zone)
    if rest.casefold() == "now":
        return _minute(now), False
    if day := DAY.fullmatch(rest):
        rest, today = day[2], today + timedelta(days=DAYS[day[1].casefold()])
    if clock := _clock(rest):
        hour, minute = clock
        return _minute(today.replace(hour=hour, minute=minute)).astimezone(UTC), day is None
    found = None if day else FULL.fullmatch(rest)
    try:
        if found:
            year, month, on, hour, minute = (int(part) for part in found.groups())
            return datetime(year, month, on, hour, minute, tzinfo=zone).astimezone(UTC), False
    except (ValueError, OverflowError):
        pass
    raise MomentError(f"“{shown}” is not a time; write {forms} (UTC).")


def _clock(text: str) -> tuple[int, int] | None:
    if found := CLOCK.fullmatch(text):
        return int(found[1]), int(found[2])
    if found := HALF_DAY.fullmatch(text):
        return int(found[1]) % 12 + (12 if found[3].lower() == "p" else 0), int(found[2] or 0)
    return None


def _zone(text: str, shown: str) -> tuple[str, timezone]:
    """The text without the zone at its end, and the zone; UTC where none is named."""
    found = ZONE.search(text)
    name = found[1].upper() if found else ""
    if found and name in AMBIGUOUS:
        raise MomentError(f"“{shown}”: {name} means several zones; write the time in UTC.")
    if found and name in ZONES and (before := text[: found.start()].rstrip()):
        return before, timezone(timedelta(hours=ZONES[name]))
    return text, UTC


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)
