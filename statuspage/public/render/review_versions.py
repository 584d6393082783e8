"""What changed from one published version of a review to the next, as insertions and deletions. Pure.

Sentences are compared first and words only inside those that differ: a review of ten thousand words
costs milliseconds, and a moved paragraph does not dissolve into single words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import SequenceMatcher
from functools import lru_cache

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext, override

from incidents.wording.standard_texts import standard
from statuspage import languages
from statuspage.public.render import history, times
from statuspage.public.render.table import labels
from statuspage.public.snapshot.values import ReviewView

CONTEXT = 60  # characters of unchanged text shown on either side of a change
COMPARED = 400  # words of a sentence or more that are compared one by one


@dataclass(frozen=True, slots=True)
class Change:
    """One part of a review that differs; `html` has `<ins>` and `<del>`. `ours`: its heading is a standard one."""

    heading: str
    ours: bool
    html: SafeString


@dataclass(frozen=True, slots=True)
class Version:
    """`changes`: against the version before it; none for the first one."""

    number: int
    kind: str
    at: datetime | None
    dated: bool
    first: bool
    changes: tuple[Change, ...]


def versions(review: ReviewView) -> list[Version]:
    """The published versions, newest first, each with what it changed."""
    every = (*review.earlier, review)
    return [
        Version(
            one.version,
            str(labels.BADGES.get(one.kind, one.kind)),
            one.published_at,
            one.dated,
            number == 0,
            changes(every[number - 1], one) if number else (),
        )
        for number, one in reversed(list(enumerate(every)))
    ]


def changes(before: ReviewView, after: ReviewView) -> tuple[Change, ...]:
    """The parts that differ, in the order of the newer version; dropped ones last."""
    old, new = _parts(before), _parts(after)
    found = []
    for key in {**new, **old}:
        part = new.get(key) or old[key]
        was, now = (of[key].sentences if key in of else () for of in (old, new))
        if was != now:
            html = _compared(was, now, languages.current())
            found.append(Change(part.heading, part.ours, html))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Part:
    heading: str
    ours: bool
    sentences: tuple[str, ...]


def _parts(review: ReviewView) -> dict[str, _Part]:
    """By what a part is, so that a reworded heading is still the same section."""
    parts: dict[str, _Part] = {}
    for section in review.sections:
        key = section.kind
        while key in parts:
            key += "+"
        text = history.plain(section.html)
        sentences = tuple(re.split(r"(?<=[.!?。])\s*(?=\S)", text))
        ours = standard(section.heading)
        parts[key] = _Part(ours or section.heading, ours is not None, sentences)
    timeline = tuple(f"{times.full(row.at)}: {row.text}" for row in review.timeline)
    repairs = tuple(_repair_line(item.text, item.state, item.due) for item in review.repair_items)
    parts["timeline "] = _Part(gettext("Response timeline"), True, timeline)
    parts["repairs "] = _Part(gettext("Repair items"), True, repairs)
    return {key: part for key, part in parts.items() if any(part.sentences)}


def _repair_line(text: str, state: str, due: str) -> str:
    word = labels.REPAIRS.get(state, state)
    return f"{text} ({word}, {times.month_name(due)})" if due else f"{text} ({word})"


# The same versions are drawn again with every generation.
@lru_cache(maxsize=256)
def _compared(was: tuple[str, ...], now: tuple[str, ...], language: str) -> SafeString:
    """The words of the marks are those of the current `language`, which is part of what is remembered."""
    with override(language):
        return _runs(was, now)


def _runs(was: tuple[str, ...], now: tuple[str, ...]) -> SafeString:
    runs: list[SafeString] = []
    for kind, i, j, k, m in SequenceMatcher(a=was, b=now, autojunk=False).get_opcodes():
        old, new = " ".join(was[i:j]), " ".join(now[k:m])
        if kind == "equal":
            runs.append(_unchanged(old, first=i == 0, last=j == len(was)))
        elif kind == "replace" and max(len(old.split()), len(new.split())) <= COMPARED:
            runs += _words(old.split(), new.split())
        else:
            runs += [*_removed(old), *_added(new)]
    return format_html_join(" ", "{}", ((run,) for run in runs if run))


def _words(was: Sequence[str], now: Sequence[str]) -> list[SafeString]:
    matcher = SequenceMatcher(a=was, b=now, autojunk=False)
    if matcher.ratio() < 0.4:  # another sentence altogether: readable only as a whole
        return [*_removed(" ".join(was)), *_added(" ".join(now))]
    runs: list[SafeString] = []
    for kind, i, j, k, m in matcher.get_opcodes():
        if kind == "equal":
            runs.append(format_html("{}", " ".join(was[i:j])))
        else:
            runs += [*_removed(" ".join(was[i:j])), *_added(" ".join(now[k:m]))]
    return runs


def _unchanged(text: str, *, first: bool, last: bool) -> SafeString:
    """The words next to a change; what lies further away is left out."""
    before = "" if first else text[:CONTEXT].rsplit(" ", 1)[0]
    after = "" if last else text[-CONTEXT:].partition(" ")[2]
    if len(text) <= len(before) + len(after) + CONTEXT:
        return format_html("{}", text)
    return format_html("{}", " … ".join(("", before, after, "")).strip() if before and after
                       else f"{before} …" if before else f"… {after}")  # fmt: skip


def _removed(text: str) -> list[SafeString]:
    mark = gettext("removed:")
    return [format_html('<del><span class="vh">{} </span>{}</del>', mark, text)] if text else []


def _added(text: str) -> list[SafeString]:
    mark = gettext("added:")
    return [format_html('<ins><span class="vh">{} </span>{}</ins>', mark, text)] if text else []
