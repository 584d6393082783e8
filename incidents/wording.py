"""Sentences written from facts alone: what was hit, since when, how grave, and what stage it is in.

Used where no person has written a text. Nothing of a targeted text or title can get in, because none is a
fact. Each knows kind, stage and tense, and is written in the language that is active. No database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.dateformat import format as date_format
from django.utils.translation import (
    get_language,
    get_language_bidi,
    gettext,
    gettext_noop,
    ngettext,
    override,
)

from incidents.cells import CellGroup
from incidents.vocabulary import Audience, Kind, Level, Stage

WRITTEN_IN = "en"  # what is stored; other languages are written from the facts beside it
ENDED = frozenset({"mitigated", "resolved", "complete", "cancelled"})
MAINTENANCE = "planned-maintenance"
ADVISORIES = frozenset({"health-advisory", "security-advisory"})
MOST_GROUPS = 6
_DAYS = {"de": "j. F Y", "es": r"j \d\e F \d\e Y", "ja": "Y年n月j日"}


@dataclass(frozen=True, slots=True)
class WordingFacts:
    """What a sentence or two are written from; kept with the statement.

    `about` is a key of WRITERS. `hit`: the cells it speaks of; `rest`: those that are still hit. `begun`: of a
    maintenance. `times` (UTC): since, until, at (the moment of writing), start and end of a plan, and those of
    a correction (began, ended, and each with `_before`). `other`: a tracking ID that may be named. `quote`: a
    person's words, said again.
    """

    about: str
    kind: str = Kind.SERVICE_ISSUE
    level: str = Level.ERROR
    stage: str = Stage.INVESTIGATING
    hit: tuple[CellGroup, ...] = ()
    rest: tuple[CellGroup, ...] = ()
    times: Mapping[str, datetime] = field(default_factory=dict)
    begun: bool = False
    audience: str = ""
    other: str = ""
    quote: str = ""

    def as_json(self) -> dict[str, Any]:
        names = ("about", "kind", "level", "stage", "begun", "audience", "other", "quote")
        value: dict[str, Any] = {name: getattr(self, name) for name in names if getattr(self, name)}
        value |= {
            name: [group.as_json() for group in getattr(self, name)] for name in ("hit", "rest")
        }
        return value | {"times": {name: at.isoformat() for name, at in self.times.items()}}

    @classmethod
    def of_json(cls, value: Mapping[str, Any]) -> WordingFacts:
        groups = {name: tuple(map(CellGroup.of_json, value[name])) for name in ("hit", "rest")}
        times = {name: datetime.fromisoformat(at) for name, at in value["times"].items()}
        return cls(**{**value, **groups, "times": times})


def written(facts: Iterable[WordingFacts], language: str = WRITTEN_IN) -> str:
    """What these facts say, in a language of the product; a quotation is a paragraph of its own."""
    paragraphs: list[str] = []
    may_go_on = False
    with override(language):
        for one in facts:
            if not (text := sentence(one)):
                continue
            if may_go_on and not one.quote:
                paragraphs[-1] = joined(paragraphs[-1], text)
            else:
                paragraphs.append(text)
            may_go_on = not one.quote
    return "\n\n".join(paragraphs)


def sentence(facts: WordingFacts) -> str:
    """In the active language."""
    return WRITERS[facts.about](facts)


def joined(*sentences: str) -> str:
    """One after the other, as the language does it: with a space, or (in Japanese) without."""
    return ("" if get_language() == "ja" else " ").join(filter(None, sentences))


def listed(names: Sequence[str], most: int = 5) -> str:
    """`A, B and C`; beyond `most` names, the rest is counted."""
    unique = list(dict.fromkeys(names))
    if len(unique) < 2:
        return "".join(unique)
    comma = gettext("%(one)s, %(other)s")
    more = len(unique) - most
    shown = unique[:most] if more > 0 else unique[:-1]
    text = shown[0]
    for name in shown[1:]:
        text = comma % {"one": text, "other": name}
    if more > 0:
        template = ngettext("%(names)s and %(n)d more", "%(names)s and %(n)d more", more)
        return template % {"names": text, "n": more}
    return gettext("%(one)s and %(other)s") % {"one": text, "other": unique[-1]}


def isolated(text: str) -> str:
    """A name inside a sentence. In a language written from right to left it keeps its own direction (FSI … PDI,
    UAX 9), or the names of a list would change places with each other."""
    return f"\u2068{text}\u2069" if get_language_bidi() else text


def place(group: CellGroup) -> str:
    """`West Europe and North Europe`, `all of Europe (20 regions)`."""
    whole = [
        gettext("all of %(name)s (%(n)d regions)") % {"name": isolated(geography), "n": count}
        for geography, count in group.whole
    ]
    return listed([*whole, *map(isolated, group.regions)])


def named(group: CellGroup) -> str:
    """`Storage and Key Vault in West Europe`: services and places of one group."""
    facts = {"services": listed([*map(isolated, group.services)]), "regions": place(group)}
    if not (group.whole or group.regions):
        return gettext("%(services)s worldwide") % facts
    if group.worldwide:
        return gettext("%(services)s worldwide and in %(regions)s") % facts
    return gettext("%(services)s in %(regions)s") % facts


def cells(groups: Sequence[CellGroup], most: int = MOST_GROUPS) -> str:
    """Every group, so that no pair is named that is not hit; beyond `most`, the rest is counted in cells."""
    text = gettext("; ").join(named(group) for group in groups[:most])
    if more := sum(group.cells for group in groups[most:]):
        text += gettext("; ") + ngettext(
            "%(n)d more combination of service and region",
            "%(n)d more combinations of service and region",
            more,
        ) % {"n": more}  # fmt: skip
    return text


def clock(at: datetime) -> str:
    """`09:00 UTC on 7 February 2024`; `at` is UTC."""
    return gettext("%(time)s UTC on %(day)s") % {"time": f"{at:%H:%M}", "day": day(at)}


def day(at: datetime) -> str:
    """`7 February 2024` as the language writes it, of the day in `at`'s own zone."""
    return date_format(at, _DAYS.get(get_language() or "", "j F Y"))


