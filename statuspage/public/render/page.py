"""What one generation of the public site consists of: pages as bytes, and parts to assemble pages from.

Pure: no Django, no database. Written by `pages`, kept on disk by `generation`, served by `serve`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

HTML = "text/html; charset=utf-8"
JSON = "application/json; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Page:
    """One answer at one URL path: the bytes, their type, the status and how long a cache may keep it (seconds)."""

    body: bytes
    content_type: str = HTML
    status: int = 200
    max_age: int = 10


@dataclass(frozen=True, slots=True)
class Site:
    """The whole public site at one revision of the public snapshot.

    `pages`: URL path (`/status/`) -> Page. `parts`: named fragments that queries are answered from
    (`history/<tracking-id>.html`, …); never served by themselves. `index`: JSON-able data for the same.
    `as_of`: UTC, when the database was read.

    With `base`, the name of a generation's folder, it says only what differs from that one: what is not named
    stays, but for `dropped` (URL paths and names of parts).
    """

    revision: int
    as_of: datetime
    pages: Mapping[str, Page]
    parts: Mapping[str, bytes] = field(default_factory=dict)
    index: Mapping[str, Any] = field(default_factory=dict)
    base: str = ""
    dropped: frozenset[str] = frozenset()
