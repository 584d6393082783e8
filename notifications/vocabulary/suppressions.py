"""Why nothing is sent to an address any more: kept in English, read in the language of whoever reads it. Pure.

The answers of others stand as they were given, in whatever language.
"""

from __future__ import annotations

import re

from django.utils.translation import gettext, gettext_noop

UNKNOWN = gettext_noop("the address does not exist")
REFUSED = gettext_noop("refused on %(times)s of %(days)s days: %(answer)s")
GONE = gettext_noop("answered %(status)s: gone for good")


def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"%\((\w+)\)s", template)
    names = (f"(?P<{part}>.*)" if n % 2 else re.escape(part) for n, part in enumerate(parts))
    return re.compile("".join(names))


_KNOWN = {template: _pattern(template) for template in (UNKNOWN, REFUSED, GONE)}


def in_words(because: str) -> str:
    """In the language that is active."""
    for template, pattern in _KNOWN.items():
        if found := pattern.fullmatch(because):
            values = found.groupdict()
            if "answer" in values:
                values["answer"] = in_words(values["answer"])
            return gettext(template) % values
    return because