def span(start: datetime, end: datetime | None) -> str:
    """`from 02:00 UTC to 04:00 UTC on 2 March 2026`, `from 23:00 UTC on … to 01:00 UTC on …`."""
    if end is None:
        return gettext("from %(start)s on") % {"start": clock(start)}
    if start.date() == end.date():
        return gettext("from %(start)s UTC to %(end)s UTC on %(day)s") % {
            "start": f"{start:%H:%M}",
            "end": f"{end:%H:%M}",
            "day": day(start),
        }
    return gettext("from %(start)s to %(end)s") % {"start": clock(start), "end": clock(end)}


def effect(services: int, level: str) -> str:
    """What has become of so many services: `is degraded`, `are failing or unavailable`."""
    if level == Level.ERROR:
        return ngettext("is failing or unavailable", "are failing or unavailable", services)
    if level == Level.WARNING:
        return ngettext("is degraded", "are degraded", services)
    return ngettext(
        "is limited in its management operations or slower than usual",
        "are limited in their management operations or slower than usual",
        services,
    )


def _what(facts: WordingFacts) -> tuple[int, dict[str, str]]:
    """How many services, and the parts of a sentence about the cells: its subject, and a list behind it.

    One group is the subject itself; of several the subject is only that there are several.
    """
    groups = facts.hit
    filled = {name: clock(at) for name, at in facts.times.items()}
    if len(groups) == 1:
        return len(groups[0].services), filled | {"what": named(groups[0]), "list": ""}
    if not groups:
        return 2, filled | {"what": gettext("our services"), "list": ""}
    tail = gettext(": %(cells)s") % {"cells": cells(groups)}
    return 2, filled | {"what": gettext("several services"), "list": tail}


def _filled(template: str, parts: Mapping[str, str]) -> str:
    text = template % parts
    return text[:1].upper() + text[1:]


def _advisory(facts: WordingFacts) -> str:
    if facts.kind == Kind.SECURITY_ADVISORY:
        return gettext("this security advisory")
    return gettext("this health advisory")


def _opening(facts: WordingFacts) -> str:
    """What it is, in a stage: a first statement, or one for readers who have heard nothing yet."""
    if facts.kind == MAINTENANCE:
        return _maintenance(facts)
    if facts.kind in ADVISORIES:
        return _of_advisory(facts)
    return joined(_impact(facts), _working_on_it(facts))


