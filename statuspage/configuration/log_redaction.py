"""Log lines without secrets: whatever writes them, tracebacks included. Pure.

A signed link, a token, a password in an address: whoever reads a log could act with them.
"""

from __future__ import annotations

import logging
import re

RULES = (
    # What comes after these paths carries keys.
    (
        re.compile(r"(/(?:[a-z]{2}/)?(?:subscribe|feedback|service-health|hooks)/)[^\s\"'<>?]+"),
        r"\1…",
    ),
    (re.compile(r"(/[^\s?\"']*)\?[^\s\"']+"), r"\1?…"),
    # Signed values of Django: content, perhaps a time, signature.
    (re.compile(r"[\w-]{8,}:(?:[\w-]{4,8}:)?[\w-]{27,}"), "…"),
    (re.compile(r"\b(whsec_|desk_|tenant_|sealed:|Bearer |Basic )[\w+/=.-]{8,}"), r"\1…"),
    (re.compile(r"(://[^/\s:@]*:)[^/\s@]+@"), r"\1…@"),
    # The path of a chat room's or a webhook's address.
    (re.compile(r"(https?://[^/\s\"']+/)[^\s\"'<>]{12,}"), r"\1…"),
)


def redact(text: str) -> str:
    for pattern, replacement in RULES:
        text = pattern.sub(replacement, text)
    return text


class RedactingFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))
