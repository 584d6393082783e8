"""As of when a page is true: what alone changes on it while nothing happens.

Written so that it can be found again in the bytes: whatever an operator writes is escaped, and so holds no tag.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache

from django.utils.html import format_html
from django.utils.safestring import SafeString

from incidents.texts.timestamps import seconds
from statuspage import languages
from statuspage.public.render import times

_FORMS: Mapping[str, Callable[[datetime], str]] = {"clock": times.clock, "full": times.full}
_SHOWN = re.compile(rb'<time data-as-of="(clock|full)"[^>]*>[^<]*</time>')
_READ_BY_SCRIPTS = re.compile(
    rb'(<p class="asof">\s*<span data-age=|<p class="stale" role="alert" data-old=)"[^"]*"'
)


def stamp(as_of: datetime, form: str = "full") -> SafeString:
    """A `<time>` element, as `times.clock` or `times.full` writes it in the current language."""
    return _stamp(as_of, form, languages.current())


@lru_cache(maxsize=32)
def _stamp(as_of: datetime, form: str, _language: str) -> SafeString:
    """The same several times on every page of a language."""
    return format_html(
        '<time data-as-of="{}" datetime="{}">{}</time>', form, seconds(as_of), _FORMS[form](as_of)
    )


def restamped(page: bytes, as_of: datetime) -> bytes:
    """The page as it would be rendered at `as_of` (UTC) if nothing had changed, in the current language."""
    stamps = _stamps(as_of)
    page = _SHOWN.sub(lambda found: stamps[found[1]], page)
    return _READ_BY_SCRIPTS.sub(rb'\1"%b"' % as_of.isoformat().encode(), page)


def _stamps(as_of: datetime) -> dict[bytes, bytes]:
    """By form."""
    return {form.encode(): stamp(as_of, form).encode() for form in _FORMS}
