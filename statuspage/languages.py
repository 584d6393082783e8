"""The language of a public address: English without a prefix, the others below `/de/`, `/fr/`, …

A prefix instead of a header or a cookie: one address has one content, so that every cache may keep it.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings
from django.utils.translation import get_language

DEFAULT = "en"


def names() -> dict[str, str]:
    """Code -> the language's own name, in the order of the setting; the default one first."""
    known = dict(settings.LANGUAGES)
    return {DEFAULT: known.get(DEFAULT, "English"), **known}


def others() -> tuple[str, ...]:
    """The codes that have a prefix."""
    return tuple(code for code in names() if code != DEFAULT)


def current() -> str:
    """The language being written in."""
    return get_language() or DEFAULT


def direction(code: str | None = None) -> str:
    """How a language is written (the current one by default): `ltr` or `rtl`."""
    bidi = (code or current()).partition("-")[0] in settings.LANGUAGES_BIDI
    return "rtl" if bidi else "ltr"


def root(code: str | None = None) -> str:
    """What stands before every public path in a language (the current one by default): `` or `/de`."""
    code = code or current()
    return "" if code == DEFAULT else f"/{code}"


def folder(code: str | None = None) -> str:
    """What stands before names that are no paths, such as `404`: `` or `de/`."""
    code = code or current()
    return "" if code == DEFAULT else f"{code}/"


def split(path: str, codes: Iterable[str] | None = None) -> tuple[str, str]:
    """(language, path without its prefix): `/de/status/` is `/status/` in `de`."""
    for code in others() if codes is None else codes:
        if path == f"/{code}" or path.startswith(f"/{code}/"):
            return code, path.removeprefix(f"/{code}") or "/"
    return DEFAULT, path
