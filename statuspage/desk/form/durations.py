"""Spans of time in words. Pure."""

from __future__ import annotations

from datetime import timedelta

STEPS = ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def in_words(span: timedelta | None) -> str:
    """`12 s`, `4 min 10 s`, `3 h 5 min`; a negative span ends with "before", none is a dash."""
    if span is None:
        return "–"
    seconds = round(abs(span.total_seconds()))
    parts: list[str] = []
    for size, unit in STEPS:
        number, seconds = divmod(seconds, size)
        if number or parts:
            parts.append(f"{number} {unit}" if number else "")
        if len(parts) == 2:
            break
    words = " ".join(filter(None, parts)) or "0 s"
    return f"{words} before" if span < timedelta(seconds=-0.5) else words
