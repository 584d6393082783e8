"""Which public posts a reader wants, and when: a value, from a form, as JSON of a sign-up, to and from an endpoint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Self
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from incidents.vocabulary import Kind, Level
from notifications.models import Endpoint
from notifications.vocabulary.delivery_states import Cadence

# One field of a form holds no more than that.
LONGEST = 60


@dataclass(frozen=True, slots=True)
class PostChoices:
    """`kinds`: none for all. `least_level`: that or a graver one, empty for all. `paused_until`: a day in
    `time_zone`, whose beginning ends the pause, as `2026-12-24` or as it was typed; empty for no pause."""

    kinds: tuple[str, ...] = ()
    least_level: str = ""
    cadence: str = Cadence.EVERY.value
    paused_until: str = ""
    language: str = "en"
    time_zone: str = "UTC"

    @classmethod
    def of(cls, data: QueryDict, *, language: str) -> Self:
        """From a posted form, as it was typed; `language`: where none is chosen."""
        return cls(
            kinds=tuple(dict.fromkeys(each[:LONGEST] for each in data.getlist("kind"))),
            least_level=data.get("least_level", "")[:LONGEST],
            cadence=data.get("cadence", Cadence.EVERY.value)[:LONGEST],
            paused_until=data.get("paused_until", "").strip()[:LONGEST],
            language=data.get("language", language)[:LONGEST],
            time_zone=data.get("time_zone", "UTC").strip()[:LONGEST],
        )

    @classmethod
    def of_endpoint(cls, endpoint: Endpoint) -> Self:
        return cls(
            kinds=tuple(endpoint.post_kinds),
            least_level=endpoint.post_least_level,
            cadence=endpoint.post_cadence,
            paused_until=_day(endpoint.posts_paused_until, endpoint.time_zone),
            language=endpoint.language,
            time_zone=endpoint.time_zone,
        )

    @classmethod
    def of_json(cls, kept: Mapping[str, Any], *, language: str, time_zone: str) -> Self:
        return cls(
            kinds=tuple(kept.get("kinds", ())),
            least_level=kept.get("least_level", ""),
            cadence=kept.get("cadence", Cadence.EVERY.value),
            paused_until=kept.get("paused_until", ""),
            language=language,
            time_zone=time_zone,
        )

    def as_json(self) -> dict[str, Any]:
        """Language and zone have columns of their own."""
        return {
            "kinds": list(self.kinds),
            "least_level": self.least_level,
            "cadence": self.cadence,
            "paused_until": self.paused_until,
        }

    @property
    def is_plain(self) -> bool:
        """Whether nothing but language and zone is chosen."""
        return self.as_json() == PostChoices().as_json()

    def problems(self, *, now: datetime) -> dict[str, str]:
        """What cannot be, by field, in words for whoever chose it."""
        found = {}
        if unknown := [each for each in self.kinds if each not in list(Kind)]:
            found["kinds"] = _("%(value)s is no kind of post; untick it.") % {"value": unknown[0]}
        if self.least_level not in ("", *Level):
            found["least_level"] = _("%(value)s is no level; choose one of the list.") % {
                "value": self.least_level
            }
        if self.cadence not in list(Cadence):
            found["cadence"] = _("%(value)s is not offered; choose one of the three.") % {
                "value": self.cadence
            }
        if self.language not in dict(settings.LANGUAGES):
            found["language"] = _("%(value)s is no language of these pages; choose one of the list.") % {
                "value": self.language
            }  # fmt: skip
        if self.time_zone not in available_timezones():
            found["time_zone"] = _("%(value)s is no time zone; choose one as Europe/Berlin.") % {
                "value": self.time_zone or "–"
            }
        if self.paused_until:
            until = self._paused_until()
            if until is None or ("time_zone" not in found and until <= now):
                found["paused_until"] = _(
                    "%(value)s is no day to come; choose a later one, or leave it empty."
                ) % {"value": self.paused_until}
        return found

    def apply(self, endpoint: Endpoint) -> None:
        """To an endpoint, which the caller saves. A pause that cannot be read is none."""
        endpoint.post_kinds = list(self.kinds)
        endpoint.post_least_level = self.least_level
        endpoint.post_cadence = self.cadence
        endpoint.language, endpoint.time_zone = self.language, self.time_zone
        endpoint.posts_paused_until = self._paused_until() if self.paused_until else None

    def in_words(self) -> list[str]:
        """What differs from every post at once, a sentence each."""
        said = []
        if self.kinds:
            names = ", ".join(str(KINDS[each]) for each in self.kinds if each in KINDS)
            said.append(_("Only: %(kinds)s.") % {"kinds": names})
        if self.least_level in LEAST_LEVELS and self.least_level:
            said.append(_("Level: %(level)s.") % {"level": LEAST_LEVELS[self.least_level]})
        if self.cadence in CADENCES and self.cadence != Cadence.EVERY:
            said.append(f"{CADENCES[self.cadence]}.")
        if self.paused_until:
            said.append(_("Nothing before %(day)s.") % {"day": self.paused_until})
        return said

    def _paused_until(self) -> datetime | None:
        try:
            day = date.fromisoformat(self.paused_until)
            zone = ZoneInfo(self.time_zone)
        except (ValueError, KeyError, OSError):
            return None
        return datetime.combine(day, time(), zone)


KINDS = {
    Kind.SERVICE_ISSUE.value: gettext_lazy("Service issues"),
    Kind.PLANNED_MAINTENANCE.value: gettext_lazy("Planned maintenance"),
    Kind.HEALTH_ADVISORY.value: gettext_lazy("Health advisories"),
    Kind.SECURITY_ADVISORY.value: gettext_lazy("Security advisories"),
}
LEAST_LEVELS = {
    "": gettext_lazy("Every level"),
    Level.WARNING.value: gettext_lazy("Warnings and errors"),
    Level.ERROR.value: gettext_lazy("Errors only"),
}
CADENCES = {
    Cadence.EVERY.value: gettext_lazy("Every update, at once"),
    Cadence.ENDS.value: gettext_lazy("The beginning and the end only"),
    Cadence.DAILY.value: gettext_lazy("One summary a day, at 08:00"),
}


def _day(at: datetime | None, zone: str) -> str:
    if at is None:
        return ""
    try:
        return at.astimezone(ZoneInfo(zone)).date().isoformat()
    except (KeyError, OSError, ValueError):
        return at.date().isoformat()