def _impact(facts: WordingFacts) -> str:
    """Since when which services fail, or between when and when they did."""
    services, parts = _what(facts)
    if "until" in facts.times:
        was = {
            "error": ngettext(
                "Between %(since)s and %(until)s, %(what)s was failing or unavailable for some "
                "or all customers%(list)s.",
                "Between %(since)s and %(until)s, %(what)s were failing or unavailable for some "
                "or all customers%(list)s.",
                services,
            ),
            "warning": ngettext(
                "Between %(since)s and %(until)s, %(what)s was degraded for some or all customers%(list)s.",
                "Between %(since)s and %(until)s, %(what)s were degraded for some or all customers%(list)s.",
                services,
            ),
            "informational": ngettext(
                "Between %(since)s and %(until)s, %(what)s was limited in its management "
                "operations or slower than usual for some or all customers%(list)s.",
                "Between %(since)s and %(until)s, %(what)s were limited in their management "
                "operations or slower than usual for some or all customers%(list)s.",
                services,
            ),
        }
        return _filled(was[facts.level], parts)
    now = {
        "error": ngettext(
            "Since %(since)s, %(what)s is failing or unavailable for some or all customers%(list)s.",
            "Since %(since)s, %(what)s are failing or unavailable for some or all customers%(list)s.",
            services,
        ),
        "warning": ngettext(
            "Since %(since)s, %(what)s is degraded for some or all customers%(list)s.",
            "Since %(since)s, %(what)s are degraded for some or all customers%(list)s.",
            services,
        ),
        "informational": ngettext(
            "Since %(since)s, %(what)s is limited in its management operations or slower "
            "than usual for some or all customers%(list)s.",
            "Since %(since)s, %(what)s are limited in their management operations or slower "
            "than usual for some or all customers%(list)s.",
            services,
        ),
    }
    return _filled(now[facts.level], parts)


def _working_on_it(facts: WordingFacts) -> str:
    if "until" in facts.times:
        return gettext("This has ended.")
    return {
        "investigating": gettext(
            "We are investigating and will say more as soon as we know it."
        ),
        "identified": gettext("The cause has been identified."),
        "mitigating": gettext("A mitigation is under way."),
    }.get(facts.stage, "")  # fmt: skip


def _maintenance(facts: WordingFacts) -> str:
    """A maintenance as its stage and the clock have it."""
    _, parts = _what(facts)
    times = facts.times
    start = times.get("start") or times["since"]
    end, at = times.get("end"), times["at"]
    parts["span"] = span(start, end)
    if facts.stage == Stage.COMPLETE:
        template = gettext("Maintenance of %(what)s is complete as of %(at)s%(list)s.")
    elif facts.stage == Stage.CANCELLED:
        if facts.begun:
            template = gettext("Maintenance of %(what)s was broken off at %(at)s%(list)s.")
        else:
            template = gettext(
                "Maintenance of %(what)s, planned %(span)s, is cancelled and does not take place%(list)s."
            )
    elif facts.stage == Stage.IN_PROGRESS:
        if end is None:
            template = gettext("Maintenance of %(what)s is in progress since %(since)s%(list)s.")
        elif at > end:
            template = gettext(
                "Maintenance of %(what)s was planned to end at %(end)s and is still in progress%(list)s."
            )
        else:
            template = gettext(
                "Maintenance of %(what)s is in progress since %(since)s and planned to end at "
                "%(end)s%(list)s."
            )
    elif at > start:
        template = gettext(
            "Maintenance of %(what)s, planned %(span)s, has not begun yet%(list)s."
        )  # fmt: skip
    elif facts.stage == Stage.RESCHEDULED:
        template = gettext(
            "Maintenance of %(what)s is now planned for another time, %(span)s%(list)s."
        )
    else:
        template = gettext("Maintenance of %(what)s is planned %(span)s%(list)s.")
    return _filled(template, parts)


def _planned_end(facts: WordingFacts) -> str:
    """A maintenance that ends by its plan, without a person's word."""
    _, parts = _what(facts)
    template = gettext(
        "Maintenance of %(what)s is complete: its planned time ended at %(end)s%(list)s."
    )
    return _filled(template, parts)


