r"""The review's form as one Markdown text, and back, exactly. Pure.

    ---
    kind: preliminary
    video: https://…
    survey:
    ---
    ## What happened?

    …

    ## Timeline
    <!-- timeline -->
    2026-01-10 09:00 The first customer report came in.

    ## Repair items
    <!-- repairs -->
    Alert on stale certificates | Platform team | in progress | 2026-03

A line of a text that would read as one of these has a backslash before it: `\## `.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from statuspage.desk.review.lines import LinesError

HEAD = ("kind", "video", "survey")
LINES = {"timeline": "Timeline", "repairs": "Repair items"}
OURS = re.compile(r"\\*(?:## .*|<!-- (?:timeline|repairs) -->)")
MARK = re.compile(r"<!-- (timeline|repairs) -->")
MOST = 500_000


def to_markdown(fields: Mapping[str, str]) -> str:
    """`kind`, `video`, `survey`, `timeline`, `repairs`, and `heading_1` with `text_1` and so on."""
    numbers = sorted(int(name[8:]) for name in fields if re.fullmatch(r"heading_[1-9]\d?", name))
    parts = ["---", *(f"{name}: {_line(fields.get(name, ''))}".rstrip() for name in HEAD), "---"]
    for number in numbers:
        heading, text = _line(fields[f"heading_{number}"]), fields.get(f"text_{number}", "")
        if heading or text.strip():
            parts += [f"## {heading}", "", *_escaped(text), ""]
    for name, heading in LINES.items():
        if fields.get(name, "").strip():
            parts += [f"## {heading}", f"<!-- {name} -->", *_escaped(fields[name]), ""]
    return "\n".join(parts).rstrip("\n") + "\n"


def of_markdown(text: str) -> dict[str, str]:
    """The form's fields again. Raises LinesError, naming the line and what to write instead."""
    if len(text) > MOST:
        raise LinesError([f"has {len(text):,} characters; shorten it to {MOST:,}."])
    lines = text.replace("\r\n", "\n").removeprefix("\ufeff").split("\n")
    fields, start = _head(lines)
    parts: list[tuple[str, list[str]]] = []
    for number, line in enumerate(lines[start:], start=start + 1):
        if line.startswith("## "):
            parts.append((line[3:].strip(), []))
        elif parts:
            parts[-1][1].append(line)
        elif line.strip():
            raise LinesError(
                [f"Line {number} stands before the first heading; begin with ## and one."]
            )
    sections = 0
    for heading, body in parts:
        mark = MARK.fullmatch(body[0].strip()) if body else None
        if mark:
            fields[mark[1]] = "\n".join(_plain(body[1:])).strip("\n")
            continue
        sections += 1
        fields[f"heading_{sections}"] = heading
        fields[f"text_{sections}"] = "\n".join(_plain(body)).strip("\n")
    return fields


def _head(lines: list[str]) -> tuple[dict[str, str], int]:
    """The fields above the first heading, and at which line they end."""
    if not lines or lines[0].strip() != "---":
        return {}, 0
    fields: dict[str, str] = {}
    for number, line in enumerate(lines[1:], start=2):
        if line.strip() == "---":
            return fields, number
        if not line.strip():
            continue
        name, colon, value = line.partition(":")
        if not colon or name.strip() not in HEAD:
            raise LinesError([f"Line {number} is none of {', '.join(HEAD)}; end them with ---."])
        fields[name.strip()] = value.strip()
    raise LinesError(["Line 1 begins with --- and no further line ends that; write --- behind it."])


def _escaped(text: str) -> Iterable[str]:
    lines = text.replace("\r\n", "\n").strip("\n").split("\n")
    return [f"\\{line}" if OURS.fullmatch(line) else line for line in lines]


def _plain(lines: Iterable[str]) -> list[str]:
    return [line[1:] if line[:1] == "\\" and OURS.fullmatch(line) else line for line in lines]


def _line(text: str) -> str:
    return " ".join(text.split())
