"""Identifiers and codes as people type, paste and dictate them. Pure."""

from __future__ import annotations

import re
import unicodedata

# What word processors, browsers and keyboards make of a hyphen; and what nobody sees.
_HYPHENS = re.compile("[\u2010-\u2015\u2212\ufe58\ufe63\uff0d]")
_UNSEEN = re.compile("[\x00\u00ad\u200b-\u200f\u2060\ufeff]")
_WITHOUT_HYPHEN = re.compile(r"([A-Z0-9_]{4})([A-Z0-9_]{3})")


def plain(text: str) -> str:
    """With hyphens of the keyboard, without what cannot be seen and blanks around it."""
    return _HYPHENS.sub("-", _UNSEEN.sub("", text)).strip()


def digits(text: str) -> str:
    """The code that a text means, in ASCII: `1234-5678`, `１２３４ ５６７８` and `١٢٣٤٥٦٧٨` are 12345678."""
    return "".join(str(unicodedata.decimal(each)) for each in text if each.isdecimal())


def tracking_id(text: str) -> str:
    """The tracking ID that a text means: `6qkd–2xm`, ` 6QKD 2XM ` and `6QKD2XM` are 6QKD-2XM.

    What is none comes back plain and in capitals.
    """
    capitals = plain(text).upper()
    parted = _WITHOUT_HYPHEN.fullmatch(capitals.replace(" ", ""))
    return f"{parted[1]}-{parted[2]}" if parted else capitals
