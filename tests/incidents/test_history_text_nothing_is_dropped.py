"""Every line that goes in comes out: placed, or among the unread."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.importers.history_text import HistoryError
from tests.incidents.history_pages import SAMPLES, SHIPPED, read

_HEADINGS = [
    "What happened?",
    "What went wrong and why?",
    "How did we respond?",
    "How are we making incidents like this less likely or less impactful?",
    "What happens next?",
    "Summary of Impact:",
    "Mitigation:",
    "Next Steps:",
    "What about the word{n}?",
    "## Something else word{n}",
]
_LINES = [
    "Prose word{n} about a disk.",
    "• A bullet word{n}",
    "o A nested bullet word{n}",
    "1. A numbered word{n}",
    "• 21 January 2024 @ 01:30 UTC – Row word{n}",
    "03:10 UTC on 21 January 2024 - Row word{n}",
    "• 02:23 to 02:40 UTC – Row word{n}",
    "• We fixed word{n}. (Completed)",
    "• Our team will fix word{n}. (Estimated completion: March 2024)",
    "Note: word{n} is special",
    "Note: told on the public Status page, for word{n}",
    "Watch our Incident Retrospective video: https://example.com/word{n}",
    "Rate word{n} in our survey",
    "This is our Preliminary PIR about word{n}.",
    "Mitigated – Storage – word{n}",
    "Between 09:00 and 10:48 UTC on 07 Feb 2024, customers met word{n}.",
    "From 09:00 CST to 10:00 CST, word{n}.",
    "Skip to main content word{n}",
    "Stay informed about word{n}",
    "A short line word{n}",
    "\tword{n}\tin cells",
    "wraps into the next line, word{n}",
    "\u200b\xa0Smart “word{n}” – it’s",
    "**bold word{n}**",
]
_MARKS = ["January 2024", "21", "", "", "•"]
_PIECES = st.lists(st.sampled_from([*_HEADINGS, *_LINES, *_MARKS]), max_size=30)
_START = "What happened?\nBetween 09:00 and 10:48 UTC on 21 January 2024, errors."


def _words(text: str) -> set[str]:
    return set(re.findall(r"word\d+", text))


@settings(max_examples=300)
@given(before=_PIECES, after=_PIECES)
def test_every_line_is_placed_or_unread(before: list[str], after: list[str]) -> None:
    lines = [piece.replace("{n}", str(n)) for n, piece in enumerate([*before, _START, *after])]
    text = "\n".join(lines)
    # Entries that start alike and say the same of their impact have one derived ID: refused.
    with suppress(HistoryError):
        assert _words(text) <= _words(json.dumps(read(text), ensure_ascii=False))


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _strings(part)
    elif isinstance(value, list):
        for part in value:
            yield from _strings(part)


def _letters(text: str) -> set[str]:
    return set(re.findall(r"[^\W\d_]{2,}", text.lower()))


@pytest.mark.parametrize("path", [SHIPPED, *sorted(SAMPLES.glob("*.txt"))], ids=lambda it: it.stem)
def test_every_word_of_a_sample_page_comes_out(path: Path) -> None:
    text = path.read_text(encoding="utf-8-sig")
    shown = html.unescape(re.sub(r"<[^>]+>", " ", text))
    out = _letters("\n".join(_strings(read(text))))
    # What turns into values: times, months, how far a repair item is, the line around an address.
    values = _letters("UTC tracking id completed estimated completion eta date at on by")
    values |= _letters(
        "january february march april may june july august september october november"
    )
    values |= _letters(
        "december febrero diciembre de join one of our upcoming livestreams retrospective"
    )
    assert _letters(shown) - values <= out


@settings(max_examples=200)
@given(st.text(max_size=400))
def test_any_text_around_an_entry_is_read_or_refused(text: str) -> None:
    with suppress(HistoryError):
        assert read(f"{text}\n{_START}\n{text}")


def test_huge_adversarial_lines_are_read() -> None:
    # Long enough that a quadratic step would never end.
    size = 250_000
    for piece in (
        " ",
        "a ",
        "between ",
        "09:00 and ",
        "21 January 2024 @ 01:30 UTC – ",
        "impact services, ",
        "East US, ",
        "(((((",
        "Our team ",
        "recovered ARM ",
        "What happened ",
        "**",
        "- ",
        "including A, B and ",
        "<p ",
        "Tracking ID ",
        "\n•",
        "(Estimated completion: ",
    ):
        page = f"{_START}\nHow did we respond?\n• {piece * (size // len(piece) // 20)}\n"
        assert read(page)
    assert read(f"{_START}\n{'Storage in East US met errors. ' * (size // 31)}")
