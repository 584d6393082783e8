"""Times and dates in prose: finding them, joining them, and turning them into UTC."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from incidents.importers.history_text.model import HistoryError

_ENGLISH = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
)  # fmt: skip
_SHORT = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
# Status pages translate the month above the entries and little else.
_TRANSLATED = """
enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre
janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro
janvier février mars avril mai juin juillet août septembre octobre novembre décembre
januar februar märz april mai juni juli august september oktober november dezember
gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre
januari februari maart april mei juni juli augustus september oktober november december
januar februar marts april maj juni juli august september oktober november december
januari februari mars april maj juni juli augusti september oktober november december
leden únor březen duben květen červen červenec srpen září říjen listopad prosinec
styczeń luty marzec kwiecień maj czerwiec lipiec sierpień wrzesień październik listopad grudzień
ocak şubat mart nisan mayıs haziran temmuz ağustos eylül ekim kasım aralık
január február március április május június július augusztus szeptember október november december
январь февраль март апрель май июнь июль август сентябрь октябрь ноябрь декабрь
"""


def _month_numbers() -> dict[str, int]:
    numbers: dict[str, int] = {"sept": 9}
    # "listopad" is October in one language and November in others; the first row to say wins.
    for row in (" ".join(_ENGLISH), " ".join(_SHORT), *_TRANSLATED.strip().splitlines()):
        for number, name in enumerate(row.split(), start=1):
            numbers.setdefault(name, number)
    return numbers


MONTH_NUMBERS = _month_numbers()
_WORDS = sorted({*_ENGLISH, *_SHORT, "sept"}, key=len, reverse=True)
# "may" in small letters is a verb: "phase 1 may have".
_MONTH = "|".join(
    [word.capitalize() for word in _WORDS]
    + [word.upper() for word in _WORDS]
    + [word for word in _WORDS if word != "may"]
)
# Minutes east of UTC. Letters that mean several zones (CST, IST, BST, ET, PT) are left out: a time
# with such a zone is not read at all, for a wrong time is worse than none.
_ZONES = {"UTC": 0, "GMT": 0, "Z": 0, "PST": -480, "PDT": -420, "MST": -420, "MDT": -360}
# The clock that moves in March and November; what it is east of UTC depends on the day.
_PACIFIC = 10_000
_ZONES |= dict.fromkeys(("US/Pacific", "Pacific Time", "Pacific", "PT"), _PACIFIC)
_ZONES |= {"EST": -300, "EDT": -240, "CET": 60, "CEST": 120, "JST": 540, "AEST": 600, "AEDT": 660}
_UNREADABLE = ("CST", "CDT", "IST", "BST", "ET", "CT", "MT", "US/Eastern", "US/Central")

_DATE = re.compile(
    rf"""(?<![\d/:.-])(?:
      (?P<iy>20\d\d)[-/](?P<im>\d\d)[-/](?P<id>\d\d)(?!\d)
    | (?P<d1>\d{{1,2}})(?:st|nd|rd|th)?(?:\s{{1,3}}of)?[\s-]{{1,3}}(?P<m1>{_MONTH})\b\.?
      (?:,?[\s-]{{1,3}}(?P<y1>20\d\d)(?!\d|:\d))?
    | (?P<sd>\d{{1,2}})/(?P<sm>\d{{1,2}})/(?P<sy>20\d\d)(?!\d)
    ) | \b(?P<m2>{_MONTH})\.?\s{{1,3}}(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?\b(?![:.]\d)
      (?:,?\s{{1,3}}(?P<y2>20\d\d)(?!\d|:\d))?""",
    re.VERBOSE,
)
_TIME = re.compile(
    r"""(?<![\d:./])(?:
      (?P<h>\d{1,2}):(?P<m>\d\d)(?::(?P<s>\d\d)(?:\.\d{1,9})?)?(?![\d:])
      (?:\s{0,2}(?P<ap>[AaPp])\.?[Mm]\b\.?)?
    | (?P<h2>\d{1,2})\s?(?P<ap2>[AaPp])\.?[Mm]\b\.?
    | (?P<h3>\d{1,2})[.h](?P<m3>\d\d)(?=\s{0,2}(?:UTC|GMT)\b)
    | (?P<h4>\d\d)(?P<m4>\d\d)(?=\s{0,2}(?:UTC|GMT)\b|Z\b)
    )""",
    re.VERBOSE,
)
_ZONE = re.compile(
    # A difference to UTC beside letters that mean several zones tells which of them is meant.
    rf"\s{{0,2}}\(?(?:(?:(?:{'|'.join(_UNREADABLE)})\b[\s,]{{0,2}}\(?)?"
    r"(?P<utc>UTC|GMT)\s?(?P<off>\+\s?\d{1,2}(?::?[0134][05])?|[-−]\d{1,2})(?![\d:])"
    rf"|(?P<name>{'|'.join([*_ZONES, *_UNREADABLE])})\b)\){{0,2}}"
)
_ALL_TIMES = re.compile(
    rf"\ball\s+times\s+(?:are\s+|listed\s+|shown\s+|below\s+|given\s+|in\s+){{1,4}}"
    rf"(?P<name>{'|'.join([*_ZONES, *_UNREADABLE])})\b",
    re.IGNORECASE,
)
_DAY = r"(?:(?:Mon|Tues?|Wed(?:nes)?|Thu(?:rs)?|Fri|Sat(?:ur)?|Sun)(?:day)?,?\s{1,3})?"
_TO_DATE = re.compile(rf"[\s,@(]{{0,4}}(?P<on>on|of|at)?(?:\s{{1,3}}the)?\s{{0,3}}{_DAY}")
_FROM_DATE = re.compile(
    r"(?:[\s,@(–—-]|T|at|from|between|around|approximately|approx\.?|about|roughly|starting|by|until"
    r"|as early as|UTC)*"
)


@dataclass(frozen=True, slots=True)
class Day:
    """A date as written; the year may be missing."""

    start: int
    end: int
    day: int
    month: int
    year: int | None

    def near(self, anchor: date | None, line: int) -> date | None:
        """The full date; a missing year is the one that lies nearest to the anchor.

        Raises HistoryError for a date that no calendar has.
        """
        if self.year is not None:
            return _calendar(self.year, self.month, self.day, line)
        if anchor is None:
            return None
        years: list[int] = [anchor.year - 1, anchor.year, anchor.year + 1]
        if (self.month, self.day) == (2, 29):
            years = [y for y in years if y % 4 == 0] or years
        dates = [_calendar(year, self.month, self.day, line) for year in years]
        return min(dates, key=lambda it: abs(it - anchor))


@dataclass(frozen=True, slots=True)
class ReadMoment:
    """A time of day as written, with the date that stands by it. Positions are those in the text."""

    start: int
    end: int
    hour: int
    minute: int
    second: int
    offset: int | None
    readable: bool
    day: Day | None
    clock: int  # where the time itself begins; a date before it begins earlier

    def on(self, day: date, line: int, offset: int | None = None) -> datetime:
        """The moment in UTC. `offset`: minutes east of UTC where the text names no zone.

        Raises HistoryError for a time that no clock shows; 24:00 is the next midnight.
        """
        if self.hour > 24 or self.minute > 59 or self.second > 59 or self.minutes() > 1440:
            raise HistoryError(
                f"{self.hour}:{self.minute:02d} is no time of day; correct it in the text.", line
            )
        shift = self.offset if self.offset is not None else (offset or 0)
        if shift == _PACIFIC:
            shift = _pacific(day)
        midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
        return midnight + timedelta(minutes=self.minutes() - shift, seconds=self.second)

    def minutes(self) -> int:
        return self.hour * 60 + self.minute


def _pacific(day: date) -> int:
    """Minutes east of UTC on the west coast of the USA, by the rule since 2007."""
    begins = date(day.year, 3, 14) - timedelta(days=date(day.year, 3, 14).isoweekday() % 7)
    ends = date(day.year, 11, 7) - timedelta(days=date(day.year, 11, 7).isoweekday() % 7)
    return -420 if begins <= day < ends else -480


def zone_of_all(text: str) -> tuple[int | None, bool] | None:
    """For "all times are US/Pacific": minutes east of UTC, and whether the zone means one thing alone.

    None where nothing like it is said.
    """
    found = _ALL_TIMES.search(text)
    if found is None:
        return None
    zone = _ZONE.match(text, found.start("name"))
    return _offset(zone) if zone and not zone["name"] else _named(found["name"])


def _named(name: str) -> tuple[int | None, bool]:
    known = {each.lower(): minutes for each, minutes in _ZONES.items()}
    return known.get(name.lower()), name.lower() in known


def _calendar(year: int, month: int, day: int, line: int) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        raise HistoryError(
            f"{year}-{month:02d}-{day:02d} is no date of the calendar; correct it in the text.",
            line,
        ) from None


def find_days(text: str) -> list[Day]:
    return [day for found in _DATE.finditer(text) if (day := _day(found))]


def _day(found: re.Match[str]) -> Day | None:
    part = found.groupdict()
    if part["iy"]:
        numbers = int(part["id"]), int(part["im"]), int(part["iy"])
    elif part["sy"]:
        first, second = int(part["sd"]), int(part["sm"])
        if first <= 12 and second <= 12 and first != second:
            return None  # 02/07/2024 is two dates, depending on who reads it
        numbers = max(first, second), min(first, second), int(part["sy"])
    else:
        name = (part["m1"] or part["m2"]).lower()
        year = part["y1"] or part["y2"]
        return Day(
            *found.span(), int(part["d1"] or part["d2"]), MONTH_NUMBERS[name],
            int(year) if year else None,
        )  # fmt: skip
    return Day(*found.span(), *numbers)


def find_moments(text: str) -> list[ReadMoment]:
    """All times of day in a text, each with the date that belongs to it."""
    days = find_days(text)
    starts = [day.start for day in days]
    taken: set[int] = set()
    moments: list[ReadMoment] = []
    for found in _TIME.finditer(text):
        start, end = found.span()
        around = days[bisect_left(starts, start - 120) : bisect_right(starts, end + 40)]
        if not any(day.start <= start < day.end for day in around):
            moments.append(_moment(text, found, around, taken))
    return moments


def _moment(text: str, found: re.Match[str], days: list[Day], taken: set[int]) -> ReadMoment:
    start, end = found.span()
    zone = _ZONE.match(text, end)
    offset, readable = None, True
    if zone:
        end = zone.end()
        offset, readable = _offset(zone)
    day = _nearest(text, start, end, days, taken)
    if day:
        taken.add(day.start)
        start, end = min(start, day.start), max(end, day.end)
        if zone is None and (zone := _ZONE.match(text, end)):
            end = zone.end()
            offset, readable = _offset(zone)
    hour, minute, second = _clock(found)
    return ReadMoment(start, end, hour, minute, second, offset, readable, day, found.start())


def _clock(found: re.Match[str]) -> tuple[int, int, int]:
    part = found.groupdict()
    hour = int(part["h"] or part["h2"] or part["h3"] or part["h4"])
    minute = int(part["m"] or part["m3"] or part["m4"] or 0)
    half = (part["ap"] or part["ap2"] or "").lower()
    if half and 1 <= hour <= 12:
        hour = hour % 12 + (12 if half == "p" else 0)
    return hour, minute, int(part["s"] or 0)


def _offset(zone: re.Match[str]) -> tuple[int | None, bool]:
    if zone["utc"]:
        digits = zone["off"][1:].replace(":", "").strip()
        hours, minutes = (digits, "0") if len(digits) <= 2 else (digits[:-2], digits[-2:])
        east = int(hours) * 60 + int(minutes)
        return (east if zone["off"][0] == "+" else -east), True
    return _ZONES.get(zone["name"]), zone["name"] in _ZONES


def _nearest(text: str, start: int, end: int, days: list[Day], taken: set[int]) -> Day | None:
    """The date behind the time ("01:30 UTC on 21 January") or before it ("21 January @ 01:30")."""
    before = after = None
    behind_on = False
    for day in days:
        if day.start in taken:
            continue
        if day.end <= start and len(gap := text[day.end : start]) <= 40:
            before = day if _FROM_DATE.fullmatch(gap) else before
        elif day.start >= end and after is None:
            found = _TO_DATE.fullmatch(text[end : day.start])
            after, behind_on = (day, bool(found["on"])) if found else (None, False)
    return after if behind_on or before is None else before


def starts_with_moment(text: str) -> bool:
    """A time or a date opens the line: a row of a timeline."""
    head = text[:60]
    return any(found and found.start() == 0 for found in (_TIME.search(head), _DATE.search(head)))