def _of_advisory(facts: WordingFacts) -> str:
    _, parts = _what(facts)
    parts["it"] = _advisory(facts)
    since = facts.times["since"]
    if "until" in facts.times:
        template = gettext(
            "Between %(since)s and %(until)s, %(it)s concerned %(what)s%(list)s. It no longer applies."
        )
    elif since > facts.times["at"]:
        template = gettext("From %(since)s on, %(it)s concerns %(what)s%(list)s.")
    else:
        template = gettext("Since %(since)s, %(it)s concerns %(what)s%(list)s.")
    return _filled(template, parts)


def _stage(facts: WordingFacts) -> str:
    """That a stage has been reached. A maintenance says all of itself, as its stages are all there is to it."""
    if facts.kind == MAINTENANCE:
        return _maintenance(facts)
    parts = {"at": clock(facts.times["at"]), "it": ""}
    if facts.kind in ADVISORIES:
        parts["it"] = _advisory(facts)
        template = gettext("%(it)s no longer applies as of %(at)s.")
        return _filled(template, parts) if facts.stage in ENDED else ""
    if facts.stage == Stage.MITIGATED:
        return gettext("This incident is mitigated as of %(at)s.") % parts
    if facts.stage == Stage.RESOLVED:
        return gettext("This incident is resolved as of %(at)s.") % parts
    investigating = facts.stage == Stage.INVESTIGATING
    text = gettext("We are investigating.") if investigating else _working_on_it(facts)
    return joined(text, _rest(facts))


def _rest(facts: WordingFacts) -> str:
    if not facts.rest:
        return ""
    parts = {"cells": cells(facts.rest)}
    if facts.kind == MAINTENANCE:
        return gettext("Work goes on: %(cells)s.") % parts
    if facts.kind in ADVISORIES:
        return gettext("It still concerns: %(cells)s.") % parts
    return gettext("Still affected: %(cells)s.") % parts


def _recovery(facts: WordingFacts) -> str:
    _, parts = _what(facts)
    if facts.kind == MAINTENANCE:
        template = gettext("Work on %(what)s was finished at %(at)s%(list)s.")
    elif facts.kind in ADVISORIES:
        parts["it"] = _advisory(facts)
        template = gettext("As of %(at)s, %(it)s no longer applies to %(what)s%(list)s.")
    else:
        template = gettext("%(what)s recovered at %(at)s%(list)s.")
    return joined(_filled(template, parts), _rest(facts))


def _spread(facts: WordingFacts) -> str:
    services, parts = _what(facts)
    if facts.kind == MAINTENANCE:
        template = gettext("As of %(at)s, this maintenance covers %(what)s, too%(list)s.")
    elif facts.kind in ADVISORIES:
        parts["it"] = _advisory(facts)
        template = gettext("As of %(at)s, %(it)s concerns %(what)s, too%(list)s.")
    else:
        template = ngettext(
            "As of %(at)s, %(what)s is affected, too%(list)s.",
            "As of %(at)s, %(what)s are affected, too%(list)s.",
            services,
        )
    return _filled(template, parts)


def _reopened(facts: WordingFacts) -> str:
    """Impact after an end: whether it is back or new there, nobody states."""
    services, parts = _what(facts)
    if facts.kind in ADVISORIES:
        parts["it"] = _advisory(facts)
        return _filled(gettext("As of %(at)s, %(it)s concerns %(what)s%(list)s."), parts)
    template = ngettext(
        "This incident is open again: as of %(at)s, %(what)s is affected%(list)s.",
        "This incident is open again: as of %(at)s, %(what)s are affected%(list)s.",
        services,
    )
    return _filled(template, parts)


def _handover(facts: WordingFacts) -> str:
    """A first targeted text about what was posted to everybody. It says of no receiver what is not known."""
    if facts.audience == Audience.CONFIRMED:
        known = gettext(
            "Our analysis has shown which customers are affected. They are told directly from now on and"
            " get the review of this incident directly."
        )
    else:
        known = gettext(
            "Customers with subscriptions there are told directly from now on and get the review of this"
            " incident directly. Which of them are affected is an estimate until our analysis is complete."
        )
    return joined(_impact(facts), known)


