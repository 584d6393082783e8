"""An incident as another page states it, whatever its format; and what of the file was not read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from incidents.vocabulary import Kind, Level

Texts = list[str]  # within Reading, `list` is a method


class SiteFileError(ValueError):
    """A file that cannot be taken in; the message names place, value and remedy."""


@dataclass(frozen=True, slots=True)
class Said:
    at: datetime
    stage: str
    text: str


@dataclass
class FoundOnSite:
    """`external_id` tells it apart for ever; `names`: components, services and regions in the page's own words;
    `path`: where it was on that page, if it had an address of its own there.
    """

    external_id: str
    title: str
    started_at: datetime
    level: str = Level.ERROR
    kind: str = Kind.SERVICE_ISSUE
    ended_at: datetime | None = None
    scheduled_for: datetime | None = None
    scheduled_until: datetime | None = None
    names: list[str] = field(default_factory=list)
    updates: list[Said] = field(default_factory=list)
    path: str = ""
    unread: list[str] = field(default_factory=list)


class Reading:
    """An object whose members are taken one by one; what nobody took is named afterwards."""

    def __init__(self, value: object, place: str) -> None:
        if not isinstance(value, dict):
            raise SiteFileError(f"{place}: {str(value)[:60]!r} is no object; export the page again")
        self._value, self._place, self._taken = value, place, set[str]()
        self._parts: list[tuple[str, Reading]] = []

    def take(self, *names: str) -> Any:
        """The first of these members that is there and not empty."""
        self._taken.update(names)
        given = (self._value.get(name) for name in names)
        return next((value for value in given if value not in (None, "", [], {})), None)

    def text(self, *names: str) -> str:
        value = self.take(*names)
        return str(value).strip() if isinstance(value, str | int | float) else ""

    def list(self, *names: str) -> list[Any]:
        value = self.take(*names)
        return value if isinstance(value, list) else []

    def names(self, *keys: str) -> Texts:
        """What a member names: a text, an object with a name, a list of either, or what an object keys by name."""
        value = self.take(*keys)
        if isinstance(value, str):
            value = value.split(",")
        if isinstance(value, dict):
            own = _name(value)
            value = [value] if own else [*value, *value.values()]
        return [name for each in value if (name := _name(each))] if isinstance(value, list) else []

    def parts(self, *names: str) -> Iterator[Reading]:
        """The objects of a list; what nobody takes of them is named with this object's rest."""
        for number, each in enumerate(self.list(*names)):
            part = Reading(each, f"{self._place}.{names[0]}[{number}]")
            self._parts.append((names[0], part))
            yield part

    def time(self, *names: str) -> datetime | None:
        value = self.take(*names)
        if isinstance(value, dict):  # some give it in several ways
            value = value.get("iso", value.get("string", value.get("date")))
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) > 8:
            value = int(value)
        try:
            if isinstance(value, datetime):
                moment = value
            elif isinstance(value, int | float) and not isinstance(value, bool):
                moment = datetime.fromtimestamp(value / 1000 if value > 10**11 else value, UTC)
            else:
                moment = datetime.fromisoformat(str(value).replace(" UTC", "+00:00").strip())
        except (ValueError, OverflowError, OSError):
            if value is not None:
                raise SiteFileError(
                    f"{self._place}.{names[0]}: {str(value)[:40]!r} is no time; write ISO 8601"
                ) from None
            return None
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)

    def must(self, *names: str) -> datetime:
        moment = self.time(*names)
        if moment is None:
            raise SiteFileError(f"{self._place}.{names[0]}: is missing; an incident needs a start")
        return moment

    def ignore(self, *names: str) -> None:
        """What has no meaning outside of that page."""
        self._taken.update(names)

    def rest(self) -> Iterator[str]:
        for name, value in self._value.items():
            if name not in self._taken and value not in (None, "", [], {}):
                yield name
        for name, part in self._parts:
            yield from (f"{name}.{each}" for each in part.rest())


def identity(row: Reading, title: str, began: datetime) -> str:
    """What the page calls it; without a word for it, what it was and since when: two are never one."""
    return row.text("id") or f"{began.isoformat()} {title}"


def list_of(document: Any, member: str) -> list[Any]:
    """The list that a document is, or has as a member; none where it has no such member. Raises SiteFileError."""
    rows = document.get(member, []) if member and isinstance(document, dict) else document
    if not isinstance(rows, list):
        raise SiteFileError(
            f"{member or 'the file'}: is no list of incidents; export the page again"
        )
    return rows


def _name(value: Any) -> str:
    if isinstance(value, dict):
        value = next(
            (
                value[key]
                for key in ("name", "title", "service_name", "id")
                if value.get(key) not in (None, "")
            ),
            None,
        )
    return (
        str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
    )
