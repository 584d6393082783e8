"""The form of a review version: filled from the latest one, read back as a draft."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, TypeVar

from django import forms
from django.forms.boundfield import BoundField
from django.http import QueryDict

from incidents.importers.history_text.structure.headings import match_heading
from incidents.models import Review
from incidents.services.errors import EntryError
from incidents.services.reviews.review import Draft, Repair, Section
from incidents.services.statements import checked_text
from incidents.vocabulary import ReviewKind
from incidents.wording import REVIEW_HEADINGS
from statuspage.desk.form.fields import DeskForm, send_at_field
from statuspage.desk.review.lines import (
    LinesError,
    repair_lines,
    repairs_of,
    timeline_lines,
    timeline_of,
)

T = TypeVar("T")
MOST_SECTIONS = 99
MOST_HEADING = 200
MOST_TEXT = 100_000
NUMBERED = re.compile(r"(?:heading|text)_([1-9][0-9]?)")


class ReviewForm(DeskForm):
    """Sections are `heading_1` with `text_1` and so on; there is always an empty one to write into."""

    kind = forms.ChoiceField(choices=ReviewKind.choices(), label="This version is")
    timeline = forms.CharField(
        required=False,
        strip=False,
        widget=forms.Textarea({"rows": 8}),
        help_text="One moment a line, UTC: 2026-01-10 09:00 The first customer report came in.",
    )
    repairs = forms.CharField(
        required=False,
        strip=False,
        label="Repair items",
        widget=forms.Textarea({"rows": 6}),
        help_text=(
            "One a line: text | owner | done, in progress or planned | 2026-03."
            " What stands behind the text may be left out."
        ),
    )
    video = forms.CharField(
        required=False,
        max_length=500,
        label="Video of the retrospective",
        widget=forms.TextInput({"inputmode": "url", "placeholder": "https://"}),
    )
    survey = forms.CharField(
        required=False,
        max_length=500,
        label="Survey",
        help_text="Where readers say whether this review helped them.",
        widget=forms.TextInput({"inputmode": "url", "placeholder": "https://"}),
    )

    send_at = send_at_field()

    def __init__(self, data: QueryDict | None = None, *, now: datetime, **options: Any) -> None:
        self.now = now
        given = data if data is not None else options.get("initial") or {}
        self.count = _count(given)
        super().__init__(data, now=now, **options)
        for number in range(1, self.count + 1):
            self.fields[f"heading_{number}"] = forms.CharField(
                required=False, max_length=MOST_HEADING, label=f"Heading {number}"
            )
            self.fields[f"text_{number}"] = forms.CharField(
                required=False, label=f"Text {number}", widget=forms.Textarea({"rows": 7})
            )

    @property
    def sections(self) -> Iterator[tuple[int, BoundField, BoundField]]:
        for number in range(1, self.count + 1):
            yield number, self[f"heading_{number}"], self[f"text_{number}"]

    def clean_timeline(self) -> list[tuple[datetime, str]]:
        return self._lines(lambda text: timeline_of(text, self.now), "timeline")

    def clean_repairs(self) -> list[Repair]:
        return self._lines(repairs_of, "repairs")

    def clean(self) -> dict[str, Any]:
        value = super().clean() or {}
        texts = [f"text_{number}" for number in range(1, self.count + 1)]
        for name in texts:
            heading = name.replace("text", "heading")
            self._check_text(name, value.get(name, ""))
            if value.get(name) and not value.get(heading) and heading not in self.errors:
                self.add_error(heading, "There is a text below it; write a heading.")
        if not any(value.get(name) for name in texts) and not any(n in self.errors for n in texts):
            self.add_error("text_1", "All sections are empty; say at least what happened.")
        return value

    def draft(self) -> Draft:
        """What `publish_review` takes, from a valid form."""
        value = self.cleaned_data
        sections = [
            Section(kind_of(value[f"heading_{n}"]), value[f"heading_{n}"], value[f"text_{n}"])
            for n in range(1, self.count + 1)
            if value[f"text_{n}"]
        ]
        return Draft(
            kind=value["kind"],
            sections=sections,
            timeline=value["timeline"],
            repairs=value["repairs"],
            video=value["video"],
            survey=value["survey"],
        )

    def _lines(self, read: Callable[[str], list[T]], name: str) -> list[T]:
        try:
            return read(self.cleaned_data[name])
        except LinesError as error:
            raise forms.ValidationError(error.faults) from error

    def _check_text(self, name: str, text: str) -> None:
        try:
            checked_text(name, text, MOST_TEXT)
        except EntryError as error:
            self.add_error(name, f"It {error.message}")


def _count(given: Mapping[str, object]) -> int:
    """Sections to show: all that are given, and one more than are filled."""
    numbers = [(int(found[1]), name) for name in given if (found := NUMBERED.fullmatch(name))]
    highest = max((number for number, _ in numbers), default=0)
    filled = max((number for number, name in numbers if given.get(name)), default=0)
    return min(max(highest, filled + 1, len(REVIEW_HEADINGS) + 1), MOST_SECTIONS)


def kind_of(heading: str) -> str:
    """The kind of section a heading opens, as the reader of history texts knows it."""
    found = match_heading(heading)
    return found.kind if found else "findings"


def review_as_draft(review: Review) -> Draft:
    """A published version as it was written."""
    return Draft(
        kind=review.kind,
        sections=[
            Section(each.kind, each.heading, each.text)
            for each in review.sections.order_by("position")
        ],
        timeline=[(row.at, row.text) for row in review.timeline.order_by("position")],
        repairs=[
            Repair(each.text, each.owner, each.state, each.due)
            for each in review.repair_items.order_by("position")
        ],
        video=review.video,
        survey=review.survey,
    )


def initial_of(latest: Draft | None, *, public: bool) -> dict[str, Any]:
    """A first version starts from the usual headings, a further one from the latest version.

    Public reviews come in two steps; one for the affected alone is final as a rule.
    """
    if latest is None:
        return {"kind": ReviewKind.PRELIMINARY if public else ReviewKind.FINAL} | {
            f"heading_{number}": heading for number, heading in enumerate(REVIEW_HEADINGS, start=1)
        }
    initial: dict[str, Any] = {
        "kind": ReviewKind.FINAL,
        "timeline": timeline_lines(latest.timeline),
        "repairs": repair_lines(latest.repairs),
        "video": latest.video,
        "survey": latest.survey,
    }
    missing = [
        h for h in REVIEW_HEADINGS if h not in [section.heading for section in latest.sections]
    ]
    rows = [(section.heading, section.text) for section in latest.sections]
    rows += [(heading, "") for heading in missing] + [("", "")]
    for number, (heading, text) in enumerate(rows, start=1):
        initial |= {f"heading_{number}": heading, f"text_{number}": text}
    return initial


def same(one: Draft, other: Draft) -> bool:
    """Whether two versions say the same; line ends and surrounding blanks aside."""
    return _bare(one) == _bare(other)


def _bare(draft: Draft) -> tuple[object, ...]:
    return (
        draft.kind,
        [(s.heading.strip(), s.text.replace("\r\n", "\n").strip()) for s in draft.sections],
        sorted(
            (at.replace(second=0, microsecond=0), " ".join(t.split())) for at, t in draft.timeline
        ),
        [(" ".join(r.text.split()), r.owner, r.state, r.due) for r in draft.repairs],
        draft.video.strip(),
        draft.survey.strip(),
    )