def _retraction(facts: WordingFacts) -> str:
    """That there never was an impact; the same for the public and for those told directly."""
    _, parts = _what(facts)
    if facts.kind in ADVISORIES:
        template = gettext(
            "We published an advisory about %(what)s%(list)s. It was mistaken. Nothing needs to be done."
        )
    else:
        template = gettext(
            "We reported an impact on %(what)s since %(since)s%(list)s. That was a false positive: our"
            " services were not impaired. Nothing needs to be done."
        )
    return _filled(template, parts)


def _correction(facts: WordingFacts) -> str:
    """That a published time was wrong: as it was, and as stated before."""
    it = gettext("this incident")
    if facts.kind == MAINTENANCE:
        it = gettext("this maintenance")
    elif facts.kind in ADVISORIES:
        it = _advisory(facts)
    parts = {name: clock(at) for name, at in facts.times.items()} | {"it": it}
    changes = []
    if "began" in parts:
        changes.append(gettext("%(it)s began at %(began)s, not at %(began_before)s") % parts)
    if "ended" in parts:
        changes.append(gettext("%(it)s ended at %(ended)s, not at %(ended_before)s") % parts)
    return gettext("Correction: %(changes)s, as we stated before.") % {"changes": listed(changes)}


def _merged(facts: WordingFacts) -> str:
    if not facts.other:  # never public, so never named publicly
        return gettext("We continue another report of this here: the two turned out to be one.")
    return gettext("We continue %(id)s here: the two turned out to be one.") % {
        "id": isolated(facts.other)
    }


def _review(facts: WordingFacts) -> str:
    if facts.stage == "final":
        return gettext("The final review of this incident is published on this page.")
    return gettext("The preliminary review of this incident is published on this page.")


def _quoted(facts: WordingFacts) -> str:
    stated = gettext("As stated at %(at)s:") % {"at": clock(facts.times["at"])}
    return f"{stated}\n\n{facts.quote}"


def _monitored(facts: WordingFacts) -> str:
    """What a monitor's targeted alert says."""
    services, parts = _what(facts)
    parts |= {"id": facts.other, "effect": effect(services, facts.level)}
    return _filled(
        gettext(
            "Our monitoring reports that %(what)s %(effect)s since %(since)s%(list)s. This message was sent"
            " automatically (%(id)s); our engineers are looking into it and will follow up."
        ),
        parts,
    )


WRITERS: Mapping[str, Callable[[WordingFacts], str]] = {
    "opening": _opening,
    "stage": _stage,
    "planned_end": _planned_end,
    "recovery": _recovery,
    "spread": _spread,
    "reopened": _reopened,
    "handover": _handover,
    "retraction": _retraction,
    "correction": _correction,
    "merged": _merged,
    "review": _review,
    "quoted": _quoted,
    "monitored": _monitored,
}


NOTES = {
    2: gettext_noop(
        "This incident was posted publicly because affected customers could not be reached through"
        " the usual targeted alerts (scenario 2 of our communication rules). Its review goes to the"
        " affected customers directly; this entry is removed afterwards. Public reviews are kept for"
        " broad incidents (scenario 1)."
    ),
    3: gettext_noop(
        "This incident was posted publicly because it could not be told in time exactly which"
        " customers were affected (scenario 3 of our communication rules). Its review goes to the"
        " affected customers directly; this entry is removed afterwards. Public reviews are kept for"
        " broad incidents (scenario 1)."
    ),
}

BROAD_AFTER_WITHDRAWAL = (
    "The policy wants this incident public, but its entry was withdrawn: declare a new incident."
)

WITHDRAWN_AFTER_REVIEW = gettext_noop(
    "This entry was public only until the affected customers had its review; they have it now."
)

EXPIRED = gettext_noop(
    "This entry has reached the end of the time for which public entries are kept."
)

REVIEW_HEADINGS = (
    gettext_noop("What happened?"),
    gettext_noop("What went wrong and why?"),
    gettext_noop("How did we respond?"),
    gettext_noop("How are we making incidents like this less likely or less impactful?"),
    gettext_noop("How can customers make incidents like this less impactful?"),
)

STANDARD = {*NOTES.values(), WITHDRAWN_AFTER_REVIEW, EXPIRED, *REVIEW_HEADINGS}


def standard(text: str) -> str | None:
    """One of our own sentences that are kept as English text, in the active language; None for any other."""
    return gettext(text) if text in STANDARD else None
