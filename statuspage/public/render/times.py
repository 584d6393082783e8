"""How points in time are written: always UTC, always named, never ambiguous. Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache, partial

from django.utils.dateformat import format as date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext, ngettext

from incidents.texts.timestamps import seconds

_DAYS = {"de": "j. F Y", "es": r"j \d\e F \d\e Y", "ja": "Y年n月j日"}
_MONTHS = {"es": r"F \d\e Y", "ja": "Y年n月"}
_COMMAS = {"ja": " ", "ar": "، "}
# An update renders some hundred dates, nearly all of which were rendered before.
KEPT = 5_000


@lru_cache(KEPT)
def clock(moment: datetime) -> str:
    """`01:30 UTC`."""
    return moment.astimezone(UTC).strftime("%H:%M UTC")


def day(moment: datetime) -> str:
    """`21 January 2024`, of the day in UTC, as the current language writes it: the month is always a word
    (or, in Japanese, marked as one), so that nobody takes it for the day."""
    return _day(moment.astimezone(UTC).date(), get_language() or "")


@lru_cache(KEPT)
def _day(day_in_utc: date, language: str) -> str:
    if language == "fr" and day_in_utc.day == 1:
        return date_format(day_in_utc, r"j\e\r F Y")
    return date_format(day_in_utc, _DAYS.get(language, "j F Y"))


def date_name(day_in_utc: date) -> str:
    """`21 January 2024`, of a date."""
    return _day(day_in_utc, get_language() or "")


def short_month(month: str) -> str:
    """`Jan` for `2024-01`."""
    first = datetime.strptime(f"{month}-01", "%Y-%m-%d").replace(tzinfo=UTC)
    language = get_language() or ""
    form = {"ja": "n月", "fr": "N"}.get(language, "M")
    return _short(first.date(), form, language)


def short_day(moment: datetime) -> str:
    """`21 Jan`, for the axis of a drawing (UTC)."""
    language = get_language() or ""
    form = {"ja": "n月j日", "de": "j. N", "en": "j M", "es": "j M"}.get(language, "j N")
    return _short(moment.astimezone(UTC).date(), form, language)


@lru_cache(KEPT)
def _short(day_in_utc: date, form: str, language: str) -> str:
    """As browsers have it (CLDR), where Django differs: in Spanish months are no proper names."""
    written = date_format(day_in_utc, form)
    if language == "fr":
        return written.replace("jan.", "janv.").replace("fév.", "févr.")
    return written.lower() if language == "es" else written


def full(moment: datetime) -> str:
    """`21 January 2024, 01:30 UTC`."""
    return f"{day(moment)}{_between()}{clock(moment)}"


def _between() -> str:
    return _COMMAS.get(get_language() or "", ", ")


def brief(moment: datetime, now: datetime) -> str:
    """The clock alone on the same day (UTC) as `now`, else with its day: `20 Feb, 09:00 UTC`. Another year is
    named."""
    if moment.astimezone(UTC).year != now.astimezone(UTC).year:
        return full(moment)
    if moment.astimezone(UTC).date() == now.astimezone(UTC).date():
        return clock(moment)
    return f"{short_day(moment)}{_between()}{clock(moment)}"


def near(moment: datetime, now: datetime) -> str:
    """The clock alone on the same day (UTC) as `now`, else with its date."""
    same = moment.astimezone(UTC).date() == now.astimezone(UTC).date()
    return clock(moment) if same else full(moment)


def span(start: datetime, end: datetime | None, now: datetime | None = None) -> SafeString:
    """`21 January 2024, 04:00 UTC – 06:00 UTC` as elements: the day of the end only where it is another, and beside
    `now` (UTC) no day that is today's. Without an end the start alone."""
    written = partial(brief, now=now) if now else full
    first = element(start, written(start))
    if end is None:
        return first
    same_day = start.astimezone(UTC).date() == end.astimezone(UTC).date()
    return format_html("{} – {}", first, element(end, clock(end) if same_day else written(end)))


def element(moment: datetime, shown: str = "") -> SafeString:
    """A `<time>` element; the text is `shown`, or the full form."""
    return _element(moment, shown or full(moment))


@lru_cache(KEPT, typed=True)  # equal texts of which one is escaped already are not the same
def _element(moment: datetime, text: str) -> SafeString:
    return format_html('<time datetime="{}">{}</time>', seconds(moment), text)


def month_name(month: str) -> str:
    """`January 2024` for `2024-01`; anything else is given back as it is."""
    return _month_name(month, get_language() or "")


@lru_cache(KEPT)
def _month_name(month: str, language: str) -> str:
    try:
        first = datetime.strptime(f"{month}-01", "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        return month
    return date_format(first, _MONTHS.get(language, "F Y"))


def length(span: timedelta) -> str:
    """`1 h 48 min`, `2 days 3 h`; minutes are dropped beyond a day."""
    return _length(max(0, round(span.total_seconds() / 60)), get_language() or "")


@lru_cache(KEPT)
def _length(minutes: int, language: str) -> str:
    days, rest = divmod(minutes, 24 * 60)
    hours, minutes = divmod(rest, 60)
    parts = []
    if days:
        parts.append(ngettext("%(n)d day", "%(n)d days", days) % {"n": days})
    if hours:
        parts.append(gettext("%(n)d h") % {"n": hours})
    if (minutes and not days) or not parts:
        parts.append(gettext("%(n)d min") % {"n": minutes})
    return ("" if language == "ja" else " ").join(parts)


def offset(moment: datetime, origin: datetime) -> str:
    """`+1 h 29 min` after the origin, `−30 min` before it, `0 min` at it."""
    span = moment - origin
    if abs(span) < timedelta(minutes=1):
        return length(timedelta())
    return ("+" if span > timedelta() else "−") + length(abs(span))
