"""What all public pages share: the frame around them, and the one call that renders a template."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.translation import get_language, get_language_bidi, override

LANGUAGE = "en"


@dataclass(frozen=True, slots=True)
class Frame:
    """The facts every page states: `as_of` (UTC) is when the database was read."""

    as_of: datetime
    revision: int


def render(
    template: str, frame: Frame, path: str, context: Mapping[str, Any], *, language: str = LANGUAGE
) -> bytes:
    """One page as UTF-8. `path` is its canonical URL path; the context adds to the frame's."""
    with override(language):
        return render_to_string(template, {**_shared(frame, path), **context}).encode()


def fragment(template: str, context: Mapping[str, Any], *, language: str = LANGUAGE) -> bytes:
    """A part of a page as UTF-8, without the frame."""
    with override(language):
        return render_to_string(template, dict(context)).encode()


def _shared(frame: Frame, path: str) -> dict[str, Any]:
    base = str(settings.BASE_URL).rstrip("/")
    return {
        "site_name": settings.SITE_NAME,
        "base_url": base,
        "canonical": f"{base}{path}",
        "path": path,
        "language": get_language() or LANGUAGE,
        "direction": "rtl" if get_language_bidi() else "ltr",
        "as_of": frame.as_of,
        "revision": frame.revision,
        "section": "history" if path.startswith("/status/history/") else "status",
    }
